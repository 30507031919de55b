//! Changes of a relation: rows with weights.

use arrow::array::RecordBatch;
use summit_log::Lsn;

/// A batch of changes. A row with weight +n was inserted n times, with -n deleted n times.
#[derive(Debug, Clone)]
pub struct Change {
    /// The rows.
    pub rows: RecordBatch,
    /// One weight per row, never 0; `None` when all are +1 (the append-only fast path).
    pub weights: Option<Vec<i64>>,
}

impl Change {
    /// Rows that were inserted once each.
    pub fn inserts(rows: RecordBatch) -> Self {
        Change {
            rows,
            weights: None,
        }
    }

    /// Rows with a weight each.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn weighted(rows: RecordBatch, weights: Vec<i64>) -> Self {
        assert_eq!(rows.num_rows(), weights.len(), "one weight per row");
        Change {
            rows,
            weights: Some(weights),
        }
    }

    /// Number of rows, weights not counted.
    pub fn num_rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// The weight of a row.
    pub fn weight(&self, row: usize) -> i64 {
        self.weights.as_ref().map_or(1, |weights| weights[row])
    }
}

/// A change and the entry that made it.
#[derive(Debug, Clone)]
pub struct LsnChange {
    /// The entry's position.
    pub lsn: Lsn,
    /// What it changed.
    pub change: Change,
}
