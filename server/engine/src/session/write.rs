//! Writes: INSERT, UPDATE, DELETE, COPY and appends, and the transactions around them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use summit_catalog::{Relation, RelationKind, SqlError, SqlState, types};
use summit_log::{Cut, Lsn};
use summit_planner::{BoundDelete, BoundInsert, BoundUpdate};
use summit_session::Outcome;
use summit_storage::StorageError;

use crate::commit::{ApplyError, storage_error};
use crate::limits;
use crate::pending::is_pending;
use crate::session::{EngineSession, Transaction};
use crate::transaction::{OpenTransaction, duplicate_key};

/// What a write statement changes.
enum Change {
    Insert(Vec<RecordBatch>),
    Delete(Vec<RecordBatch>),
    Update {
        old: Vec<RecordBatch>,
        new: Vec<RecordBatch>,
    },
}

impl EngineSession {
    pub(crate) async fn insert(
        &mut self,
        insert: &BoundInsert,
        values: Vec<ScalarValue>,
    ) -> Result<Outcome, SqlError> {
        let (rows, cut) = self
            .collect(&insert.rows, &insert.relations, values)
            .await?;
        let count = count(&rows);
        self.write(&insert.target, cut, Change::Insert(rows))
            .await?;
        Ok(Outcome::Done(format!("INSERT 0 {count}")))
    }

    pub(crate) async fn update(
        &mut self,
        update: &BoundUpdate,
        values: Vec<ScalarValue>,
    ) -> Result<Outcome, SqlError> {
        let width = update.target.columns.fields().len();
        let mut tries = 0;
        loop {
            let (rows, cut) = self
                .collect(&update.rows, &update.relations, values.clone())
                .await?;
            let count = count(&rows);
            let part = |columns: std::ops::Range<usize>| -> Result<Vec<RecordBatch>, SqlError> {
                let columns: Vec<usize> = columns.collect();
                rows.iter()
                    .map(|batch| batch.project(&columns).map_err(arrow_error))
                    .collect()
            };
            let change = Change::Update {
                old: part(0..width)?,
                new: part(width..2 * width)?,
            };
            match self.write(&update.target, cut, change).await {
                Err(error) if self.retries(&error, &mut tries) => {}
                written => return written.map(|()| Outcome::Done(format!("UPDATE {count}"))),
            }
        }
    }

    pub(crate) async fn delete(
        &mut self,
        delete: &BoundDelete,
        values: Vec<ScalarValue>,
    ) -> Result<Outcome, SqlError> {
        let mut tries = 0;
        loop {
            let (rows, cut) = self
                .collect(&delete.rows, &delete.relations, values.clone())
                .await?;
            let count = count(&rows);
            match self.write(&delete.target, cut, Change::Delete(rows)).await {
                Err(error) if self.retries(&error, &mut tries) => {}
                written => return written.map(|()| Outcome::Done(format!("DELETE {count}"))),
            }
        }
    }

    /// Inserts rows whose columns are matched by name; answers their number.
    pub(crate) async fn insert_named(
        &mut self,
        target: &[String],
        batches: Vec<RecordBatch>,
    ) -> Result<u64, SqlError> {
        if matches!(self.transaction, Transaction::Failed { .. }) {
            return Err(SqlError::new(
                SqlState::FAILED_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        let relation = self.writable(target)?;
        let mut rows: Vec<RecordBatch> = Vec::with_capacity(batches.len());
        for batch in &batches {
            let before = count(&rows);
            rows.push(by_name(&relation, batch, before)?);
        }
        let count = count(&rows);
        let cut = *self.shared.applied.borrow();
        self.write(&relation, cut, Change::Insert(rows)).await?;
        Ok(count)
    }

    /// Whether a statement that lost to another transaction is run again: only outside an
    /// explicit transaction, whose earlier reads would no longer hold.
    fn retries(&self, error: &SqlError, tries: &mut usize) -> bool {
        *tries += 1;
        error.code == SqlState::SERIALIZATION_FAILURE
            && matches!(self.transaction, Transaction::None)
            && *tries <= limits::CONFLICT_RETRIES_MAX
    }

    async fn write(
        &mut self,
        target: &Arc<Relation>,
        read_at: Cut,
        change: Change,
    ) -> Result<(), SqlError> {
        let shared = Arc::clone(&self.shared);
        let exists = |batch: &RecordBatch, row: usize| {
            let RelationKind::Table { primary_key } = &target.kind else {
                return Ok(false);
            };
            if is_pending(target) {
                return Ok(false);
            }
            let key = batch
                .project(primary_key)
                .map_err(arrow_error)?
                .slice(row, 1);
            let found = shared
                .storage
                .table_lookup(target.id, &key)
                .map_err(storage_error)?;
            Ok(found.is_some())
        };
        if let Transaction::Open { writes, .. } = &mut self.transaction {
            return add(writes, target, read_at, change, Some(&exists));
        }
        let mut writes = OpenTransaction::default();
        add(&mut writes, target, read_at, change, None)?;
        self.commit(writes).await
    }

    /// Makes a transaction one entry of the log.
    pub(crate) async fn commit(&mut self, writes: OpenTransaction) -> Result<(), SqlError> {
        if writes.is_empty() {
            return Ok(());
        }
        let names: Vec<Arc<Relation>> = writes.relations().map(Arc::clone).collect();
        let views = writes.views();
        self.round_robin = self.round_robin.wrapping_add(1);
        let (definition, transaction) = writes.finish(self.round_robin)?;
        if transaction.writes.is_empty() && definition.is_none() {
            return Ok(());
        }
        let committer = &self.shared.committer;
        match committer
            .transaction(definition.as_ref(), transaction)
            .await?
        {
            Ok(outcome) => self.wrote(outcome.lsn),
            Err(ApplyError::Storage(StorageError::DuplicateKey { relation, key })) => {
                return Err(match names.iter().find(|known| known.id == relation) {
                    Some(known) => duplicate_key(known, &key),
                    None => storage_error(StorageError::DuplicateKey { relation, key }),
                });
            }
            Err(error) => return Err(error.into()),
        }
        for view in views {
            self.wait_built(view.id, &view.name).await?;
        }
        Ok(())
    }

    /// The session's reads wait for this position from now on.
    pub(crate) fn wrote(&mut self, lsn: Lsn) {
        self.last_lsn = self.last_lsn.max(lsn);
    }
}

fn add(
    writes: &mut OpenTransaction,
    target: &Arc<Relation>,
    read_at: Cut,
    change: Change,
    exists: Option<crate::transaction::Exists<'_>>,
) -> Result<(), SqlError> {
    let (deletes, inserts) = match change {
        Change::Insert(rows) => (Vec::new(), rows),
        Change::Delete(rows) => (rows, Vec::new()),
        Change::Update { old, new } => (old, new),
    };
    let is_stream = matches!(target.kind, RelationKind::Stream { .. });
    for rows in deletes.into_iter().filter(|rows| rows.num_rows() > 0) {
        let rows = conform(target, &rows)?;
        writes.delete(target, read_at, rows)?;
    }
    for rows in inserts.into_iter().filter(|rows| rows.num_rows() > 0) {
        let rows = conform(target, &rows)?;
        check(target, &rows)?;
        if is_stream {
            writes.append(target, rows)?;
        } else {
            writes.insert(target, read_at, rows, exists)?;
        }
    }
    Ok(())
}

/// Rows under the relation's own schema.
fn conform(target: &Relation, rows: &RecordBatch) -> Result<RecordBatch, SqlError> {
    check_nulls(target, rows, None)?;
    RecordBatch::try_new(Arc::clone(&target.columns), rows.columns().to_vec()).map_err(arrow_error)
}

/// `before` is how many rows of the same data came before these, where rows have numbers that
/// the user knows (COPY).
fn check_nulls(target: &Relation, rows: &RecordBatch, before: Option<u64>) -> Result<(), SqlError> {
    for (field, column) in target.columns.fields().iter().zip(rows.columns()) {
        if field.is_nullable() || column.null_count() == 0 {
            continue;
        }
        let row = (0..column.len())
            .find(|row| column.is_null(*row))
            .unwrap_or_default();
        return Err(SqlError::new(
            SqlState::NOT_NULL_VIOLATION,
            format!(
                "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                field.name(),
                target.name
            ),
        )
        .detail(match before {
            Some(before) => format!(
                "Row {} of the data contains {}.",
                before + row as u64 + 1,
                row_text(rows, row)
            ),
            None => format!("Failing row contains {}.", row_text(rows, row)),
        }));
    }
    Ok(())
}

/// What types demand beyond Arrow's: the lengths of `varchar(n)`.
fn check(target: &Relation, rows: &RecordBatch) -> Result<(), SqlError> {
    for (field, column) in target.columns.fields().iter().zip(rows.columns()) {
        let Some(length_max) = types::length_max(field) else {
            continue;
        };
        let Some(texts) = column.as_string_opt::<i32>() else {
            continue;
        };
        if texts
            .iter()
            .flatten()
            .any(|text| text.chars().count() > length_max)
        {
            return Err(SqlError::new(
                SqlState::STRING_TOO_LONG,
                format!("value too long for type {}", types::name_of(field)),
            )
            .detail(format!("The column is \"{}\".", field.name())));
        }
    }
    Ok(())
}

/// `(1, null, x)`
fn row_text(rows: &RecordBatch, row: usize) -> String {
    let options = arrow::util::display::FormatOptions::default().with_null("null");
    let values: Vec<String> = rows
        .columns()
        .iter()
        .map(|column| {
            arrow::util::display::ArrayFormatter::try_new(column.as_ref(), &options).map_or_else(
                |_| "?".to_owned(),
                |formatter| formatter.value(row).to_string(),
            )
        })
        .collect();
    format!("({})", values.join(", "))
}

/// Full rows of a relation from columns that are matched by name.
fn by_name(relation: &Relation, batch: &RecordBatch, before: u64) -> Result<RecordBatch, SqlError> {
    let schema = batch.schema();
    for field in schema.fields() {
        if relation.columns.index_of(field.name()).is_err() {
            return Err(SqlError::new(
                SqlState::UNDEFINED_COLUMN,
                format!(
                    "column \"{}\" of relation \"{}\" does not exist",
                    field.name(),
                    relation.name
                ),
            ));
        }
    }
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(relation.columns.fields().len());
    for field in relation.columns.fields() {
        columns.push(match batch.column_by_name(field.name()) {
            Some(column) => cast(field.name(), column, field.data_type())?,
            None => new_null_array(field.data_type(), batch.num_rows()),
        });
    }
    let rows = RecordBatch::try_new(
        Arc::new(arrow::datatypes::Schema::new(
            relation
                .columns
                .fields()
                .iter()
                .map(|field| field.as_ref().clone().with_nullable(true))
                .collect::<Vec<_>>(),
        )),
        columns,
    )
    .map_err(arrow_error)?;
    check_nulls(relation, &rows, Some(before))?;
    Ok(rows)
}

fn cast(name: &str, column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, SqlError> {
    if column.data_type() == wanted {
        return Ok(Arc::clone(column));
    }
    let mismatch = |why: String| {
        SqlError::new(
            SqlState::DATATYPE_MISMATCH,
            format!(
                "column \"{name}\" is of type {} but the data is of type {}",
                types::type_name(wanted),
                types::type_name(column.data_type())
            ),
        )
        .detail(why)
    };
    if !can_cast_types(column.data_type(), wanted) {
        return Err(mismatch("There is no conversion.".to_owned()));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, wanted, &options).map_err(|error| mismatch(error.to_string()))
}

fn count(rows: &[RecordBatch]) -> u64 {
    rows.iter().map(|batch| batch.num_rows() as u64).sum()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn arrow_error(error: arrow::error::ArrowError) -> SqlError {
    SqlError::internal(error.to_string())
}
