//! `sum` and `avg` of floats.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::Float64Type;

use super::{Accumulate, each_row};
use crate::FlowError;
use crate::float_sum::FloatSum;

/// Exact sums, rounded in the result; the average is the rounded sum by the count.
pub(super) struct FloatTotal {
    is_average: bool,
    sums: Vec<FloatSum>,
    counts: Vec<i64>,
    heap_bytes: usize,
}

impl FloatTotal {
    /// The average, or the sum.
    pub(super) fn new(is_average: bool) -> Self {
        FloatTotal {
            is_average,
            sums: Vec::new(),
            counts: Vec::new(),
            heap_bytes: 0,
        }
    }
}

impl Accumulate for FloatTotal {
    fn grow(&mut self, groups: usize) {
        self.sums.resize_with(groups, FloatSum::default);
        self.counts.resize(groups, 0);
    }

    fn update(
        &mut self,
        groups: &[u32],
        arguments: &[ArrayRef],
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError> {
        let values = arguments[0].as_primitive::<Float64Type>();
        each_row(groups, arguments, weights, |row, group, weight| {
            let sum = &mut self.sums[group];
            let before = sum.heap_bytes();
            sum.add(values.value(row), weight);
            self.heap_bytes += sum.heap_bytes() - before;
            self.counts[group] += weight;
            Ok(())
        })
    }

    fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError> {
        let results = groups.iter().map(|group| {
            let group = *group as usize;
            let count = self.counts[group];
            let sum = (count != 0).then(|| self.sums[group].value());
            match self.is_average {
                true => sum.map(|sum| sum / count as f64),
                false => sum,
            }
        });
        Ok(Arc::new(results.collect::<Float64Array>()))
    }

    fn clear(&mut self, group: u32) {
        let sum = std::mem::take(&mut self.sums[group as usize]);
        self.heap_bytes -= sum.heap_bytes();
        self.counts[group as usize] = 0;
    }

    fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<FloatSum>()
            + self.counts.capacity() * size_of::<i64>()
            + self.heap_bytes
    }
}
