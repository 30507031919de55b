//! Which relations a query reads.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, ObjectName, Query, TableFactor, TableFunctionArgs, Visit,
    Visitor,
};

use crate::names::{fold_ident, object_name_parts};
use crate::windows::WINDOW_FUNCTIONS;

/// A function whose argument is a relation, besides the windows.
const LATE: &str = "summit_late";

/// The relations that a query names, each once, in the order of the text: in FROM at any depth, and
/// as the first argument of a window function or of `summit_late`. Names that a WITH defines are
/// left out where it applies.
pub fn relations(query: &Query) -> Vec<ObjectName> {
    let mut found = Found::default();
    let _ = query.visit(&mut found);
    found.names
}

/// One query's WITH.
struct Scope {
    names: Vec<String>,
    /// Compared, never followed: which query of WITH is being visited.
    queries: Vec<*const Query>,
    recursive: bool,
    /// How many of the names are known at this point.
    visible: usize,
}

#[derive(Default)]
struct Found {
    scopes: Vec<Scope>,
    names: Vec<ObjectName>,
}

impl Found {
    fn add(&mut self, name: &ObjectName) {
        let parts = object_name_parts(name);
        let defined = |scope: &Scope| {
            scope.names[..scope.visible]
                .iter()
                .any(|known| *known == parts[0])
        };
        if parts.is_empty() || (parts.len() == 1 && self.scopes.iter().any(defined)) {
            return;
        }
        if !self
            .names
            .iter()
            .any(|known| object_name_parts(known) == parts)
        {
            self.names.push(name.clone());
        }
    }
}

impl Visitor for Found {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(scope) = self.scopes.last_mut()
            && let Some(at) = scope
                .queries
                .iter()
                .position(|known| std::ptr::eq(*known, query))
        {
            // A query of WITH sees those before it; with RECURSIVE, all.
            scope.visible = if scope.recursive {
                scope.names.len()
            } else {
                at
            };
        }
        let with = query.with.as_ref();
        let tables = with.map_or(&[][..], |with| with.cte_tables.as_slice());
        self.scopes.push(Scope {
            names: tables
                .iter()
                .map(|cte| fold_ident(&cte.alias.name))
                .collect(),
            queries: tables.iter().map(|cte| &raw const *cte.query).collect(),
            recursive: with.is_some_and(|with| with.recursive),
            visible: 0,
        });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(scope) = self.scopes.last_mut()
            && let Some(at) = scope
                .queries
                .iter()
                .position(|known| std::ptr::eq(*known, query))
        {
            scope.visible = at + 1;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args, .. } = factor {
            match args {
                None => self.add(name),
                Some(args) => {
                    if let Some(relation) = relation_argument(name, args) {
                        self.add(&relation);
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The relation that a function of relations is given.
fn relation_argument(function: &ObjectName, args: &TableFunctionArgs) -> Option<ObjectName> {
    let function = object_name_parts(function).pop()?;
    if function != LATE && !WINDOW_FUNCTIONS.contains(&function.as_str()) {
        return None;
    }
    match args.args.first()? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))) => {
            Some(vec![name.clone()].into())
        }
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::CompoundIdentifier(name))) => {
            Some(name.clone().into())
        }
        _ => None,
    }
}
