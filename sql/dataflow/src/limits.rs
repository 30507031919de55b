//! Bounds.

/// Rows of input that one call of an operator takes, unless set otherwise.
pub const CHUNK_ROWS: usize = 16_384;

/// Rows that an operator hands on at once when it makes more rows than it takes (joins,
/// unnest, aggregates).
pub const OUTPUT_ROWS: usize = 8_192;

/// Rows of a piece of a join's state. Small pieces are merged up to this.
pub const STORE_ROWS: usize = 65_536;

/// Rows of one side of a join. Rows are numbered with 32 bits.
pub const STORE_ROWS_MAX: usize = u32::MAX as usize - 1;

/// Distinct values of one group that are kept in a sorted vector; more go to a tree.
pub const SMALL_MULTISET: usize = 32;
