//! `CREATE STREAM | TABLE | VIEW | MATERIALIZED VIEW`: statements to relations.
//!
//! Whether the name is free is not asked here: the catalog decides that when the definition
//! is applied.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use sqlparser::ast::{self, TableConstraint};
use summit_catalog::types::type_name;
use summit_catalog::{
    Relation, RelationId, RelationKind, SqlError, SqlState, Watermark, is_storable,
};
use summit_log::Lsn;
use summit_parser::{CreateMaterializedView, CreateStream, Emit, fold_ident};

use crate::columns::{Columns, duplicate, new_name};
use crate::error::nearest;
use crate::interval::constant_micros;
use crate::limits::PARTITIONS_MAX;
use crate::names::{Names, named_relations};
use crate::{Planner, Scope, StreamPlan};

impl Planner {
    /// A stream.
    ///
    /// # Errors
    /// In PostgreSQL's words; `0A000` for what is not available yet.
    pub fn create_stream(
        &self,
        create: &CreateStream,
        sql: &str,
        scope: &Scope,
        default_partitions: u32,
    ) -> Result<Relation, SqlError> {
        let (schema, name) = new_name(&create.name)?;
        let columns = Columns::of(&create.columns, "stream")?;
        if !columns.keys.is_empty() {
            return Err(SqlError::unsupported(
                "streams have no primary key: their rows are never updated",
                "Use CREATE TABLE for rows that change.",
            ));
        }
        let watermark = match &create.watermark {
            Some(watermark) => Some(self.watermark(watermark, &columns, scope)?),
            None => None,
        };
        let mut partition_by = Vec::new();
        for ident in &create.partition_by {
            let name = fold_ident(ident);
            let index = columns.find(&name, "PARTITION BY")?;
            if partition_by.contains(&index) {
                return Err(duplicate(&name));
            }
            partition_by.push(index);
        }
        let mut partitions = default_partitions.clamp(1, PARTITIONS_MAX);
        for (option, value) in &create.options {
            match option.as_str() {
                "partitions" => partitions = partition_count(value)?,
                "retention" => {
                    return Err(SqlError::unsupported(
                        "retention per stream is not available yet",
                        "Leave it out: rows are kept until the stream is dropped.",
                    ));
                }
                other => return Err(unknown_option(other, &["partitions", "retention"])),
            }
        }
        Ok(new_relation(
            schema,
            name,
            columns.schema(),
            RelationKind::Stream {
                partitions,
                partition_by,
                watermark,
            },
            sql,
        ))
    }

    /// A table.
    ///
    /// # Errors
    /// In PostgreSQL's words; `0A000` for what is not available yet.
    pub fn create_table(
        &self,
        create: &ast::CreateTable,
        sql: &str,
        _scope: &Scope,
    ) -> Result<Relation, SqlError> {
        let (schema, name) = new_name(&create.name)?;
        refuse_table_clauses(create)?;
        let mut columns = Columns::of(&create.columns, "table")?;
        let mut primary_key = match columns.keys.as_slice() {
            [_, _, ..] => return Err(multiple_keys(&name)),
            keys => keys.to_vec(),
        };
        for constraint in &create.constraints {
            let TableConstraint::PrimaryKey(key) = constraint else {
                return Err(refused_constraint(constraint));
            };
            if !primary_key.is_empty() {
                return Err(multiple_keys(&name));
            }
            for column in &key.columns {
                let ast::Expr::Identifier(ident) = &column.column.expr else {
                    return Err(SqlError::new(
                        SqlState::SYNTAX_ERROR,
                        format!("a primary key takes columns, not {}", column.column.expr),
                    ));
                };
                let column = fold_ident(ident);
                let index = columns.find(&column, "key")?;
                if primary_key.contains(&index) {
                    return Err(SqlError::new(
                        SqlState::DUPLICATE_COLUMN,
                        format!("column \"{column}\" appears twice in primary key constraint"),
                    ));
                }
                primary_key.push(index);
            }
        }
        if primary_key.is_empty() {
            return Err(SqlError::unsupported(
                format!("table \"{name}\" needs a primary key"),
                "Name its key: PRIMARY KEY (column, …). For rows that only come and never change, use CREATE STREAM.",
            ));
        }
        for index in &primary_key {
            let field = columns.fields[*index].clone().with_nullable(false);
            columns.fields[*index] = field;
        }
        Ok(new_relation(
            schema,
            name,
            columns.schema(),
            RelationKind::Table { primary_key },
            sql,
        ))
    }

    /// A plain view.
    ///
    /// # Errors
    /// In PostgreSQL's words, with the position when the scope has the text.
    pub fn create_view(
        &self,
        create: &ast::CreateView,
        sql: &str,
        scope: &Scope,
    ) -> Result<Relation, SqlError> {
        let (schema, name) = new_name(&create.name)?;
        if create.temporary {
            return Err(SqlError::unsupported(
                "temporary views are not available",
                "Leave TEMPORARY out, and drop the view when it is done.",
            ));
        }
        let names: Vec<String> = create
            .columns
            .iter()
            .map(|column| fold_ident(&column.name))
            .collect();
        refuse_parameters(&create.query)?;
        let bound = self.query(&create.query, scope)?;
        crate::refuse::refuse_late(&bound.plan, "a view")?;
        let query = with_column_names(&create.query, names, &bound.schema)?;
        let columns = view_columns(&self.query(&query, scope)?.schema)?;
        let mut relation = new_relation(
            schema,
            name,
            columns,
            RelationKind::View {
                query: query.to_string(),
            },
            sql,
        );
        relation.depends_on = named_relations(&create.query, scope)?;
        Ok(relation)
    }

    /// A materialized view, and what keeps it up to date.
    ///
    /// # Errors
    /// In PostgreSQL's words, with the position when the scope has the text; `0A000` with the
    /// reason for a query that has no incremental form.
    pub fn create_materialized_view(
        &self,
        create: &CreateMaterializedView,
        sql: &str,
        scope: &Scope,
    ) -> Result<(Relation, StreamPlan), SqlError> {
        let (schema, name) = new_name(&create.name)?;
        match create.emit {
            Emit::Changes => {}
            Emit::OnWindowClose => {
                return Err(SqlError::unsupported(
                    "EMIT ON WINDOW CLOSE is not available yet",
                    "Leave it out: the view then shows each window as it fills.",
                ));
            }
        }
        if let Some((option, _)) = create.options.first() {
            return Err(unknown_option(option, &[]));
        }
        let names: Vec<String> = create.columns.iter().map(fold_ident).collect();
        let (mut plan, depends_on) = self.view(&create.query, scope)?;
        let query = with_column_names(&create.query, names, &plan.schema)?;
        if query != create.query {
            plan = self.view(&query, scope)?.0;
        }
        let columns = view_columns(&plan.schema)?;
        let mut relation = new_relation(
            schema,
            name,
            columns,
            RelationKind::MaterializedView {
                query: query.to_string(),
            },
            sql,
        );
        relation.depends_on = depends_on;
        Ok((relation, plan))
    }

    fn watermark(
        &self,
        watermark: &summit_parser::Watermark,
        columns: &Columns,
        scope: &Scope,
    ) -> Result<Watermark, SqlError> {
        let name = fold_ident(&watermark.column);
        let column = columns.find(&name, "WATERMARK FOR")?;
        let field = &columns.fields[column];
        if !matches!(field.data_type(), DataType::Timestamp(..)) {
            return Err(SqlError::new(
                SqlState::DATATYPE_MISMATCH,
                format!(
                    "a watermark needs a column of type timestamp or timestamptz, column \"{name}\" is {}",
                    type_name(field.data_type())
                ),
            ));
        }
        let shape = || {
            SqlError::unsupported(
                format!("watermark \"{}\" is not available", watermark.expr),
                format!("Write it as {name} or as {name} - INTERVAL '5 seconds'."),
            )
        };
        let is_column = |expr: &ast::Expr| match unnested(expr) {
            ast::Expr::Identifier(ident) => fold_ident(ident) == name,
            _ => false,
        };
        let delay_micros = match unnested(&watermark.expr) {
            expr if is_column(expr) => 0,
            ast::Expr::BinaryOp {
                left,
                op: ast::BinaryOperator::Minus,
                right,
            } if is_column(left) => {
                let plan_view = |_: &Arc<Relation>, _: usize| Err(shape());
                let names = Names::new(self.state(), scope, &plan_view, 0);
                let delay = SqlToRel::new(&names)
                    .sql_to_expr(
                        right.as_ref().clone(),
                        &DFSchema::empty(),
                        &mut PlannerContext::new(),
                    )
                    .map_err(|_| shape())?;
                constant_micros(&delay, "the delay of a watermark")?
            }
            _ => return Err(shape()),
        };
        if delay_micros < 0 {
            return Err(SqlError::new(
                SqlState::INVALID_PARAMETER,
                "the delay of a watermark must not be negative",
            ));
        }
        Ok(Watermark {
            column,
            delay_micros,
        })
    }
}

fn unnested(expr: &ast::Expr) -> &ast::Expr {
    match expr {
        ast::Expr::Nested(inner) => unnested(inner),
        _ => expr,
    }
}

fn new_relation(
    schema: String,
    name: String,
    columns: SchemaRef,
    kind: RelationKind,
    sql: &str,
) -> Relation {
    Relation {
        // The catalog numbers it when its definition is applied.
        id: RelationId(0),
        schema,
        name,
        columns,
        kind,
        depends_on: Vec::new(),
        sql: sql.to_owned(),
        created_at: Lsn::ZERO,
    }
}

/// A view's own column names become part of its query, which is all that is kept of it. As in
/// PostgreSQL, the columns past the last name keep theirs.
fn with_column_names(
    query: &ast::Query,
    mut names: Vec<String>,
    schema: &Schema,
) -> Result<Box<ast::Query>, SqlError> {
    if names.is_empty() {
        return Ok(Box::new(query.clone()));
    }
    if names.len() > schema.fields().len() {
        return Err(SqlError::new(
            SqlState::SYNTAX_ERROR,
            "CREATE VIEW specifies more column names than columns",
        ));
    }
    let own = schema
        .fields()
        .iter()
        .skip(names.len())
        .map(|field| field.name().clone());
    names.extend(own.collect::<Vec<_>>());
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(duplicate(name));
        }
    }
    let quoted = |name: &String| format!("\"{}\"", name.replace('"', "\"\""));
    let columns: Vec<String> = names.iter().map(quoted).collect();
    let text = format!("SELECT * FROM ({query}) AS named ({})", columns.join(", "));
    Ok(summit_parser::parse_query(&text)?)
}

/// The columns of a view, which must differ in name.
fn view_columns(schema: &SchemaRef) -> Result<SchemaRef, SqlError> {
    for (index, field) in schema.fields().iter().enumerate() {
        if schema
            .fields()
            .iter()
            .take(index)
            .any(|other| other.name() == field.name())
        {
            return Err(duplicate(field.name()));
        }
        if !is_storable(field.data_type()) {
            return Err(SqlError::unsupported(
                format!(
                    "a view cannot have column \"{}\" of type {}",
                    field.name(),
                    type_name(field.data_type())
                ),
                "Cast it to another type, such as text.",
            ));
        }
    }
    Ok(Arc::clone(schema))
}

fn refuse_parameters(query: &ast::Query) -> Result<(), SqlError> {
    if crate::parameters::used_in(query)?.is_empty() {
        return Ok(());
    }
    Err(SqlError::new(
        SqlState::UNDEFINED_PARAMETER,
        "a view's query cannot have parameters",
    )
    .hint("Write the values into the query."))
}

fn partition_count(value: &ast::Value) -> Result<u32, SqlError> {
    let text = match value {
        ast::Value::Number(text, _) | ast::Value::SingleQuotedString(text) => text.as_str(),
        _ => "",
    };
    match text.parse::<u32>() {
        Ok(count) if (1..=PARTITIONS_MAX).contains(&count) => Ok(count),
        _ => Err(SqlError::new(
            SqlState::INVALID_PARAMETER,
            format!("invalid value for parameter \"partitions\": {value}"),
        )
        .hint(format!("A number from 1 to {PARTITIONS_MAX}."))),
    }
}

fn unknown_option(option: &str, known: &[&str]) -> SqlError {
    let error = SqlError::new(
        SqlState::INVALID_PARAMETER,
        format!("unrecognized parameter \"{option}\""),
    );
    match nearest(option, known.iter().copied()) {
        Some(near) => error.hint(format!("Perhaps you meant \"{near}\".")),
        None if known.is_empty() => error.hint("There are no parameters here: leave WITH out."),
        None => error.hint(format!("The parameters are {}.", known.join(", "))),
    }
}

fn multiple_keys(name: &str) -> SqlError {
    SqlError::new(
        SqlState::INVALID_TABLE_DEFINITION,
        format!("multiple primary keys for table \"{name}\" are not allowed"),
    )
    .hint("A key of several columns is written PRIMARY KEY (a, b) after them.")
}

fn refused_constraint(constraint: &TableConstraint) -> SqlError {
    let (what, hint) = match constraint {
        TableConstraint::Unique(_) => (
            "UNIQUE",
            "The primary key is unique; make the columns part of it.",
        ),
        TableConstraint::ForeignKey(_) => ("FOREIGN KEY", "Leave it out; joins need none."),
        TableConstraint::Check(_) => ("CHECK", "Check the rows before you insert them."),
        _ => ("this constraint", "Leave it out."),
    };
    SqlError::unsupported(format!("{what} is not available yet"), hint)
}

fn refuse_table_clauses(create: &ast::CreateTable) -> Result<(), SqlError> {
    let refused = if create.query.is_some() {
        Some((
            "CREATE TABLE … AS",
            "Create the table, then INSERT INTO … SELECT; or create a materialized view.",
        ))
    } else if create.temporary {
        Some((
            "temporary tables",
            "Leave TEMPORARY out, and drop the table when it is done.",
        ))
    } else if create.or_replace {
        Some(("OR REPLACE", "Drop the table first."))
    } else if create.like.is_some() || create.clone.is_some() {
        Some(("LIKE", "Name the columns."))
    } else if create.inherits.is_some()
        || create.partition_of.is_some()
        || create.partition_by.is_some()
    {
        Some((
            "inheritance and partitions of tables",
            "Leave it out. Streams have partitions: CREATE STREAM.",
        ))
    } else if !matches!(create.table_options, ast::CreateTableOptions::None) {
        Some(("table parameters", "Leave WITH out."))
    } else {
        None
    };
    match refused {
        Some((what, hint)) => Err(SqlError::unsupported(
            format!("not available: {what}"),
            hint,
        )),
        None => Ok(()),
    }
}
