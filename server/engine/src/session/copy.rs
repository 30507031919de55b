//! COPY.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use sqlparser::ast::{CopyLegacyCsvOption, CopyLegacyOption, CopyOption, CopySource, CopyTarget};
use summit_catalog::{SqlError, SqlState};
use summit_parser::{fold_ident, object_name_parts};
use summit_planner::Scope;
use summit_session::{CopyFormat, CopyIn, CopyOptions};

use crate::session::EngineSession;
use crate::session::plan::Plan;

/// Plans `COPY … FROM STDIN` and `COPY … TO STDOUT`.
pub(crate) fn plan(
    session: &EngineSession,
    scope: &Scope,
    source: &CopySource,
    to: bool,
    target: &CopyTarget,
    with: &[CopyOption],
    legacy: &[CopyLegacyOption],
) -> Result<Plan, SqlError> {
    let options = options(with, legacy)?;
    if !matches!(target, CopyTarget::Stdin | CopyTarget::Stdout) {
        return Err(SqlError::unsupported(
            "COPY with a file or program of the server is not available",
            "Use COPY ... FROM STDIN or TO STDOUT; psql's \\copy reads and writes the client's files.",
        ));
    }
    if to {
        let query = match source {
            CopySource::Query(query) => session.shared.planner.query(query, scope)?,
            CopySource::Table {
                table_name,
                columns,
            } => {
                let columns = if columns.is_empty() {
                    "*".to_owned()
                } else {
                    columns
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                let text = format!("SELECT {columns} FROM {table_name}");
                let query = summit_parser::parse_query(&text)?;
                let mut scope = scope.clone();
                scope.source = None;
                session.shared.planner.query(&query, &scope)?
            }
        };
        return Ok(Plan::CopyOut(query, options));
    }
    let CopySource::Table {
        table_name,
        columns,
    } = source
    else {
        return Err(SqlError::new(
            SqlState::SYNTAX_ERROR,
            "COPY FROM needs a relation, not a query",
        ));
    };
    let target = object_name_parts(table_name);
    let relation = session.writable(&target)?;
    let fields: Vec<Arc<Field>> = if columns.is_empty() {
        relation.columns.fields().iter().cloned().collect()
    } else {
        let mut fields: Vec<Arc<Field>> = Vec::with_capacity(columns.len());
        for column in columns {
            let name = fold_ident(column);
            let field = relation.columns.field_with_name(&name).map_err(|_| {
                SqlError::new(
                    SqlState::UNDEFINED_COLUMN,
                    format!(
                        "column \"{name}\" of relation \"{}\" does not exist",
                        relation.name
                    ),
                )
            })?;
            if fields.iter().any(|known| known.name() == &name) {
                return Err(SqlError::new(
                    SqlState::DUPLICATE_COLUMN,
                    format!("column \"{name}\" specified more than once"),
                ));
            }
            fields.push(Arc::new(field.clone()));
        }
        fields
    };
    // NULLs are checked when the rows are written, with PostgreSQL's message.
    let fields: Vec<Field> = fields
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    Ok(Plan::CopyIn(CopyIn {
        relation: relation.name.clone(),
        schema: Arc::new(Schema::new(fields)),
        options,
        target,
    }))
}

/// COPY's options.
///
/// # Errors
/// `22023` for values that make no sense, `0A000` for options that are not offered.
pub(crate) fn options(
    with: &[CopyOption],
    legacy: &[CopyLegacyOption],
) -> Result<CopyOptions, SqlError> {
    let mut wish = Wish::default();
    for option in with {
        wish.take(option)?;
    }
    for option in legacy {
        wish.take_legacy(option)?;
    }
    wish.finish()
}

#[derive(Default)]
struct Wish {
    format: Option<CopyFormat>,
    delimiter: Option<char>,
    null: Option<String>,
    header: bool,
    quote: Option<char>,
    escape: Option<char>,
}

impl Wish {
    fn take(&mut self, option: &CopyOption) -> Result<(), SqlError> {
        match option {
            CopyOption::Format(format) => {
                self.format = Some(match format.value.to_lowercase().as_str() {
                    "text" => CopyFormat::Text,
                    "csv" => CopyFormat::Csv,
                    "binary" => CopyFormat::Binary,
                    other => {
                        return Err(SqlError::new(
                            SqlState::INVALID_PARAMETER,
                            format!("COPY format \"{other}\" not recognized"),
                        )
                        .hint("The formats are text, csv and binary."));
                    }
                });
            }
            CopyOption::Delimiter(delimiter) => self.delimiter = Some(*delimiter),
            CopyOption::Null(null) => self.null = Some(null.clone()),
            CopyOption::Header(header) => self.header = *header,
            CopyOption::Quote(quote) => self.quote = Some(*quote),
            CopyOption::Escape(escape) => self.escape = Some(*escape),
            CopyOption::Encoding(encoding)
                if matches!(
                    encoding.to_lowercase().as_str(),
                    "utf8" | "utf-8" | "unicode"
                ) => {}
            CopyOption::Freeze(_) => {}
            other => return Err(not_offered(&other.to_string())),
        }
        Ok(())
    }

    fn take_legacy(&mut self, option: &CopyLegacyOption) -> Result<(), SqlError> {
        match option {
            CopyLegacyOption::Binary => self.format = Some(CopyFormat::Binary),
            CopyLegacyOption::Delimiter(delimiter) => self.delimiter = Some(*delimiter),
            CopyLegacyOption::Null(null) => self.null = Some(null.clone()),
            CopyLegacyOption::Header => self.header = true,
            CopyLegacyOption::Csv(options) => {
                self.format = Some(CopyFormat::Csv);
                for option in options {
                    match option {
                        CopyLegacyCsvOption::Header => self.header = true,
                        CopyLegacyCsvOption::Quote(quote) => self.quote = Some(*quote),
                        CopyLegacyCsvOption::Escape(escape) => self.escape = Some(*escape),
                        other => return Err(not_offered(&other.to_string())),
                    }
                }
            }
            other => return Err(not_offered(&other.to_string())),
        }
        Ok(())
    }

    fn finish(self) -> Result<CopyOptions, SqlError> {
        let format = self.format.unwrap_or(CopyFormat::Text);
        let is_csv = format == CopyFormat::Csv;
        if !is_csv && (self.quote.is_some() || self.escape.is_some()) {
            return Err(SqlError::new(
                SqlState::FEATURE_NOT_SUPPORTED,
                "COPY quote and escape are available only in CSV mode",
            )
            .hint("WITH (FORMAT csv, ...)"));
        }
        let quote = byte("quote", self.quote.unwrap_or('"'))?;
        Ok(CopyOptions {
            format,
            delimiter: byte(
                "delimiter",
                self.delimiter.unwrap_or(if is_csv { ',' } else { '\t' }),
            )?,
            null: self.null.unwrap_or_else(|| {
                if is_csv {
                    String::new()
                } else {
                    "\\N".to_owned()
                }
            }),
            header: self.header,
            quote,
            escape: match self.escape {
                Some(escape) => byte("escape", escape)?,
                None => quote,
            },
        })
    }
}

fn byte(what: &str, character: char) -> Result<u8, SqlError> {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() && byte != b'\n' && byte != b'\r' => Ok(byte),
        _ => Err(SqlError::new(
            SqlState::INVALID_PARAMETER,
            format!("COPY {what} must be a single one-byte character"),
        )),
    }
}

fn not_offered(option: &str) -> SqlError {
    SqlError::unsupported(
        format!("COPY option {option} is not available yet"),
        "The options are FORMAT, DELIMITER, NULL, HEADER, QUOTE and ESCAPE.",
    )
}
