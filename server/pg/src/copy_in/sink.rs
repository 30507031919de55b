//! Where decoded fields go.

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use summit_session::{CopyIn, SqlError, SqlState};

use crate::builder::ColumnBuilder;
use crate::calendar::Zone;
use crate::error::Located;
use crate::limits::COPY_BATCH_ROWS;

/// Gathers fields to rows and rows to batches, and knows where in the data it is.
pub(super) struct Sink {
    relation: String,
    schema: SchemaRef,
    builders: Vec<ColumnBuilder>,
    batches: Vec<RecordBatch>,
    rows: usize,
    /// From 1.
    pub(super) line: u64,
}

impl Sink {
    pub(super) fn new(copy: &CopyIn, zone: Zone) -> Result<Self, SqlError> {
        let fields = copy.schema.fields().iter();
        Ok(Sink {
            relation: copy.relation.clone(),
            schema: copy.schema.clone(),
            builders: fields
                .map(|field| ColumnBuilder::new(field, zone))
                .collect::<Result<_, _>>()?,
            batches: Vec::new(),
            rows: 0,
            line: 0,
        })
    }

    pub(super) fn columns(&self) -> usize {
        self.builders.len()
    }

    /// The next field of the row: the `nth` column.
    pub(super) fn text(
        &mut self,
        nth: usize,
        line: &[u8],
        value: Option<&str>,
    ) -> Result<(), Located> {
        let Some(builder) = self.builders.get_mut(nth) else {
            return Err(self.too_many(line));
        };
        match value {
            None => builder.append_null(),
            Some(value) => builder.append_text(value).map_err(|error| {
                self.locate(
                    error,
                    format!(", column {}: \"{}\"", self.name(nth), shortened(value)),
                )
            })?,
        }
        Ok(())
    }

    pub(super) fn binary(&mut self, nth: usize, value: Option<&[u8]>) -> Result<(), Located> {
        let builder = &mut self.builders[nth];
        match value {
            None => builder.append_null(),
            Some(value) => builder
                .append_binary(value)
                .map_err(|error| self.locate(error, format!(", column {}", self.name(nth))))?,
        }
        Ok(())
    }

    /// Ends a row of `fields` fields.
    pub(super) fn end_row(&mut self, fields: usize, line: &[u8]) -> Result<(), Located> {
        if fields > self.builders.len() {
            return Err(self.too_many(line));
        }
        if fields < self.builders.len() {
            let message = format!("missing data for column \"{}\"", self.name(fields));
            return Err(self.bad_line(message, line));
        }
        self.rows += 1;
        if self.rows == COPY_BATCH_ROWS {
            self.close_batch()
        } else {
            Ok(())
        }
    }

    fn close_batch(&mut self) -> Result<(), Located> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.builders.len());
        for (nth, builder) in self.builders.iter_mut().enumerate() {
            match builder.finish() {
                Ok(array) => arrays.push(array),
                Err(error) => {
                    let first = self.line.saturating_sub(self.rows as u64) + 1;
                    let column = self.name(nth).to_owned();
                    let place = format!(
                        "COPY {}, lines {first} to {}, column {column}",
                        self.relation, self.line
                    );
                    return Err(located(error, place));
                }
            }
        }
        let nullable = arrow::datatypes::Schema::new_with_metadata(
            // whether NULL is allowed is the table's business, and its error to report
            self.schema
                .fields()
                .iter()
                .map(|field| field.as_ref().clone().with_nullable(true))
                .collect::<Vec<_>>(),
            self.schema.metadata().clone(),
        );
        let schema = match arrays
            .iter()
            .zip(self.schema.fields())
            .any(|(array, field)| !field.is_nullable() && array.null_count() > 0)
        {
            true => std::sync::Arc::new(nullable),
            false => self.schema.clone(),
        };
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options)
            .map_err(|error| SqlError::internal(format!("cannot build a batch: {error}")))?;
        self.batches.push(batch);
        self.rows = 0;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Vec<RecordBatch>, Located> {
        if self.rows > 0 {
            self.close_batch()?;
        }
        Ok(self.batches)
    }

    fn name(&self, nth: usize) -> &str {
        self.schema.field(nth).name()
    }

    fn too_many(&self, line: &[u8]) -> Located {
        self.bad_line("extra data after last expected column", line)
    }

    /// `22P04` about a whole line.
    pub(super) fn bad_line(&self, message: impl Into<String>, line: &[u8]) -> Located {
        let error = SqlError::new(SqlState::BAD_COPY_FORMAT, message);
        let shown = String::from_utf8_lossy(line);
        self.locate(error, format!(": \"{}\"", shortened(&shown)))
    }

    /// An error with the current line and `place` behind it.
    pub(super) fn locate(&self, error: SqlError, place: String) -> Located {
        located(
            error,
            format!("COPY {}, line {}{place}", self.relation, self.line),
        )
    }
}

/// Context is what PostgreSQL's own tools show; detail is what every driver shows.
fn located(mut error: SqlError, context: String) -> Located {
    error.detail = Some(match error.detail.take() {
        Some(detail) => format!("{detail}\n{context}"),
        None => context.clone(),
    });
    Located {
        error: Box::new(error),
        context: Some(context),
    }
}

fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 100;
    match text.char_indices().nth(CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
