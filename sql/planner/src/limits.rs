//! Bounds.

/// Windows that one row may fall into with `HOP`.
pub const HOP_WINDOWS_MAX: i64 = 10_000;

/// Partitions of a stream.
pub const PARTITIONS_MAX: u32 = 1024;

/// Views that read views that read views, …: a plain view is planned into its reader.
pub const VIEW_DEPTH_MAX: usize = 32;

/// Columns of a relation, as in PostgreSQL.
pub const COLUMNS_MAX: usize = 1600;

/// Parameters of a statement, as in PostgreSQL's protocol.
pub const PARAMETERS_MAX: usize = 65_535;
