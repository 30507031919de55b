//! INSERT, UPDATE and DELETE: to queries whose rows are what is written.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{self, ObjectName, SetExpr, TableFactor};
use summit_catalog::{Relation, RelationKind, SqlError, SqlState};
use summit_parser::object_name_parts;

use crate::assign::{assignable, cast_to, for_column, is_literal};
use crate::bound::{BoundDelete, BoundInsert, BoundUpdate};
use crate::error::{listed, nearest};
use crate::names::find_named;
use crate::sources::relations_of;
use crate::{Planner, Scope, sql_error};

impl Planner {
    /// An INSERT into a stream or table.
    ///
    /// # Errors
    /// In PostgreSQL's words; `0A000` for RETURNING and ON CONFLICT.
    pub fn insert(&self, insert: &ast::Insert, scope: &Scope) -> Result<BoundInsert, SqlError> {
        refuse_insert_clauses(insert)?;
        let ast::TableObject::TableName(name) = &insert.table else {
            return Err(SqlError::unsupported(
                "INSERT needs the name of a stream or table",
                "Use INSERT INTO name ….",
            ));
        };
        let target = target(name, scope)?;
        writable(&target, "insert into", true)?;
        let mut columns = insert_columns(&insert.columns, &target)?;
        let Some(source) = &insert.source else {
            if !insert.assignments.is_empty() {
                return Err(SqlError::new(
                    SqlState::SYNTAX_ERROR,
                    "syntax error at or near \"SET\"",
                )
                .hint("Use INSERT INTO name (columns) VALUES (…)."));
            }
            let plan = LogicalPlanBuilder::empty(true).build().map_err(sql_error)?;
            let rows = whole_rows(plan, &[], &target)?;
            return Ok(BoundInsert {
                target,
                rows,
                parameter_types: Vec::new(),
                relations: Vec::new(),
            });
        };
        let mut query = source.as_ref().clone();
        let bare = query.order_by.is_none() && query.limit_clause.is_none() && query.with.is_none();
        let mut shape = None;
        if let (SetExpr::Values(values), true) = (query.body.as_mut(), bare) {
            let given = values.rows.first().map_or(0, |row| row.content.len());
            if values.rows.iter().any(|row| row.content.len() != given) {
                return Err(SqlError::new(
                    SqlState::SYNTAX_ERROR,
                    "VALUES lists must all be the same length",
                ));
            }
            if insert.columns.is_empty() && given < columns.len() {
                columns.truncate(given);
            }
            count_fits(given, columns.len())?;
            for row in &mut values.rows {
                for (cell, column) in row.content.iter_mut().zip(&columns) {
                    for_column(cell, target.columns.field(*column))?;
                }
            }
            let fields: Vec<Field> = columns
                .iter()
                .map(|column| {
                    let field = target.columns.field(*column);
                    Field::new(field.name(), field.data_type().clone(), true)
                })
                .collect();
            let schema = DFSchema::try_from(Schema::new(fields)).map_err(sql_error)?;
            shape = Some(Arc::new(schema));
        }
        let typed = self.typed_query(&query, scope, shape.clone())?;
        let given = typed.plan.schema().fields().len();
        if insert.columns.is_empty() && given < columns.len() {
            columns.truncate(given);
        }
        count_fits(given, columns.len())?;
        if shape.is_none() {
            check_assignments(&typed.plan, &columns, &target)?;
        }
        let relations = relations_of(&typed.plan).map_err(sql_error)?;
        let rows = whole_rows(typed.plan, &columns, &target)?;
        Ok(BoundInsert {
            target,
            rows,
            parameter_types: typed.parameter_types,
            relations,
        })
    }

    /// An UPDATE of a table.
    ///
    /// # Errors
    /// In PostgreSQL's words; `42809` for what is not a table.
    pub fn update(&self, update: &ast::Update, scope: &Scope) -> Result<BoundUpdate, SqlError> {
        if update.returning.is_some() {
            return Err(returning());
        }
        if update.limit.is_some() || !update.order_by.is_empty() || update.or.is_some() {
            return Err(SqlError::new(
                SqlState::SYNTAX_ERROR,
                "UPDATE takes SET, FROM and WHERE only",
            ));
        }
        let (target, qualifier) = target_of(&update.table, scope)?;
        writable(&target, "update", false)?;
        let mut assigned: HashMap<usize, ast::Expr> = HashMap::new();
        for assignment in &update.assignments {
            let ast::AssignmentTarget::ColumnName(name) = &assignment.target else {
                return Err(SqlError::unsupported(
                    "SET (a, b) = … is not available yet",
                    "Assign each column: SET a = …, b = ….",
                ));
            };
            let name = object_name_parts(name).pop().unwrap_or_default();
            let column = column_of(&name, &target)?;
            let mut value = assignment.value.clone();
            for_column(&mut value, target.columns.field(column))?;
            if assigned.insert(column, value).is_some() {
                return Err(SqlError::new(
                    SqlState::SYNTAX_ERROR,
                    format!("multiple assignments to same column \"{name}\""),
                ));
            }
        }
        let scope = &with_assigned_parameters(scope, &assigned, &target);
        let width = target.columns.fields().len();
        let mut items = old_columns(&target, &qualifier);
        for index in 0..width {
            if let Some(value) = assigned.remove(&index) {
                items.push(item(value, &format!("new {index}")));
            }
        }
        let from = match &update.from {
            Some(
                ast::UpdateTableFromKind::BeforeSet(from)
                | ast::UpdateTableFromKind::AfterSet(from),
            ) => from.clone(),
            None => Vec::new(),
        };
        let query = row_query(
            items,
            &update.table,
            &from,
            update.selection.clone(),
            &target,
            &qualifier,
        );
        let typed = self.typed_query(&query, scope, None)?;
        let new_columns: Vec<usize> = update
            .assignments
            .iter()
            .filter_map(|assignment| match &assignment.target {
                ast::AssignmentTarget::ColumnName(name) => {
                    column_of(&object_name_parts(name).pop()?, &target).ok()
                }
                ast::AssignmentTarget::Tuple(_) => None,
            })
            .collect();
        let mut exprs = Vec::with_capacity(width * 2);
        let schema = typed.plan.schema();
        let of = |index: usize| Expr::Column(Column::from(schema.qualified_field(index)));
        for (index, field) in target.columns.fields().iter().enumerate() {
            exprs.push(of(index).alias(format!("old {}", field.name())));
        }
        // Assigned columns come in the target's order, behind the old ones.
        let mut sorted = new_columns;
        sorted.sort_unstable();
        for (index, field) in target.columns.fields().iter().enumerate() {
            let expr = match sorted.iter().position(|column| *column == index) {
                Some(position) => {
                    let from = schema.field(width + position).data_type();
                    let literal = is_literal(&typed.plan, width + position);
                    assignable(field, from, literal)?;
                    cast_to(of(width + position), from, field.data_type())
                }
                None => of(index),
            };
            exprs.push(expr.alias(format!("new {}", field.name())));
        }
        let relations = relations_of(&typed.plan).map_err(sql_error)?;
        let rows = LogicalPlanBuilder::from(typed.plan)
            .project(exprs)
            .and_then(LogicalPlanBuilder::build)
            .map_err(sql_error)?;
        Ok(BoundUpdate {
            target,
            rows,
            parameter_types: typed.parameter_types,
            relations,
        })
    }

    /// A DELETE from a table.
    ///
    /// # Errors
    /// In PostgreSQL's words; `42809` for what is not a table.
    pub fn delete(&self, delete: &ast::Delete, scope: &Scope) -> Result<BoundDelete, SqlError> {
        if delete.returning.is_some() {
            return Err(returning());
        }
        let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) =
            &delete.from;
        let [table] = from.as_slice() else {
            return Err(SqlError::new(
                SqlState::SYNTAX_ERROR,
                "DELETE takes one table",
            ));
        };
        if delete.limit.is_some() || !delete.order_by.is_empty() || !delete.tables.is_empty() {
            return Err(SqlError::new(
                SqlState::SYNTAX_ERROR,
                "DELETE takes FROM, USING and WHERE only",
            ));
        }
        let (target, qualifier) = target_of(table, scope)?;
        writable(&target, "delete from", false)?;
        let using = delete.using.clone().unwrap_or_default();
        let items = old_columns(&target, &qualifier);
        let query = row_query(
            items,
            table,
            &using,
            delete.selection.clone(),
            &target,
            &qualifier,
        );
        let typed = self.typed_query(&query, scope, None)?;
        let relations = relations_of(&typed.plan).map_err(sql_error)?;
        let all: Vec<usize> = (0..target.columns.fields().len()).collect();
        let rows = whole_rows(typed.plan, &all, &target)?;
        Ok(BoundDelete {
            target,
            rows,
            parameter_types: typed.parameter_types,
            relations,
        })
    }
}

fn refuse_insert_clauses(insert: &ast::Insert) -> Result<(), SqlError> {
    if insert.returning.is_some() {
        return Err(returning());
    }
    if insert.on.is_some() {
        return Err(SqlError::unsupported(
            "ON CONFLICT is not available yet",
            "Use UPDATE for rows that exist, and INSERT for those that do not.",
        ));
    }
    if insert.overwrite
        || insert.replace_into
        || insert.or.is_some()
        || insert.partitioned.is_some()
    {
        return Err(SqlError::new(
            SqlState::SYNTAX_ERROR,
            "INSERT takes INTO only",
        ));
    }
    Ok(())
}

fn returning() -> SqlError {
    SqlError::unsupported(
        "RETURNING is not available yet",
        "Leave it out, and select the rows afterwards.",
    )
}

fn target(name: &ObjectName, scope: &Scope) -> Result<Arc<Relation>, SqlError> {
    find_named(scope, &object_name_parts(name))
}

/// The table, and the name that qualifies its columns.
fn target_of(
    table: &ast::TableWithJoins,
    scope: &Scope,
) -> Result<(Arc<Relation>, ast::Ident), SqlError> {
    let (
        TableFactor::Table {
            name,
            alias,
            args: None,
            ..
        },
        [],
    ) = (&table.relation, table.joins.as_slice())
    else {
        return Err(SqlError::new(
            SqlState::SYNTAX_ERROR,
            "a table's name is needed here",
        ));
    };
    let target = target(name, scope)?;
    let qualifier = match alias {
        Some(alias) => alias.name.clone(),
        None => ast::Ident::with_quote('"', target.name.clone()),
    };
    Ok((target, qualifier))
}

fn writable(target: &Relation, verb: &str, stream: bool) -> Result<(), SqlError> {
    let name = target.display_name();
    let error = |kind: &str| {
        SqlError::new(
            SqlState::WRONG_OBJECT_TYPE,
            format!("cannot {verb} {kind} \"{name}\""),
        )
    };
    match target.kind {
        RelationKind::Table { .. } => Ok(()),
        RelationKind::Stream { .. } if stream => Ok(()),
        RelationKind::Stream { .. } => Err(error("stream")
            .hint("A stream's rows never change. Use CREATE TABLE for rows that do.")),
        RelationKind::View { .. } => {
            Err(error("view").hint("Write to the streams and tables that the view reads."))
        }
        RelationKind::MaterializedView { .. } => Err(error("materialized view")
            .hint("Write to the streams and tables that the view reads; it follows.")),
        RelationKind::System => {
            Err(error("system relation").hint("It shows the server's state and cannot be written."))
        }
    }
}

fn column_of(name: &str, target: &Relation) -> Result<usize, SqlError> {
    let names = || {
        target
            .columns
            .fields()
            .iter()
            .map(|field| field.name().as_str())
    };
    names().position(|known| known == name).ok_or_else(|| {
        let error = SqlError::new(
            SqlState::UNDEFINED_COLUMN,
            format!(
                "column \"{name}\" of relation \"{}\" does not exist",
                target.display_name()
            ),
        );
        match nearest(name, names()) {
            Some(near) => error.hint(format!("Perhaps you meant \"{near}\".")),
            None => error.hint(format!("The columns are {}.", listed(names()))),
        }
    })
}

fn insert_columns(names: &[ObjectName], target: &Relation) -> Result<Vec<usize>, SqlError> {
    if names.is_empty() {
        return Ok((0..target.columns.fields().len()).collect());
    }
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let name = object_name_parts(name).pop().unwrap_or_default();
        let column = column_of(&name, target)?;
        if columns.contains(&column) {
            return Err(crate::columns::duplicate(&name));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn count_fits(given: usize, wanted: usize) -> Result<(), SqlError> {
    let message = match given.cmp(&wanted) {
        std::cmp::Ordering::Equal => return Ok(()),
        std::cmp::Ordering::Greater => "INSERT has more expressions than target columns",
        std::cmp::Ordering::Less => "INSERT has more target columns than expressions",
    };
    Err(SqlError::new(SqlState::SYNTAX_ERROR, message)
        .detail(format!("{given} expressions for {wanted} columns.")))
}

/// Whole rows of the target: `columns[i]` takes the plan's i-th column, the others are NULL.
fn whole_rows(
    plan: LogicalPlan,
    columns: &[usize],
    target: &Relation,
) -> Result<LogicalPlan, SqlError> {
    let exprs: Vec<Expr> = target
        .columns
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let expr = match columns.iter().position(|column| *column == index) {
                Some(position) => {
                    let from = plan.schema().field(position).data_type();
                    let column = Column::from(plan.schema().qualified_field(position));
                    cast_to(Expr::Column(column), from, field.data_type())
                }
                None => {
                    let null = ScalarValue::try_new_null(field.data_type()).map_err(sql_error)?;
                    Expr::Literal(null, None)
                }
            };
            Ok(expr.alias(field.name()))
        })
        .collect::<Result<_, SqlError>>()?;
    LogicalPlanBuilder::from(plan)
        .project(exprs)
        .and_then(LogicalPlanBuilder::build)
        .map_err(sql_error)
}

fn check_assignments(
    plan: &LogicalPlan,
    columns: &[usize],
    target: &Relation,
) -> Result<(), SqlError> {
    for (position, column) in columns.iter().enumerate() {
        let from = plan.schema().field(position).data_type();
        assignable(
            target.columns.field(*column),
            from,
            is_literal(plan, position),
        )?;
    }
    Ok(())
}

/// `SET column = $n`: the parameter has the column's type unless the client says otherwise.
fn with_assigned_parameters(
    scope: &Scope,
    assigned: &HashMap<usize, ast::Expr>,
    target: &Relation,
) -> Scope {
    let mut scope = scope.clone();
    let mut columns: Vec<_> = assigned.iter().collect();
    columns.sort_by_key(|(column, _)| **column);
    for (column, value) in columns {
        if let ast::Expr::Value(value) = value
            && let ast::Value::Placeholder(name) = &value.value
            && let Some(number) = name
                .strip_prefix('$')
                .and_then(|number| number.parse::<usize>().ok())
            && (1..=crate::limits::PARAMETERS_MAX).contains(&number)
        {
            if scope.parameters.len() < number {
                scope.parameters.resize(number, None);
            }
            let slot = &mut scope.parameters[number - 1];
            if slot.is_none() {
                *slot = Some(target.columns.field(*column).data_type().clone());
            }
        }
    }
    scope
}

fn item(expr: ast::Expr, alias: &str) -> ast::SelectItem {
    ast::SelectItem::ExprWithAlias {
        expr,
        alias: ast::Ident::with_quote('"', alias),
    }
}

fn old_columns(target: &Relation, qualifier: &ast::Ident) -> Vec<ast::SelectItem> {
    target
        .columns
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| item(qualified(qualifier, field), &format!("old {index}")))
        .collect()
}

fn qualified(qualifier: &ast::Ident, field: &Field) -> ast::Expr {
    let column = ast::Ident::with_quote('"', field.name().clone());
    ast::Expr::CompoundIdentifier(vec![qualifier.clone(), column])
}

/// `SELECT items FROM table, others WHERE …`. Others may match a row more than once: the key
/// makes it come once.
fn row_query(
    items: Vec<ast::SelectItem>,
    table: &ast::TableWithJoins,
    others: &[ast::TableWithJoins],
    selection: Option<ast::Expr>,
    target: &Relation,
    qualifier: &ast::Ident,
) -> ast::Query {
    let distinct = match &target.kind {
        RelationKind::Table { primary_key } if !others.is_empty() => Some(ast::Distinct::On(
            primary_key
                .iter()
                .map(|column| qualified(qualifier, target.columns.field(*column)))
                .collect(),
        )),
        _ => None,
    };
    let mut query =
        summit_parser::parse_query("SELECT 1").expect("a constant text that is a query");
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = items;
        select.distinct = distinct;
        select.from = std::iter::once(table.clone())
            .chain(others.iter().cloned())
            .collect();
        select.selection = selection;
    }
    *query
}
