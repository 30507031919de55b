//! A random log of a stream and two tables, and reading it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder,
};
use arrow::datatypes::{DataType, Field, SchemaRef};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_dataflow::{Changes, FlowError, Sources};
use summit_log::{Cut, Lsn};
use summit_storage::{Change, RelationId};

use crate::build::schema;

pub const STREAM: u32 = 1;
pub const TABLE: u32 = 2;
pub const OTHER: u32 = 3;

/// A row of any of the three relations.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub k: Option<i64>,
    pub g: Option<String>,
    pub v: Option<i64>,
    pub f: Option<f64>,
    pub d: Option<i128>,
    pub tags: Option<Vec<Option<String>>>,
}

pub fn row_schema() -> SchemaRef {
    schema(&[
        ("k", DataType::Int64),
        ("g", DataType::Utf8),
        ("v", DataType::Int64),
        ("f", DataType::Float64),
        ("d", DataType::Decimal128(10, 2)),
        (
            "tags",
            DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
        ),
    ])
}

pub fn batch(rows: &[Row]) -> RecordBatch {
    let mut tags = ListBuilder::new(StringBuilder::new());
    for row in rows {
        match &row.tags {
            None => tags.append(false),
            Some(elements) => {
                elements
                    .iter()
                    .for_each(|element| tags.values().append_option(element.as_ref()));
                tags.append(true);
            }
        }
    }
    let decimals: Decimal128Array = rows.iter().map(|row| row.d).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.k).collect::<Int64Array>()),
        Arc::new(
            rows.iter()
                .map(|row| row.g.as_deref())
                .collect::<StringArray>(),
        ),
        Arc::new(rows.iter().map(|row| row.v).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| row.f).collect::<Float64Array>()),
        Arc::new(decimals.with_precision_and_scale(10, 2).expect("it fits")),
        Arc::new(tags.finish()),
    ];
    RecordBatch::try_new(row_schema(), columns).expect("the columns fit")
}

fn random_row(random: &mut StdRng) -> Row {
    let some = |random: &mut StdRng| random.random_bool(0.85);
    Row {
        k: some(random).then(|| random.random_range(0..6)),
        g: some(random).then(|| format!("g{}", random.random_range(0..4))),
        v: some(random).then(|| random.random_range(-20..20)),
        // quarters, so that the oracle's own sums are exact
        f: some(random).then(|| f64::from(random.random_range(-400..400)) / 4.0 + 0.125),
        d: some(random).then(|| random.random_range(-9_999..9_999)),
        tags: some(random).then(|| {
            let count = random.random_range(0..4);
            (0..count)
                .map(|_| some(random).then(|| format!("t{}", random.random_range(0..3))))
                .collect()
        }),
    }
}

/// A log: per position the change of one relation.
pub struct History {
    entries: Vec<(u32, Change)>,
}

impl History {
    /// A random one of so many entries. Tables' rows are deleted and updated too, also those
    /// that the same entry inserted; equal rows may be there more than once.
    pub fn random(seed: u64, entries: usize) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut live: BTreeMap<u32, Vec<Row>> = BTreeMap::new();
        let entries = (0..entries).map(|_| {
            let relation = [STREAM, TABLE, TABLE, OTHER][random.random_range(0..4)];
            let live = live.entry(relation).or_default();
            let (mut rows, mut weights) = (Vec::new(), Vec::new());
            for _ in 0..random.random_range(1..6) {
                let deletes = relation != STREAM && !live.is_empty() && random.random_bool(0.5);
                if deletes {
                    let gone = live.swap_remove(random.random_range(0..live.len()));
                    rows.push(gone.clone());
                    weights.push(-1);
                    if random.random_bool(0.5) {
                        continue;
                    }
                    let updated = Row {
                        v: random_row(&mut random).v,
                        ..gone
                    };
                    live.push(updated.clone());
                    rows.push(updated);
                    weights.push(1);
                } else {
                    let row = random_row(&mut random);
                    let count = if random.random_bool(0.1) { 2 } else { 1 };
                    let count = if relation == STREAM { 1 } else { count };
                    live.extend(std::iter::repeat_n(row.clone(), count));
                    rows.push(row);
                    weights.push(count as i64);
                }
            }
            let change = match relation {
                STREAM => Change::inserts(batch(&rows)),
                _ => Change::weighted(batch(&rows), weights),
            };
            (relation, change)
        });
        History {
            entries: entries.collect(),
        }
    }

    /// One of these entries.
    pub fn of(entries: Vec<(u32, Change)>) -> Self {
        History { entries }
    }

    /// The position of the last entry.
    pub fn end(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The rows of a relation at a position.
    pub fn rows_at(&self, relation: RelationId, at: Cut) -> RecordBatch {
        let schema = self
            .entries
            .iter()
            .find(|(of, _)| *of == relation.0)
            .map_or_else(row_schema, |(_, change)| change.rows.schema());
        let mut batches: Vec<(String, RecordBatch, i64)> = Vec::new();
        for (of, change) in &self.entries[..at.lsn().get() as usize] {
            if *of != relation.0 {
                continue;
            }
            for row in 0..change.num_rows() {
                let one = change.rows.slice(row, 1);
                let text = crate::naive::row_texts(&one).remove(0);
                let weight = change.weight(row);
                match batches.iter_mut().find(|(other, ..)| *other == text) {
                    Some(same) => same.2 += weight,
                    None => batches.push((text, one, weight)),
                }
            }
        }
        let copies: Vec<&RecordBatch> = batches
            .iter()
            .flat_map(|(_, row, weight)| {
                std::iter::repeat_n(row, usize::try_from(*weight).expect("never negative"))
            })
            .collect();
        arrow::compute::concat_batches(&schema, copies).expect("they have one schema")
    }
}

impl Sources for History {
    fn changes(
        &self,
        relation: RelationId,
        after: Cut,
        upto: Cut,
    ) -> Result<Changes<'_>, FlowError> {
        let range = after.lsn().get() as usize..upto.lsn().get() as usize;
        let changes = self.entries[range]
            .iter()
            .filter(move |(of, _)| *of == relation.0);
        Ok(Box::new(changes.map(|(_, change)| Ok(change.clone()))))
    }

    fn contents(&self, relation: RelationId, at: Cut) -> Result<Changes<'_>, FlowError> {
        let rows = self.rows_at(relation, at);
        let pieces = (0..rows.num_rows()).step_by(7).map(move |from| {
            let length = 7.min(rows.num_rows() - from);
            Ok(Change::inserts(rows.slice(from, length)))
        });
        Ok(Box::new(pieces))
    }
}

pub fn at(position: u64) -> Cut {
    Cut::at(Lsn::new(position))
}
