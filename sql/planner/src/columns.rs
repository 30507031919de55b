//! Column definitions of streams and tables.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use sqlparser::ast::{self, ColumnDef, ColumnOption};
use summit_catalog::{Catalog, SqlError, SqlState, types};
use summit_parser::{fold_ident, object_name_parts};

use crate::error::{listed, nearest};
use crate::limits::COLUMNS_MAX;

/// The columns of a `CREATE`, and which of them say PRIMARY KEY.
pub(crate) struct Columns {
    pub(crate) fields: Vec<Field>,
    pub(crate) keys: Vec<usize>,
}

impl Columns {
    /// # Errors
    /// `42701` for a name that comes twice, and the type's or the option's own.
    pub(crate) fn of(definitions: &[ColumnDef], kind: &str) -> Result<Self, SqlError> {
        if definitions.is_empty() {
            return Err(SqlError::new(
                SqlState::INVALID_TABLE_DEFINITION,
                format!("a {kind} needs at least one column"),
            ));
        }
        if definitions.len() > COLUMNS_MAX {
            return Err(SqlError::new(
                SqlState::PROGRAM_LIMIT,
                format!("{kind}s can have at most {COLUMNS_MAX} columns"),
            ));
        }
        let mut columns = Columns {
            fields: Vec::new(),
            keys: Vec::new(),
        };
        for (index, definition) in definitions.iter().enumerate() {
            let name = fold_ident(&definition.name);
            if columns.fields.iter().any(|field| *field.name() == name) {
                return Err(duplicate(&name));
            }
            let mut nullable = true;
            for option in &definition.options {
                match &option.option {
                    ColumnOption::Null => {}
                    ColumnOption::NotNull => nullable = false,
                    ColumnOption::PrimaryKey(_) => {
                        nullable = false;
                        columns.keys.push(index);
                    }
                    other => return Err(refused_option(other)),
                }
            }
            columns
                .fields
                .push(types::field_of(&name, &definition.data_type, nullable)?);
        }
        Ok(columns)
    }

    pub(crate) fn schema(self) -> SchemaRef {
        Arc::new(Schema::new(self.fields))
    }

    /// The index of a column.
    ///
    /// # Errors
    /// `42703`
    pub(crate) fn find(&self, name: &str, what: &str) -> Result<usize, SqlError> {
        index_of(&self.fields, name).ok_or_else(|| {
            let error = SqlError::new(
                SqlState::UNDEFINED_COLUMN,
                format!("column \"{name}\" named in {what} does not exist"),
            );
            let names = || self.fields.iter().map(|field| field.name().as_str());
            match nearest(name, names()) {
                Some(near) => error.hint(format!("Perhaps you meant \"{near}\".")),
                None => error.hint(format!("The columns are {}.", listed(names()))),
            }
        })
    }
}

fn index_of(fields: &[Field], name: &str) -> Option<usize> {
    fields.iter().position(|field| field.name() == name)
}

pub(crate) fn duplicate(name: &str) -> SqlError {
    SqlError::new(
        SqlState::DUPLICATE_COLUMN,
        format!("column \"{name}\" specified more than once"),
    )
    .hint("Give one of them another name.")
}

/// The schema and name of something that is being made.
///
/// # Errors
/// `3F000` for a schema that does not exist, `42601` for too many parts.
pub(crate) fn new_name(name: &ast::ObjectName) -> Result<(String, String), SqlError> {
    let parts = object_name_parts(name);
    let (schema, name) = match parts.as_slice() {
        [name] => (Catalog::DEFAULT_SCHEMA, name),
        [schema, name] | [_, schema, name] => (schema.as_str(), name),
        _ => {
            return Err(SqlError::new(
                SqlState::SYNTAX_ERROR,
                format!(
                    "improper relation name (too many dotted names): {}",
                    parts.join(".")
                ),
            ));
        }
    };
    match schema {
        Catalog::DEFAULT_SCHEMA => Ok((schema.to_owned(), name.clone())),
        Catalog::SYSTEM_SCHEMA | "pg_catalog" | "information_schema" => Err(SqlError::new(
            SqlState("42501"),
            format!("permission denied for schema {schema}"),
        )
        .hint("It holds the system's own relations; make yours in schema public.")),
        _ => Err(SqlError::new(
            SqlState::UNKNOWN_SCHEMA,
            format!("schema \"{schema}\" does not exist"),
        )
        .hint("The schema for your relations is public.")),
    }
}

fn refused_option(option: &ColumnOption) -> SqlError {
    let (what, hint) = match option {
        ColumnOption::Default(_) => (
            "DEFAULT",
            "Give the value in each INSERT; a column that is left out is NULL.",
        ),
        ColumnOption::Check(_) => ("CHECK", "Check the rows before you insert them."),
        ColumnOption::Unique(_) => (
            "UNIQUE",
            "The primary key is unique; make the column part of it.",
        ),
        ColumnOption::ForeignKey(_) => ("REFERENCES", "Leave it out; joins need no foreign key."),
        ColumnOption::Generated { .. } | ColumnOption::Identity(_) => (
            "GENERATED",
            "Give the values yourself, or compute them in a view.",
        ),
        ColumnOption::Collation(_) => (
            "COLLATE",
            "Leave it out: text is compared by its code points, as with COLLATE \"C\".",
        ),
        _ => {
            return SqlError::unsupported(
                format!("column option {option} is not available"),
                "Leave it out.",
            );
        }
    };
    SqlError::unsupported(format!("{what} is not available yet"), hint)
}
