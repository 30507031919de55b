//! `sum` of integers.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, UInt64Array};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use summit_parser::SqlState;

use super::{Accumulate, each_row};
use crate::FlowError;

/// Sums in 128 bits; only a result that does not fit is an error, not one on the way.
pub(super) struct IntegerSum {
    output: DataType,
    sums: Vec<i128>,
    counts: Vec<i64>,
}

impl IntegerSum {
    /// To `Int64` or `UInt64`, which is also the argument's type.
    pub(super) fn new(output: DataType) -> Self {
        IntegerSum {
            output,
            sums: Vec::new(),
            counts: Vec::new(),
        }
    }
}

impl Accumulate for IntegerSum {
    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, 0);
        self.counts.resize(groups, 0);
    }

    fn update(
        &mut self,
        groups: &[u32],
        arguments: &[ArrayRef],
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError> {
        let signed = arguments[0].as_primitive_opt::<Int64Type>();
        let unsigned = arguments[0].as_primitive_opt::<UInt64Type>();
        each_row(groups, arguments, weights, |row, group, weight| {
            let value = match (signed, unsigned) {
                (Some(values), _) => i128::from(values.value(row)),
                (None, Some(values)) => i128::from(values.value(row)),
                (None, None) => return Err(FlowError::internal("sum of another type")),
            };
            // 64 bits times 64 bits fit
            self.sums[group] = self.sums[group]
                .checked_add(value * i128::from(weight))
                .ok_or_else(out_of_range)?;
            self.counts[group] += weight;
            Ok(())
        })
    }

    fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError> {
        let sums = groups.iter().map(|group| {
            let group = *group as usize;
            (self.counts[group] != 0).then_some(self.sums[group])
        });
        match self.output {
            DataType::UInt64 => {
                let sums = sums.map(|sum| sum.map(u64::try_from).transpose());
                let sums = sums
                    .collect::<Result<UInt64Array, _>>()
                    .map_err(|_| out_of_range())?;
                Ok(Arc::new(sums))
            }
            _ => {
                let sums = sums.map(|sum| sum.map(i64::try_from).transpose());
                let sums = sums
                    .collect::<Result<Int64Array, _>>()
                    .map_err(|_| out_of_range())?;
                Ok(Arc::new(sums))
            }
        }
    }

    fn clear(&mut self, group: u32) {
        self.sums[group as usize] = 0;
        self.counts[group as usize] = 0;
    }

    fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.counts.capacity() * size_of::<i64>()
    }
}

fn out_of_range() -> FlowError {
    FlowError::evaluation(SqlState::NUMERIC_OUT_OF_RANGE, "bigint out of range")
}
