//! CREATE STREAM, DROP STREAM, CREATE MATERIALIZED VIEW

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use crate::fault::Fault;
use crate::options::{self, Values};
use crate::stream_parser::StreamParser;
use crate::{CreateMaterializedView, CreateStream, Emit, Statement, Watermark};

/// Behind `CREATE STREAM`.
pub(crate) fn stream(p: &mut StreamParser) -> Result<Statement, Fault> {
    let if_not_exists = p.eat(&["IF", "NOT", "EXISTS"]);
    let name = p.object_name()?;
    if p.at(&["AS"]) {
        return Err(Fault::unsupported(
            "CREATE STREAM … AS is not supported",
            "Use CREATE MATERIALIZED VIEW … AS.",
        )
        .at(&p.peek()));
    }
    p.expect_token(&Token::LParen)?;
    let mut columns = Vec::new();
    let mut watermark = None;
    loop {
        if p.at(&["WATERMARK", "FOR"]) {
            let token = p.peek();
            if watermark.replace(parse_watermark(p)?).is_some() {
                return Err(Fault::new("42601", "a stream can have only one watermark").at(&token));
            }
        } else {
            columns.push(column(p)?);
        }
        if !p.parser.consume_token(&Token::Comma) {
            break;
        }
    }
    if !p.parser.consume_token(&Token::RParen) {
        return Err(p.unexpected("a comma or a closing parenthesis"));
    }
    let mut partition_by = Vec::new();
    if p.eat(&["PARTITION", "BY"]) {
        partition_by = columns_in_parentheses(p)?;
    }
    let options = options::with(p, Values::Required)?;
    if partition_by.is_empty() && p.eat(&["PARTITION", "BY"]) {
        partition_by = columns_in_parentheses(p)?;
    }
    if p.at(&["AS"]) {
        return Err(Fault::unsupported(
            "CREATE STREAM … AS is not supported",
            "Use CREATE MATERIALIZED VIEW … AS.",
        )
        .at(&p.peek()));
    }
    let options = options::pairs(options);
    Ok(Statement::CreateStream(CreateStream {
        name,
        if_not_exists,
        columns,
        watermark,
        partition_by,
        options,
    }))
}

/// Behind `DROP STREAM`.
pub(crate) fn drop_stream(p: &mut StreamParser) -> Result<Statement, Fault> {
    let if_exists = p.eat(&["IF", "EXISTS"]);
    let names = p.list(StreamParser::object_name)?;
    let cascade = p.eat(&["CASCADE"]);
    if !cascade {
        p.eat(&["RESTRICT"]);
    }
    Ok(Statement::DropStream {
        names,
        if_exists,
        cascade,
    })
}

/// From `CREATE` on. Takes the EMIT clause.
pub(crate) fn materialized_view(p: &mut StreamParser) -> Result<CreateMaterializedView, Fault> {
    p.expect("CREATE")?;
    let or_replace = p.eat(&["OR", "REPLACE"]);
    p.expect("MATERIALIZED")?;
    p.expect("VIEW")?;
    // Taken first: with an error in the query, the clause is not what is wrong.
    let emit = p.emit.take().map_or(Emit::Changes, |(emit, _)| emit);
    let if_not_exists = p.eat(&["IF", "NOT", "EXISTS"]);
    let name = p.object_name()?;
    let mut columns = Vec::new();
    if p.parser.consume_token(&Token::LParen) {
        columns = p.identifiers()?;
        p.expect_token(&Token::RParen)?;
    }
    let options = options::pairs(options::with(p, Values::Required)?);
    p.expect("AS")?;
    let query = p.query()?;
    if p.at(&["WITH", "NO", "DATA"]) {
        return Err(Fault::unsupported(
            "a materialized view without data is not supported",
            "A view is kept up to date from its creation on; leave out WITH NO DATA.",
        )
        .at(&p.peek()));
    }
    p.eat(&["WITH", "DATA"]);
    Ok(CreateMaterializedView {
        name,
        if_not_exists,
        or_replace,
        columns,
        options,
        query,
        emit,
    })
}

fn parse_watermark(p: &mut StreamParser) -> Result<Watermark, Fault> {
    p.eat(&["WATERMARK", "FOR"]);
    let column = p.identifier()?;
    p.expect("AS")?;
    let expr = p.parser.parse_expr();
    Ok(Watermark {
        column,
        expr: p.located(expr)?,
    })
}

fn column(p: &mut StreamParser) -> Result<ast::ColumnDef, Fault> {
    let keyed: [&[&str]; 5] = [
        &["PRIMARY", "KEY"],
        &["FOREIGN", "KEY"],
        &["UNIQUE"],
        &["CONSTRAINT"],
        &["CHECK"],
    ];
    let is_constraint = keyed.into_iter().find(|words| p.at(words));
    if let Some(words) = is_constraint {
        return Err(Fault::unsupported(
            format!("{} is not supported on a stream", words.join(" ")),
            "A stream keeps every row that is appended. Use CREATE TABLE for rows with a key.",
        )
        .at(&p.peek()));
    }
    let column = p.parser.parse_column_def();
    p.located(column)
}

fn columns_in_parentheses(p: &mut StreamParser) -> Result<Vec<ast::Ident>, Fault> {
    if !p.parser.consume_token(&Token::LParen) {
        return p.identifiers();
    }
    let columns = p.identifiers()?;
    p.expect_token(&Token::RParen)?;
    Ok(columns)
}
