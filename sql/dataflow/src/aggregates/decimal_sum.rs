//! `sum` and `avg` of decimals.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type, DecimalType, i256};
use summit_parser::SqlState;

use super::{Accumulate, each_row};
use crate::FlowError;

/// Sums in 256 bits; only a result that does not fit is an error, not one on the way.
pub(super) struct DecimalSum {
    precision: u8,
    scale: i8,
    /// What makes the argument's scale the result's.
    factor: i256,
    is_average: bool,
    sums: Vec<i256>,
    counts: Vec<i64>,
}

impl DecimalSum {
    /// To this decimal type, from arguments of this scale.
    pub(super) fn new(
        output: &DataType,
        scale_from: i8,
        is_average: bool,
    ) -> Result<Self, FlowError> {
        let DataType::Decimal128(precision, scale) = output else {
            return Err(FlowError::internal("a decimal sum of another type"));
        };
        let exponent = u32::try_from(i32::from(*scale) - i32::from(scale_from)).unwrap_or(0);
        let factor = i256::from_i128(10).wrapping_pow(exponent);
        let (sums, counts) = (Vec::new(), Vec::new());
        Ok(DecimalSum {
            precision: *precision,
            scale: *scale,
            factor,
            is_average,
            sums,
            counts,
        })
    }

    fn result(&self, group: usize) -> Result<Option<i128>, FlowError> {
        let count = self.counts[group];
        if count == 0 {
            return Ok(None);
        }
        let scaled = self.sums[group].checked_mul(self.factor);
        let result = match self.is_average {
            false => scaled,
            // cut off, not rounded: as DataFusion has it
            true => scaled.and_then(|sum| sum.checked_div(i256::from_i128(i128::from(count)))),
        };
        let result = result.and_then(i256::to_i128).ok_or_else(out_of_range)?;
        Decimal128Type::validate_decimal_precision(result, self.precision, self.scale)
            .map_err(|_| out_of_range())?;
        Ok(Some(result))
    }
}

impl Accumulate for DecimalSum {
    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, i256::ZERO);
        self.counts.resize(groups, 0);
    }

    fn update(
        &mut self,
        groups: &[u32],
        arguments: &[ArrayRef],
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError> {
        let values = arguments[0].as_primitive::<Decimal128Type>();
        each_row(groups, arguments, weights, |row, group, weight| {
            let value = i256::from_i128(values.value(row));
            let term = match weight {
                1 => Some(value),
                weight => value.checked_mul(i256::from_i128(i128::from(weight))),
            };
            self.sums[group] = term
                .and_then(|term| self.sums[group].checked_add(term))
                .ok_or_else(out_of_range)?;
            self.counts[group] += weight;
            Ok(())
        })
    }

    fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError> {
        let results = groups
            .iter()
            .map(|group| self.result(*group as usize))
            .collect::<Result<Decimal128Array, _>>()?;
        Ok(Arc::new(
            results.with_precision_and_scale(self.precision, self.scale)?,
        ))
    }

    fn clear(&mut self, group: u32) {
        self.sums[group as usize] = i256::ZERO;
        self.counts[group as usize] = 0;
    }

    fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<i256>() + self.counts.capacity() * size_of::<i64>()
    }
}

fn out_of_range() -> FlowError {
    FlowError::evaluation(SqlState::NUMERIC_OUT_OF_RANGE, "numeric field overflow")
}
