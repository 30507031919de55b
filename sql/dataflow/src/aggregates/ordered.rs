//! `min`, `max` and `count(DISTINCT …)` of input that may delete rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;

use super::{Accumulate, Answer, each_row};
use crate::FlowError;
use crate::multiset::Multiset;
use crate::order_key::OrderKeys;

/// A sorted multiset of values per group.
pub(super) struct Ordered {
    answer: Answer,
    keys: OrderKeys,
    values: Values,
    heap_bytes: usize,
}

/// Values of types of up to eight bytes are numbers of the same order, others are bytes.
enum Values {
    Numbers(Vec<Multiset<u64>>),
    Bytes(Vec<Multiset<Box<[u8]>>>),
}

/// What a distinct value takes besides itself, on average: its count and its share of a
/// vector or a tree.
const VALUE_BYTES: usize = 24;

impl Ordered {
    /// Of values of this type.
    pub(super) fn new(data_type: DataType, answer: Answer) -> Result<Self, FlowError> {
        let keys = OrderKeys::new(data_type)?;
        let values = match keys.are_numbers() {
            true => Values::Numbers(Vec::new()),
            false => Values::Bytes(Vec::new()),
        };
        Ok(Ordered {
            answer,
            keys,
            values,
            heap_bytes: 0,
        })
    }
}

impl Accumulate for Ordered {
    fn grow(&mut self, groups: usize) {
        match &mut self.values {
            Values::Numbers(values) => values.resize_with(groups, Multiset::default),
            Values::Bytes(values) => values.resize_with(groups, Multiset::default),
        }
    }

    fn update(
        &mut self,
        groups: &[u32],
        arguments: &[ArrayRef],
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError> {
        let heap_bytes = &mut self.heap_bytes;
        let mut account = |grown: isize, bytes: usize| match grown {
            1 => *heap_bytes += bytes + VALUE_BYTES,
            -1 => *heap_bytes = heap_bytes.saturating_sub(bytes + VALUE_BYTES),
            _ => {}
        };
        match &mut self.values {
            Values::Numbers(values) => {
                let keys = self.keys.numbers(&arguments[0])?;
                each_row(groups, arguments, weights, |row, group, weight| {
                    account(values[group].add(&keys[row], weight), size_of::<u64>());
                    Ok(())
                })
            }
            Values::Bytes(values) => {
                let keys = self.keys.bytes(&arguments[0])?;
                each_row(groups, arguments, weights, |row, group, weight| {
                    let key = keys.get(row);
                    account(
                        values[group].add(key, weight),
                        key.len() + size_of::<Box<[u8]>>(),
                    );
                    Ok(())
                })
            }
        }
    }

    fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError> {
        let groups = groups.iter().map(|group| *group as usize);
        if self.answer == Answer::CountDistinct {
            let counts = groups.map(|group| match &self.values {
                Values::Numbers(values) => values[group].len(),
                Values::Bytes(values) => values[group].len(),
            });
            let counts = counts.map(|count| i64::try_from(count).expect("fits in memory"));
            return Ok(Arc::new(Int64Array::from_iter_values(counts)));
        }
        let is_min = self.answer == Answer::Min;
        match &self.values {
            Values::Numbers(values) => self.keys.from_numbers(groups.map(|group| {
                let values = &values[group];
                if is_min {
                    values.first().copied()
                } else {
                    values.last().copied()
                }
            })),
            Values::Bytes(values) => self.keys.from_bytes(groups.map(|group| {
                let values = &values[group];
                if is_min {
                    values.first()
                } else {
                    values.last()
                }
                .map(AsRef::as_ref)
            })),
        }
    }

    fn clear(&mut self, group: u32) {
        let group = group as usize;
        match &mut self.values {
            Values::Numbers(values) => values[group] = Multiset::default(),
            Values::Bytes(values) => values[group] = Multiset::default(),
        }
    }

    fn bytes(&self) -> usize {
        let own = match &self.values {
            Values::Numbers(values) => values.capacity() * size_of::<Multiset<u64>>(),
            Values::Bytes(values) => values.capacity() * size_of::<Multiset<Box<[u8]>>>(),
        };
        own + self.heap_bytes
    }
}
