//! Arrays: `{a,"b c",NULL,{…}}`.

use summit_session::{SqlError, SqlState};

use crate::limits::ARRAY_DEPTH_MAX;

/// What stands in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Null,
    Text(String),
    List(Vec<Item>),
}

/// Reads an array.
pub(crate) fn array(text: &str) -> Result<Vec<Item>, SqlError> {
    let malformed = |detail: &str| {
        SqlError::new(
            SqlState::INVALID_TEXT,
            format!("malformed array literal: \"{text}\""),
        )
        .detail(detail)
    };
    let mut rest = text.trim();
    // bounds as PostgreSQL prints them for arrays that do not start at 1
    if rest.starts_with('[') {
        rest = rest
            .split_once('=')
            .ok_or_else(|| malformed("Missing \"=\" after array dimensions."))?
            .1
            .trim();
    }
    let mut chars = rest.char_indices().peekable();
    if chars.next().map(|(_, c)| c) != Some('{') {
        return Err(malformed(
            "Array value must start with \"{\" or dimension information.",
        ));
    }
    let items = list(&mut chars, 1).map_err(malformed)?;
    if chars.any(|(_, c)| !c.is_whitespace()) {
        return Err(malformed("Junk after closing right brace."));
    }
    Ok(items)
}

type Chars<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

/// The items up to the closing brace; the opening one has been read.
fn list(chars: &mut Chars<'_>, depth: usize) -> Result<Vec<Item>, &'static str> {
    if depth > ARRAY_DEPTH_MAX {
        return Err("Too many dimensions.");
    }
    let mut items = Vec::new();
    skip_space(chars);
    if chars.next_if(|&(_, c)| c == '}').is_some() {
        return Ok(items);
    }
    loop {
        skip_space(chars);
        items.push(match chars.peek() {
            Some((_, '{')) => {
                chars.next();
                Item::List(list(chars, depth + 1)?)
            }
            Some((_, '"')) => {
                chars.next();
                Item::Text(quoted(chars)?)
            }
            _ => bare(chars)?,
        });
        skip_space(chars);
        match chars.next() {
            Some((_, ',')) => {}
            Some((_, '}')) => return Ok(items),
            Some(_) => return Err("Unexpected array element."),
            None => return Err("Unexpected end of input."),
        }
    }
}

fn skip_space(chars: &mut Chars<'_>) {
    while chars.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
}

fn quoted(chars: &mut Chars<'_>) -> Result<String, &'static str> {
    let mut out = String::new();
    while let Some((_, c)) = chars.next() {
        match c {
            '"' => return Ok(out),
            '\\' => out.push(chars.next().ok_or("Unexpected end of input.")?.1),
            c => out.push(c),
        }
    }
    Err("Unexpected end of input.")
}

fn bare(chars: &mut Chars<'_>) -> Result<Item, &'static str> {
    let mut out = String::new();
    let mut escaped = false;
    // escaped trailing spaces are kept
    let mut keep = 0;
    while let Some((_, c)) = chars.next_if(|(_, c)| !matches!(c, ',' | '}')) {
        match c {
            '{' | '"' => return Err("Unexpected array element."),
            '\\' => {
                escaped = true;
                out.push(chars.next().ok_or("Unexpected end of input.")?.1);
                keep = out.len();
            }
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len().max(keep));
    if out.is_empty() && !escaped {
        return Err("Unexpected \",\" or \"}\" character.");
    }
    if !escaped && out.eq_ignore_ascii_case("null") {
        return Ok(Item::Null);
    }
    Ok(Item::Text(out))
}
