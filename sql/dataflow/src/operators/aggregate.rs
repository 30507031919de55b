//! Groups and their aggregates.

use std::sync::Arc;

use arrow::array::{ArrayRef, DynComparator, RecordBatch, make_comparator};
use arrow::compute::{SortOptions, concat, interleave};
use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use summit_planner::StreamAggregate;
use summit_storage::Change;

use crate::FlowError;
use crate::aggregates::GroupedAggregate;
use crate::batches::{batch, evaluate};
use crate::key_table::KeyTable;
use crate::limits::OUTPUT_ROWS;
use crate::operator::Sink;
use crate::row_encoder::{RowEncoder, normalize_floats};

/// Takes a step's changes and then hands on, for each group that they touched, a delete of
/// its old row and an insert of its new one, unless they are equal. A group without rows is
/// gone and its state is freed; without group expressions there is always one row.
pub(crate) struct Aggregate {
    group: Vec<Arc<dyn PhysicalExpr>>,
    aggregates: Vec<GroupedAggregate>,
    schema: SchemaRef,
    encoder: RowEncoder,
    keys: KeyTable,
    /// By group.
    states: Vec<GroupState>,
    /// Groups that the step touched, in the order in which it did.
    touched: Vec<u32>,
    /// The aggregates' old results, of the touched groups that had a row, in that order.
    old: Vec<OldResults>,
}

/// Old results of groups of one piece of `touched`. (Pieces have `OUTPUT_ROWS` groups.)
struct OldResults {
    piece: usize,
    columns: Vec<ArrayRef>,
}

#[derive(Clone, Copy, Default)]
struct GroupState {
    /// Rows of input.
    rows: i64,
    /// Whether the group has a row in the output as of the last step.
    is_out: bool,
    is_touched: bool,
}

impl Aggregate {
    /// Of no rows.
    pub(crate) fn new(plan: &StreamAggregate, schema: SchemaRef) -> Result<Self, FlowError> {
        let input = &plan.input.schema;
        let types = plan
            .group
            .iter()
            .map(|expr| expr.data_type(input))
            .collect::<Result<Vec<_>, _>>()?;
        let mut aggregates = Vec::with_capacity(plan.aggregates.len());
        for (at, function) in plan.aggregates.iter().enumerate() {
            let filter = plan.filters.get(at).cloned().flatten();
            let append_only = plan.input.append_only;
            aggregates.push(GroupedAggregate::new(function, filter, input, append_only)?);
        }
        let mut aggregate = Aggregate {
            group: plan.group.clone(),
            aggregates,
            schema,
            encoder: RowEncoder::new(&types)?,
            keys: KeyTable::new(),
            states: Vec::new(),
            touched: Vec::new(),
            old: Vec::new(),
        };
        if aggregate.group.is_empty() {
            // the row over no input comes out of the first step
            aggregate.slot(&[])?;
            aggregate.grow();
        }
        Ok(aggregate)
    }

    /// Takes changes of the input.
    pub(crate) fn update(&mut self, change: &Change) -> Result<(), FlowError> {
        let mut columns = Vec::with_capacity(self.group.len());
        for expr in &self.group {
            columns.push(normalize_floats(evaluate(expr, &change.rows)?));
        }
        let encoded = self.encoder.encode(&columns)?;
        let before = self.touched.len();
        let mut groups = Vec::with_capacity(change.num_rows());
        for row in 0..change.num_rows() {
            groups.push(self.slot(encoded.get(row))?);
        }
        self.grow();
        self.remember_old(before)?;
        for (row, group) in groups.iter().enumerate() {
            self.states[*group as usize].rows += change.weight(row);
        }
        for aggregate in &mut self.aggregates {
            aggregate.update(&groups, &change.rows, change.weights.as_deref())?;
        }
        Ok(())
    }

    /// Hands on what the step changed.
    pub(crate) fn emit(&mut self, sink: &mut Sink) -> Result<(), FlowError> {
        let touched = std::mem::take(&mut self.touched);
        let mut old = std::mem::take(&mut self.old).into_iter().peekable();
        for (number, piece) in touched.chunks(OUTPUT_ROWS).enumerate() {
            let mut results = Vec::new();
            while let Some(more) = old.next_if(|old| old.piece == number) {
                results.push(more.columns);
            }
            self.emit_piece(piece, concatenated(results)?, sink)?;
        }
        Ok(())
    }

    /// Bytes of all groups.
    pub(crate) fn bytes(&self) -> usize {
        self.keys.bytes()
            + self.states.capacity() * size_of::<GroupState>()
            + self
                .aggregates
                .iter()
                .map(GroupedAggregate::bytes)
                .sum::<usize>()
    }

    /// The group with this key, now touched.
    fn slot(&mut self, key: &[u8]) -> Result<u32, FlowError> {
        let (slot, _) = self.keys.intern(key)?;
        if slot as usize >= self.states.len() {
            self.states.resize(slot as usize + 1, GroupState::default());
        }
        let state = &mut self.states[slot as usize];
        if !state.is_touched {
            state.is_touched = true;
            self.touched.push(slot);
        }
        Ok(slot)
    }

    fn grow(&mut self) {
        for aggregate in &mut self.aggregates {
            aggregate.grow(self.keys.slots());
        }
    }

    /// Keeps the results of the groups that were touched since `from`, before they change.
    /// Pieces end where those of `emit` do.
    fn remember_old(&mut self, from: usize) -> Result<(), FlowError> {
        let mut at = from;
        while at < self.touched.len() {
            let end = self.touched.len().min((at / OUTPUT_ROWS + 1) * OUTPUT_ROWS);
            let groups: Vec<u32> = self.touched[at..end]
                .iter()
                .copied()
                .filter(|group| self.states[*group as usize].is_out)
                .collect();
            if !groups.is_empty() {
                let columns = evaluate_all(&mut self.aggregates, &groups)?;
                self.old.push(OldResults {
                    piece: at / OUTPUT_ROWS,
                    columns,
                });
            }
            at = end;
        }
        Ok(())
    }

    fn emit_piece(
        &mut self,
        piece: &[u32],
        old: Option<Vec<ArrayRef>>,
        sink: &mut Sink,
    ) -> Result<(), FlowError> {
        let is_global = self.group.is_empty();
        let mut live = Vec::with_capacity(piece.len());
        for group in piece {
            let rows = self.states[*group as usize].rows;
            if rows < 0 {
                return Err(FlowError::internal("a row deleted that is not there"));
            }
            if rows > 0 || is_global {
                live.push(*group);
            }
        }
        let new = evaluate_all(&mut self.aggregates, &live)?;
        let equal = match &old {
            None => Vec::new(),
            Some(old) => comparators(old, &new)?,
        };

        let (mut deleted, mut inserted) = (Vec::new(), Vec::new());
        let (mut old_row, mut new_row) = (0, 0);
        for group in piece {
            let state = &mut self.states[*group as usize];
            let lives = state.rows > 0 || is_global;
            let unchanged =
                state.is_out && lives && equal.iter().all(|equal| equal(old_row, new_row).is_eq());
            if state.is_out {
                if !unchanged {
                    deleted.push((*group, old_row));
                }
                old_row += 1;
            }
            if lives {
                if !unchanged {
                    inserted.push((*group, new_row));
                }
                new_row += 1;
            }
            state.is_touched = false;
            state.is_out = lives;
        }
        self.hand_on(&deleted, &inserted, old, &new, sink)?;

        for group in piece {
            if !self.states[*group as usize].is_out {
                self.keys.remove(*group);
                self.states[*group as usize] = GroupState::default();
                for aggregate in &mut self.aggregates {
                    aggregate.clear(*group);
                }
            }
        }
        Ok(())
    }

    fn hand_on(
        &self,
        deleted: &[(u32, usize)],
        inserted: &[(u32, usize)],
        old: Option<Vec<ArrayRef>>,
        new: &[ArrayRef],
        sink: &mut Sink,
    ) -> Result<(), FlowError> {
        let count = deleted.len() + inserted.len();
        if count == 0 {
            return Ok(());
        }
        let groups = deleted
            .iter()
            .chain(inserted)
            .map(|(group, _)| self.keys.key(*group));
        let mut columns = self.encoder.decode(groups)?;
        let places: Vec<(usize, usize)> = deleted
            .iter()
            .map(|(_, row)| (1, *row))
            .chain(inserted.iter().map(|(_, row)| (0, *row)))
            .collect();
        for (at, new) in new.iter().enumerate() {
            let mut sources = vec![new.as_ref()];
            sources.extend(old.as_ref().map(|old| old[at].as_ref()));
            columns.push(interleave(&sources, &places)?);
        }
        let weights = match deleted.is_empty() {
            true => None,
            false => {
                let mut weights = vec![-1; deleted.len()];
                weights.resize(count, 1);
                Some(weights)
            }
        };
        let rows: RecordBatch = batch(&self.schema, columns, count)?;
        sink(Change { rows, weights })
    }
}

fn evaluate_all(
    aggregates: &mut [GroupedAggregate],
    groups: &[u32],
) -> Result<Vec<ArrayRef>, FlowError> {
    aggregates
        .iter_mut()
        .map(|aggregate| aggregate.evaluate(groups))
        .collect()
}

/// The columns one below the other; `None` of nothing.
fn concatenated(mut pieces: Vec<Vec<ArrayRef>>) -> Result<Option<Vec<ArrayRef>>, FlowError> {
    if pieces.len() < 2 {
        return Ok(pieces.pop());
    }
    let columns = (0..pieces[0].len()).map(|column| {
        let parts: Vec<_> = pieces.iter().map(|piece| piece[column].as_ref()).collect();
        Ok(concat(&parts)?)
    });
    columns.collect::<Result<_, _>>().map(Some)
}

fn comparators(old: &[ArrayRef], new: &[ArrayRef]) -> Result<Vec<DynComparator>, FlowError> {
    old.iter()
        .zip(new)
        .map(|(old, new)| Ok(make_comparator(old, new, SortOptions::default())?))
        .collect()
}
