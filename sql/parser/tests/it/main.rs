//! The parser from outside: text in, tree or error out.

mod copy;
mod errors;
mod names;
mod soup;
mod statements;
mod windows;

use expect_test::Expect;
use summit_parser::{ParseError, ParsedStatement, Statement, Subscribe, ast, parse};

/// Each statement on a line of its own.
fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&shown(sql));
}

fn shown(sql: &str) -> String {
    match parse(sql) {
        Ok(statements) => statements
            .iter()
            .map(|statement| format!("{}\n", line(statement)))
            .collect(),
        Err(error) => format!("{}\n", error_line(&error)),
    }
}

fn error_line(error: &ParseError) -> String {
    let position = error
        .position
        .map_or("-".to_string(), |position| position.to_string());
    let hint = error
        .hint
        .as_ref()
        .map_or(String::new(), |hint| format!(" · {hint}"));
    format!("{} @{position}: {}{hint}", error.sqlstate, error.message)
}

fn line(parsed: &ParsedStatement) -> String {
    match &parsed.statement {
        Statement::Empty => "(empty)".to_string(),
        Statement::Sql(statement) => statement.to_string(),
        Statement::CreateStream(stream) => {
            let columns: Vec<String> = stream.columns.iter().map(ToString::to_string).collect();
            let watermark = stream
                .watermark
                .as_ref()
                .map(|watermark| format!("{} AS {}", watermark.column, watermark.expr));
            format!(
                "stream {} if_not_exists={} [{}] watermark={watermark:?} partition_by={} {}",
                stream.name,
                stream.if_not_exists,
                columns.join("; "),
                list(&stream.partition_by),
                options(&stream.options),
            )
        }
        Statement::CreateMaterializedView(view) => materialized_view(view),
        Statement::DropStream {
            names,
            if_exists,
            cascade,
        } => {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            format!(
                "drop stream {} if_exists={if_exists} cascade={cascade}",
                names.join(", ")
            )
        }
        Statement::Subscribe(inner) => subscribe(inner),
        Statement::CopySubscribe {
            subscribe: inner,
            options,
        } => {
            let options: Vec<String> = options.iter().map(ToString::to_string).collect();
            format!("copy {} [{}]", subscribe(inner), options.join(", "))
        }
        Statement::DeclareSubscribe {
            declare,
            subscribe: inner,
        } => format!("declare {declare} for {}", subscribe(inner)),
        Statement::Fetch {
            fetch,
            options: with,
        } => format!("{fetch} {}", options(with)),
        Statement::Explain(summit_parser::Explain::View(name)) => format!("explain view {name}"),
        Statement::Explain(summit_parser::Explain::CreateMaterializedView(view)) => {
            format!("explain {}", materialized_view(view))
        }
        other => format!("{other:?}"),
    }
}

fn materialized_view(view: &summit_parser::CreateMaterializedView) -> String {
    format!(
        "materialized view {} if_not_exists={} or_replace={} columns={} {} emit={:?} as {}",
        view.name,
        view.if_not_exists,
        view.or_replace,
        list(&view.columns),
        options(&view.options),
        view.emit,
        view.query,
    )
}

fn subscribe(subscribe: &Subscribe) -> String {
    format!(
        "subscribe {:?} ({}) snapshot={} progress={} as_of={:?} up_to={:?}",
        subscribe.relation.as_ref().map(ToString::to_string),
        subscribe.query,
        subscribe.snapshot,
        subscribe.progress,
        subscribe.as_of,
        subscribe.up_to,
    )
}

fn list(idents: &[ast::Ident]) -> String {
    let idents: Vec<String> = idents.iter().map(ToString::to_string).collect();
    format!("({})", idents.join(", "))
}

fn options(options: &[(String, ast::Value)]) -> String {
    let options: Vec<String> = options
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("with ({})", options.join(", "))
}
