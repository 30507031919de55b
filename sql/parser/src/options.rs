//! `WITH (name = value, …)`

use sqlparser::ast::Value;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::fault::Fault;
use crate::stream_parser::StreamParser;

/// One option.
#[derive(Debug)]
pub(crate) struct SqlOption {
    /// In lower case.
    pub name: String,
    /// A word comes as a string, a bare name as true.
    pub value: Value,
    /// Its name in the text.
    pub token: TokenWithSpan,
}

/// Whether a name may stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// `name = value`
    Required,
    /// `name` means true.
    Optional,
}

/// Options, when WITH comes next. `WITH DATA` does not begin options.
pub(crate) fn with(p: &mut StreamParser, values: Values) -> Result<Vec<SqlOption>, Fault> {
    if !p.at(&["WITH"])
        || p.rest()
            .get(1)
            .is_none_or(|token| token.token != Token::LParen)
    {
        return Ok(Vec::new());
    }
    p.expect("WITH")?;
    p.expect_token(&Token::LParen)?;
    let options = p.list(|p| option(p, values))?;
    p.expect_token(&Token::RParen)?;
    for (at, option) in options.iter().enumerate() {
        if options[..at].iter().any(|other| other.name == option.name) {
            return Err(Fault::new(
                "42601",
                format!("option \"{}\" is given more than once", option.name),
            )
            .at(&option.token));
        }
    }
    Ok(options)
}

/// Names and values, without their places.
pub(crate) fn pairs(options: Vec<SqlOption>) -> Vec<(String, Value)> {
    options
        .into_iter()
        .map(|option| (option.name, option.value))
        .collect()
}

/// An option that a statement does not have.
pub(crate) fn unknown(name: &str, known: &[&str], token: &TokenWithSpan) -> Fault {
    let nearest = known
        .iter()
        .min_by_key(|known| strsim::osa_distance(name, known));
    let hint = match nearest {
        Some(nearest) if strsim::osa_distance(name, nearest) <= 2 => {
            format!("Perhaps you meant {nearest}.")
        }
        _ => format!("The options are: {}.", known.join(", ")),
    };
    Fault::new("22023", format!("unrecognized option \"{name}\""))
        .at(token)
        .hint(hint)
}

/// What an option says, as true or false.
pub(crate) fn boolean(option: &SqlOption) -> Result<bool, Fault> {
    let text = match &option.value {
        Value::Boolean(value) => return Ok(*value),
        Value::Number(text, _) | Value::SingleQuotedString(text) => text.to_lowercase(),
        _ => String::new(),
    };
    match text.as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err(
            Fault::new("22023", format!("{} requires a Boolean value", option.name))
                .at(&option.token),
        ),
    }
}

fn option(p: &mut StreamParser, values: Values) -> Result<SqlOption, Fault> {
    let token = p.peek();
    let mut name = p.identifier()?.value.to_lowercase();
    while p.parser.consume_token(&Token::Period) {
        name = format!("{name}.{}", p.identifier()?.value.to_lowercase());
    }
    let value = match p.parser.consume_token(&Token::Eq) {
        true => value(p)?,
        false if values == Values::Optional => Value::Boolean(true),
        false => return Err(p.unexpected("=")),
    };
    Ok(SqlOption { name, value, token })
}

fn value(p: &mut StreamParser) -> Result<Value, Fault> {
    let negative = p.parser.consume_token(&Token::Minus);
    let token = p.peek();
    let value = match token.token {
        Token::Number(text, long) => {
            Value::Number(if negative { format!("-{text}") } else { text }, long)
        }
        _ if negative => return Err(p.unexpected("a number")),
        Token::SingleQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::DollarQuotedString(_) => {
            return p.string("a string").map(Value::SingleQuotedString);
        }
        Token::Word(word) if word.quote_style.is_some() => Value::SingleQuotedString(word.value),
        Token::Word(word) => match word.value.to_lowercase().as_str() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            "null" => Value::Null,
            "interval" => {
                p.expect("INTERVAL")?;
                return p
                    .string("an interval in quotes")
                    .map(Value::SingleQuotedString);
            }
            _ => Value::SingleQuotedString(word.value),
        },
        _ => return Err(p.unexpected("a value: a number, a word or a text in quotes")),
    };
    p.parser.advance_token();
    Ok(value)
}
