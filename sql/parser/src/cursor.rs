//! DECLARE … FOR SUBSCRIBE, and FETCH as PostgreSQL has it (sqlparser wants a count and FROM) with options.

use sqlparser::ast::{self, FetchDirection, FetchPosition};
use sqlparser::tokenizer::Token;

use crate::Statement;
use crate::fault::Fault;
use crate::options::{self, Values};
use crate::stream_parser::StreamParser;
use crate::subscribe::subscribe;
use crate::tokens::{made, made_word, starts_with};

/// From `DECLARE` on.
pub(crate) fn declare(p: &mut StreamParser) -> Result<Statement, Fault> {
    let Some(at) =
        (0..p.tokens.len()).find(|at| starts_with(&p.tokens[*at..], &["FOR", "SUBSCRIBE"]))
    else {
        return p.sql().map(Statement::Sql);
    };
    // The cursor's part by sqlparser, with a query in the subscription's place.
    let token = p.tokens[at + 1].clone();
    let mut tokens = p.tokens[..=at].to_vec();
    tokens.push(made_word("SELECT", &token));
    tokens.push(made(Token::Number("1".to_string(), false), &token));
    let ast::Statement::Declare { stmts } = *StreamParser::new(tokens, p.dialect).sql()? else {
        return Err(Fault::near(&token));
    };
    let Some(mut declare) = stmts.into_iter().next() else {
        return Err(Fault::near(&token));
    };
    declare.for_query = None;
    for _ in 0..at + 2 {
        p.parser.advance_token();
    }
    let subscribe = subscribe(p)?;
    Ok(Statement::DeclareSubscribe {
        declare: Box::new(declare),
        subscribe,
    })
}

/// Behind `FETCH`.
pub(crate) fn fetch(p: &mut StreamParser) -> Result<Statement, Fault> {
    let direction = direction(p)?;
    let position = if p.eat(&["IN"]) {
        FetchPosition::In
    } else {
        p.eat(&["FROM"]);
        FetchPosition::From
    };
    let name = p.identifier()?;
    let options = options::pairs(options::with(p, Values::Required)?);
    let fetch = Box::new(ast::Statement::Fetch {
        name,
        direction,
        position,
        into: None,
    });
    Ok(match options.is_empty() {
        true => Statement::Sql(fetch),
        false => Statement::Fetch { fetch, options },
    })
}

fn direction(p: &mut StreamParser) -> Result<FetchDirection, Fault> {
    let simple = [
        ("NEXT", FetchDirection::Next),
        ("PRIOR", FetchDirection::Prior),
        ("FIRST", FetchDirection::First),
        ("LAST", FetchDirection::Last),
        ("ALL", FetchDirection::All),
    ];
    for (word, direction) in simple {
        // `FETCH next` alone reads from a cursor of that name.
        if p.rest().len() > 1 && p.eat(&[word]) {
            return Ok(direction);
        }
    }
    if p.eat(&["ABSOLUTE"]) {
        return Ok(FetchDirection::Absolute { limit: count(p)? });
    }
    if p.eat(&["RELATIVE"]) {
        return Ok(FetchDirection::Relative { limit: count(p)? });
    }
    if p.rest().len() > 1 && p.eat(&["FORWARD"]) {
        return Ok(match p.eat(&["ALL"]) {
            true => FetchDirection::ForwardAll,
            false => FetchDirection::Forward {
                limit: maybe_count(p)?,
            },
        });
    }
    if p.rest().len() > 1 && p.eat(&["BACKWARD"]) {
        return Ok(match p.eat(&["ALL"]) {
            true => FetchDirection::BackwardAll,
            false => FetchDirection::Backward {
                limit: maybe_count(p)?,
            },
        });
    }
    Ok(match maybe_count(p)? {
        Some(limit) => FetchDirection::Count { limit },
        None => FetchDirection::Next,
    })
}

fn maybe_count(p: &mut StreamParser) -> Result<Option<ast::ValueWithSpan>, Fault> {
    match p.peek().token {
        Token::Number(..) | Token::Minus => count(p).map(Some),
        _ => Ok(None),
    }
}

fn count(p: &mut StreamParser) -> Result<ast::ValueWithSpan, Fault> {
    let negative = p.parser.consume_token(&Token::Minus);
    let value = p.parser.parse_number_value();
    let mut value = p.located(value)?;
    if negative && let ast::Value::Number(text, _) = &mut value.value {
        text.insert(0, '-');
    }
    Ok(value)
}
