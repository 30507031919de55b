//! How the server is.

/// A moment's view of the server.
#[derive(Debug, Clone)]
pub struct Status {
    /// Whether it can serve; the reason when not.
    pub ready: Result<(), String>,
    /// The program's version.
    pub version: &'static str,
    /// The node's number.
    pub node_id: u32,
    /// The roles that the node has.
    pub roles: Vec<String>,
    /// The database's last position.
    pub committed_lsn: u64,
    /// The position that its views have reached.
    pub views_lsn: u64,
    /// Seconds since the start.
    pub uptime_seconds: f64,
    /// Open sessions.
    pub sessions: usize,
    /// Streams, tables and materialized views.
    pub relations: Vec<RelationStatus>,
}

/// What kind of relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// A stream.
    Stream,
    /// A table.
    Table,
    /// A materialized view.
    MaterializedView,
}

/// A relation.
#[derive(Debug, Clone)]
pub struct RelationStatus {
    /// Its schema's name.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: RelationKind,
    /// Rows in it now.
    pub rows: u64,
    /// Bytes of memory that it takes: the tail of a stream, contents, a view's state.
    pub memory_bytes: u64,
    /// Rows that came late (streams).
    pub late_rows: u64,
    /// Why a view stopped, when it did.
    pub failed: Option<String>,
    /// A stream's partitions.
    pub partitions: Vec<PartitionStatus>,
}

/// A partition of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionStatus {
    /// Its number.
    pub partition: u32,
    /// The first offset there is.
    pub start_offset: u64,
    /// The offset that the next row gets.
    pub end_offset: u64,
}
