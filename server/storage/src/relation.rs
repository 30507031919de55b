//! What storage must know of a relation.

use arrow::datatypes::SchemaRef;

/// A stream.
#[derive(Debug, Clone)]
pub struct StreamSpec {
    /// Its columns.
    pub schema: SchemaRef,
    /// Number of partitions, at least 1.
    pub partitions: u32,
    /// Its watermark, when it has one.
    pub watermark: Option<WatermarkSpec>,
}

/// `WATERMARK FOR column AS column - delay`. The watermark at a position is the greatest
/// event time in the entries before it, over all partitions, less the delay. A row whose
/// event time is before it is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatermarkSpec {
    /// Index of a timestamp column (microseconds).
    pub column: usize,
    /// How far it trails the greatest event time.
    pub delay_micros: i64,
}

/// A table.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Its columns.
    pub schema: SchemaRef,
    /// Indexes of the primary key's columns, at least one.
    pub primary_key: Vec<usize>,
}
