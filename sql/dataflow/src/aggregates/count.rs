//! `count`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::{Accumulate, each_row};
use crate::FlowError;

/// Counts rows whose arguments are not NULL; without arguments, rows.
#[derive(Default)]
pub(super) struct Count {
    counts: Vec<i64>,
}

impl Accumulate for Count {
    fn grow(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
    }

    fn update(
        &mut self,
        groups: &[u32],
        arguments: &[ArrayRef],
        weights: Option<&[i64]>,
    ) -> Result<(), FlowError> {
        each_row(groups, arguments, weights, |_, group, weight| {
            self.counts[group] += weight;
            Ok(())
        })
    }

    fn evaluate(&mut self, groups: &[u32]) -> Result<ArrayRef, FlowError> {
        let counts = groups.iter().map(|group| self.counts[*group as usize]);
        Ok(Arc::new(Int64Array::from_iter_values(counts)))
    }

    fn clear(&mut self, group: u32) {
        self.counts[group as usize] = 0;
    }

    fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<i64>()
    }
}
