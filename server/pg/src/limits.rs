//! Bounds of the front end. What an operator may change is in [`crate::PgOptions`], whose
//! defaults are here.

use std::time::Duration;

/// Sessions at a time; the next one gets `53300`.
pub const SESSIONS_MAX: usize = 256;
/// Connections that are not sessions (yet): handshakes and cancel requests.
pub const HANDSHAKES_MAX: usize = 64;
/// A client must have sent its startup packet by then.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(30);
/// A startup packet, as in PostgreSQL.
pub const STARTUP_BYTES_MAX: usize = 10_000;
/// One message of a client.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// The text of one query message or one statement to prepare.
pub const STATEMENT_BYTES_MAX: usize = 16 << 20;
/// What one `COPY … FROM STDIN` may send: its rows are held until CopyDone.
pub const COPY_BYTES_MAX: usize = 1 << 30;
/// Prepared statements of a session.
pub const STATEMENTS_MAX: usize = 4096;
/// Open portals of a session.
pub const PORTALS_MAX: usize = 1024;
/// Bytes that are read ahead while a statement runs, to notice a client that went away.
pub const READ_AHEAD_BYTES: usize = 64 << 10;
/// Answers are sent when this much has gathered.
pub const SEND_BYTES: usize = 64 << 10;
/// Rows per batch that COPY decodes.
pub const COPY_BATCH_ROWS: usize = 8192;
/// Bytes that COPY decodes before it lets other tasks run.
pub const COPY_STEP_BYTES: usize = 32 << 10;
/// Rows that are encoded before other tasks may run.
pub const ENCODE_STEP_ROWS: usize = 512;
/// How long a cancelled statement may take to end when its session is to end.
pub const CANCEL_GRACE: Duration = Duration::from_secs(5);
/// How long `serve` waits for its sessions at shutdown.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
/// Nesting of arrays.
pub const ARRAY_DEPTH_MAX: usize = 6;
