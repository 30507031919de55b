//! The program's own bounds.

use std::time::Duration;

/// How long a shutdown may take before the process ends anyway: what was acknowledged is
/// durable already, so nothing is lost then.
pub const SHUTDOWN_WAIT_MAX: Duration = Duration::from_secs(20);
/// A log file's size before it becomes `summit.log.1` and a new one begins.
pub const LOG_FILE_BYTES_MAX: u64 = 64 << 20;
/// The largest message that `summit sql` takes from a server.
pub const MESSAGE_BYTES_MAX: usize = 256 << 20;
/// Rows that `summit sql` holds back to align columns.
pub const ALIGN_ROWS_MAX: usize = 10_000;
/// Bytes of values that `summit sql` holds back to align columns.
pub const ALIGN_BYTES_MAX: usize = 16 << 20;
/// Bytes of COPY data that `summit sql` sends in one message.
pub const COPY_CHUNK_BYTES: usize = 64 << 10;
/// The largest statement that `summit sql` reads from a file or a terminal.
pub const STATEMENT_BYTES_MAX: usize = 64 << 20;
/// How long to wait for a connection.
pub const CONNECT_WAIT_MAX: Duration = Duration::from_secs(10);
/// The smallest memory limit that a node can work with.
pub const MEMORY_LIMIT_BYTES_MIN: u64 = 64 << 20;
/// The largest configuration file.
pub const CONFIG_FILE_BYTES_MAX: u64 = 1 << 20;
