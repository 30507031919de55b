//! EXPLAIN of views; of all else by sqlparser.

use sqlparser::ast::{self, DescribeAlias};

use crate::fault::Fault;
use crate::stream_parser::StreamParser;
use crate::tokens::is_one_of;
use crate::{Explain, Statement, create};

/// From `EXPLAIN` on.
pub(crate) fn explain(p: &mut StreamParser) -> Result<Statement, Fault> {
    let names: [&[&str]; 3] = [
        &["EXPLAIN", "VIEW"],
        &["EXPLAIN", "MATERIALIZED", "VIEW"],
        &["EXPLAIN", "CREATE", "MATERIALIZED", "VIEW"],
    ];
    for words in names {
        // Behind CREATE, only a name and nothing else is a view that exists.
        if p.at(words) && (words.len() < 4 || is_name(p, words.len())) {
            p.eat(words);
            return p
                .object_name()
                .map(|name| Statement::Explain(Explain::View(name)));
        }
    }
    if p.at(&["EXPLAIN", "CREATE", "MATERIALIZED"])
        || p.at(&["EXPLAIN", "CREATE", "OR", "REPLACE", "MATERIALIZED"])
    {
        p.eat(&["EXPLAIN"]);
        let create = create::materialized_view(p)?;
        return Ok(Statement::Explain(Explain::CreateMaterializedView(create)));
    }
    let start = p
        .tokens
        .iter()
        .skip(1)
        .take_while(|token| is_one_of(token, &["ANALYZE", "VERBOSE"]))
        .count()
        + 1;
    if let Some(token) = p
        .tokens
        .get(start)
        .filter(|token| is_one_of(token, &["SUBSCRIBE", "MATERIALIZED"]))
    {
        return Err(Fault::unsupported(
            "this form of EXPLAIN is not supported",
            "Use EXPLAIN SELECT …, EXPLAIN CREATE MATERIALIZED VIEW … AS … or EXPLAIN VIEW name.",
        )
        .at(token));
    }
    match p.sql() {
        Ok(statement) if is_materialized_view(&statement) => Err(Fault::unsupported(
            "EXPLAIN of a materialized view takes no options",
            "Use EXPLAIN CREATE MATERIALIZED VIEW … AS ….",
        )
        .at(&p.tokens[0])),
        Ok(statement) if is_table(&statement) => Err(inner_fault(p, start)),
        Ok(statement) => Ok(Statement::Sql(statement)),
        Err(_) => Err(inner_fault(p, start)),
    }
}

/// sqlparser takes what it cannot read as a table to describe: the statement itself says more.
fn inner_fault(p: &StreamParser, start: usize) -> Fault {
    let mut inner = StreamParser::new(p.tokens[start.min(p.tokens.len())..].to_vec(), p.dialect);
    match inner.sql().and_then(|_| inner.end()) {
        Err(fault) => fault,
        Ok(()) => Fault::near_or_end(p.tokens.get(start)),
    }
}

fn is_name(p: &StreamParser, from: usize) -> bool {
    let mut rest = StreamParser::new(p.tokens[from..].to_vec(), p.dialect);
    rest.object_name().is_ok() && rest.end().is_ok()
}

fn is_table(statement: &ast::Statement) -> bool {
    matches!(
        statement,
        ast::Statement::ExplainTable {
            describe_alias: DescribeAlias::Explain,
            ..
        }
    )
}

fn is_materialized_view(statement: &ast::Statement) -> bool {
    match statement {
        ast::Statement::Explain { statement, .. } => {
            matches!(statement.as_ref(), ast::Statement::CreateView(view) if view.materialized)
        }
        _ => false,
    }
}
