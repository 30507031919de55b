//! `min` and `max` of append-only input.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::{Accumulate, Answer, each_row};
use crate::FlowError;
use crate::order_key::OrderKeys;

/// The extreme value of each group.
pub(super) struct Extreme {
    is_min: bool,
    keys: OrderKeys,
    values: Values,
    heap_bytes: usize,
}

enum Values {
    Numbers(Vec<Option<u64>>),
    Bytes(Vec<Option<Box<[u8]>>>),
}

impl Extreme {
    /// Of values of this type.
    pub(super) fn new(data_type: DataType, answer: Answer) -> Result<Self, FlowError> {
        let keys = OrderKeys::new(data_type)?;
        let values = match keys.are_numbers() {
            true => Values::Numbers(Vec::new()),
            false => Values::Bytes(Vec::new()),
        };
        Ok(Extreme {
            is_min: answer == Answer::Min,
            keys,
            values,
            heap_bytes: 0,
        })
    }
}

impl Accumulate for Extreme {
    fn grow(&mut self, groups: usize) {
        match &mut self.values {
            Values::Numbers(values) => values.resize(groups, None),
            Values::Bytes(values) => values.resize(groups, None),
        }
    }

    fn update(
        &mut self,
        groups: &[u32],
        arguments: &[ArrayRef],
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError> {
        let is_min = self.is_min;
        match &mut self.values {
            Values::Numbers(values) => {
                let keys = self.keys.numbers(&arguments[0])?;
                each_row(groups, arguments, weights, |row, group, weight| {
                    inserted(weight)?;
                    let key = keys[row];
                    let value = &mut values[group];
                    if value.is_none_or(|value| if is_min { key < value } else { key > value }) {
                        *value = Some(key);
                    }
                    Ok(())
                })
            }
            Values::Bytes(values) => {
                let keys = self.keys.bytes(&arguments[0])?;
                each_row(groups, arguments, weights, |row, group, weight| {
                    inserted(weight)?;
                    let key = keys.get(row);
                    let value = &mut values[group];
                    let better = value.as_deref().is_none_or(|value| match is_min {
                        true => key < value,
                        false => key > value,
                    });
                    if better {
                        self.heap_bytes += key.len();
                        self.heap_bytes -= value.as_ref().map_or(0, |value| value.len());
                        *value = Some(key.into());
                    }
                    Ok(())
                })
            }
        }
    }

    fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError> {
        let groups = groups.iter().map(|group| *group as usize);
        match &self.values {
            Values::Numbers(values) => self.keys.from_numbers(groups.map(|group| values[group])),
            Values::Bytes(values) => self
                .keys
                .from_bytes(groups.map(|group| values[group].as_deref())),
        }
    }

    fn clear(&mut self, group: u32) {
        match &mut self.values {
            Values::Numbers(values) => values[group as usize] = None,
            Values::Bytes(values) => values[group as usize] = None,
        }
    }

    fn bytes(&self) -> usize {
        let own = match &self.values {
            Values::Numbers(values) => values.capacity() * size_of::<Option<u64>>(),
            Values::Bytes(values) => values.capacity() * size_of::<Option<Box<[u8]>>>(),
        };
        own + self.heap_bytes
    }
}

fn inserted(weight: i64) -> Result<(), FlowError> {
    match weight > 0 {
        true => Ok(()),
        false => Err(FlowError::internal(
            "a row deleted from an append-only input",
        )),
    }
}
