//! The names of result columns, as PostgreSQL gives them.
//!
//! DataFusion names a column by its expression (`count(*)`, `Int64(1)`) and refuses two of one
//! name. So every unnamed item of a select list gets the name that PostgreSQL would give it
//! before planning; a name that comes again gets a mark behind it that [`shown`] takes off.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use sqlparser::ast::{self, Expr, Ident, Query, SelectItem, SetExpr};
use summit_catalog::types;
use summit_parser::fold_ident;

/// Stands between a name and its number. A private-use character: no keyboard has it.
const MARK: char = '\u{F5A1}';

/// What becomes of an alias beside a star, `SELECT *, upper(a) AS a`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StarAliases {
    /// It stays.
    Kept,
    /// It is marked, because a column of the star has that name.
    Marked,
}

/// Names the items of a query's select lists, and lets ORDER BY find them.
pub(crate) fn name_items(query: &mut Query, aliases: StarAliases) {
    name_set(&mut query.body, aliases);
    let (SetExpr::Select(select), Some(order)) = (query.body.as_ref(), query.order_by.as_mut())
    else {
        return;
    };
    let ast::OrderByKind::Expressions(orders) = &mut order.kind else {
        return;
    };
    // `SELECT lower(x) … ORDER BY lower(x)` orders by the column that is there already.
    for order in orders {
        let name = match &order.expr {
            Expr::Identifier(ident) => Some(fold_ident(ident)),
            Expr::CompoundIdentifier(_) | Expr::Value(_) => continue,
            _ => None,
        };
        let same = select
            .projection
            .iter()
            .find_map(|item| match (item, &name) {
                (SelectItem::ExprWithAlias { expr, alias }, None) if *expr == order.expr => {
                    Some(alias)
                }
                (SelectItem::ExprWithAlias { alias, .. }, Some(name))
                    if aliases == StarAliases::Marked && shown(&alias.value) == *name =>
                {
                    Some(alias)
                }
                _ => None,
            });
        if let Some(alias) = same {
            order.expr = Expr::Identifier(alias.clone());
        }
    }
}

/// A set operation takes its names from the left.
fn name_set(body: &mut SetExpr, aliases: StarAliases) {
    match body {
        SetExpr::Select(select) => name_select(&mut select.projection, aliases),
        SetExpr::SetOperation { left, .. } => name_set(left, aliases),
        _ => {}
    }
}

fn name_select(items: &mut [SelectItem], aliases: StarAliases) {
    let starred = items.iter().any(|item| {
        matches!(
            item,
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)
        )
    });
    let mut taken: HashSet<String> = HashSet::new();
    for item in items {
        let (expr, name, named) = match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = implied(expr);
                let column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
                (expr, name, column)
            }
            SelectItem::ExprWithAlias { expr, alias } => (expr, fold_ident(alias), true),
            _ => continue,
        };
        // A column beside a star is there twice.
        let again = starred && (aliases == StarAliases::Marked || is_own_name(expr, &name));
        let unique = if taken.insert(name.clone()) && !again {
            name.clone()
        } else {
            let numbered = format!("{name}{MARK}{}", taken.len());
            taken.insert(numbered.clone());
            numbered
        };
        // A column that keeps its own name keeps its relation too: no alias.
        if unique == name && named {
            continue;
        }
        let expr = expr.clone();
        *item = SelectItem::ExprWithAlias {
            expr,
            alias: Ident::with_quote('"', unique),
        };
    }
}

/// Whether an item is a column under its own name.
fn is_own_name(expr: &Expr, name: &str) -> bool {
    let last = match expr {
        Expr::Identifier(ident) => Some(ident),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    };
    last.is_some_and(|ident| fold_ident(ident) == name)
}

/// The name of an unnamed item.
fn implied(expr: &Expr) -> String {
    figure(expr).unwrap_or_else(|| "?column?".to_owned())
}

/// PostgreSQL's `FigureColname`.
fn figure(expr: &Expr) -> Option<String> {
    Some(match expr {
        Expr::Identifier(ident) => fold_ident(ident),
        Expr::CompoundIdentifier(parts) => fold_ident(parts.last()?),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => return figure(inner),
        Expr::Function(function) => fold_ident(function.name.0.last()?.as_ident()?),
        Expr::Cast {
            expr, data_type, ..
        } => match figure(expr) {
            Some(name) => return Some(name),
            None => cast_name(data_type),
        },
        Expr::TypedString(typed) => cast_name(&typed.data_type),
        Expr::Interval(_) => "interval".to_owned(),
        Expr::Case { else_result, .. } => else_result
            .as_deref()
            .and_then(figure)
            .unwrap_or_else(|| "case".to_owned()),
        Expr::Extract { .. } => "extract".to_owned(),
        Expr::Substring { .. } => "substring".to_owned(),
        Expr::Trim { .. } => "btrim".to_owned(),
        Expr::Position { .. } => "position".to_owned(),
        Expr::Ceil { .. } => "ceil".to_owned(),
        Expr::Floor { .. } => "floor".to_owned(),
        Expr::Overlay { .. } => "overlay".to_owned(),
        Expr::AtTimeZone { .. } => "timezone".to_owned(),
        Expr::Exists { .. } => "exists".to_owned(),
        Expr::Array(_) => "array".to_owned(),
        Expr::Value(value) => match &value.value {
            ast::Value::Boolean(_) => "bool".to_owned(),
            _ => return None,
        },
        Expr::Subquery(query) => match query.body.as_ref() {
            SetExpr::Select(select) => match select.projection.first()? {
                SelectItem::UnnamedExpr(expr) => return figure(expr),
                SelectItem::ExprWithAlias { alias, .. } => fold_ident(alias),
                _ => return None,
            },
            _ => return None,
        },
        _ => return None,
    })
}

/// The short names of `pg_type`.
fn cast_name(data_type: &ast::DataType) -> String {
    let Ok(arrow) = types::arrow_of(data_type) else {
        return data_type.to_string().to_lowercase();
    };
    match types::type_name(&arrow).as_str() {
        "boolean" => "bool",
        "smallint" => "int2",
        "integer" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" => "float8",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        "time without time zone" => "time",
        name if name.starts_with("numeric") => "numeric",
        name => return name.to_owned(),
    }
    .to_owned()
}

/// A text without the marks.
pub(crate) fn shown(text: &str) -> String {
    if !text.contains(MARK) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    let mut in_mark = false;
    for character in text.chars() {
        in_mark = character == MARK || (in_mark && character.is_ascii_digit());
        if !in_mark {
            shown.push(character);
        }
    }
    shown
}

/// A result's columns under the names that the user sees.
pub(crate) fn shown_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| {
            if field.name().contains(MARK) {
                Arc::new(field.as_ref().clone().with_name(shown(field.name())))
            } else {
                Arc::clone(field)
            }
        })
        .collect();
    Arc::new(Schema::new(fields))
}
