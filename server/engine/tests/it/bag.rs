//! Rows without order, to compare.

use std::cmp::Ordering;
use std::fmt;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// How far two floats may be from each other, in parts of the larger one (of 1 when both are
/// smaller).
const TOLERANCE: f64 = 1e-9;

/// A value of a row.
#[derive(Clone, PartialEq)]
pub enum Value {
    Null,
    Text(String),
    Float(f64),
}

pub type Row = Vec<Value>;

/// A multiset of rows.
#[derive(Clone, Default, PartialEq)]
pub struct Bag {
    /// Sorted.
    rows: Vec<Row>,
}

impl Bag {
    pub fn new(mut rows: Vec<Row>) -> Self {
        rows.sort_by(order);
        Bag { rows }
    }

    pub fn of(batches: &[RecordBatch]) -> Self {
        Bag::new(rows_of(batches))
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// What is different, when anything is.
    pub fn difference(&self, other: &Bag) -> Option<String> {
        if self.rows.len() == other.rows.len()
            && self.rows.iter().zip(&other.rows).all(|(a, b)| same(a, b))
        {
            return None;
        }
        let mut text = format!("{} rows and {} rows", self.rows.len(), other.rows.len());
        for (sign, ours, theirs) in [("+", self, other), ("-", other, self)] {
            let only = ours
                .rows
                .iter()
                .filter(|row| !theirs.rows.iter().any(|other| same(row, other)));
            for row in only.take(8) {
                text.push_str(&format!("\n  {sign} {row:?}"));
            }
        }
        Some(text)
    }
}

impl fmt::Debug for Bag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.rows).finish()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Text(text) => f.write_str(text),
            Value::Float(float) => write!(f, "{float:?}"),
        }
    }
}

pub fn rows_of(batches: &[RecordBatch]) -> Vec<Row> {
    let options = FormatOptions::default().with_null("null");
    let mut rows = Vec::new();
    for batch in batches {
        let formatters: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).expect("a type"))
            .collect();
        for row in 0..batch.num_rows() {
            let value = |(column, formatter): (&arrow::array::ArrayRef, &ArrayFormatter<'_>)| {
                if column.is_null(row) {
                    Value::Null
                } else if column.data_type() == &DataType::Float64 {
                    Value::Float(column.as_primitive::<Float64Type>().value(row))
                } else {
                    Value::Text(formatter.value(row).to_string())
                }
            };
            rows.push(batch.columns().iter().zip(&formatters).map(value).collect());
        }
    }
    rows
}

/// Exact values first, so that floats that are almost the same do not change what is compared
/// with what.
pub fn order(a: &Row, b: &Row) -> Ordering {
    let exact = |a: &Value, b: &Value| match (a, b) {
        (Value::Float(_), Value::Float(_)) => Ordering::Equal,
        _ => compare(a, b),
    };
    let by = |compare: &dyn Fn(&Value, &Value) -> Ordering| {
        a.iter()
            .zip(b)
            .map(|(a, b)| compare(a, b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    };
    by(&exact).then_with(|| by(&compare))
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Float(_) => 1,
        Value::Text(_) => 2,
    }
}

fn same(a: &Row, b: &Row) -> bool {
    let same = |a: &Value, b: &Value| match (a, b) {
        (Value::Float(a), Value::Float(b)) => {
            (a.is_nan() && b.is_nan())
                || a == b
                || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(1.0)
        }
        _ => a == b,
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}
