//! `FROM s AS a WINDOW TUMBLE (ts, INTERVAL '1 hour')` becomes `FROM TUMBLE(s, ts, INTERVAL '1 hour') AS a`:
//! the tree knows one form. Tokens keep their places in the text.
//!
//! - The alias may stand before WINDOW or behind the parenthesis. Without one, none is made up.
//! - `SESSION(s PARTITION BY k, ts, …)` and `WINDOW SESSION (PARTITION BY k, ts, …)` become
//!   `SESSION(s, ts, …, partition_by => k)`; several keys are written `PARTITION BY (k1, k2)`
//!   and come as a tuple.
//! - A windowed subquery comes as an expression: `TUMBLE((SELECT …), ts, …)`.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::fault::Fault;
use crate::tokens::{
    closing, is_any_word, is_one_of, is_word, made, made_word, opening, starts_with,
};

/// Table functions whose first argument is a relation and which add windows to it.
pub const WINDOW_FUNCTIONS: [&str; 4] = ["tumble", "hop", "session", "cumulate"];

/// The name of the argument that carries `PARTITION BY` of a window function.
pub const PARTITION_BY_ARGUMENT: &str = "partition_by";

/// A parenthesis that is open.
#[derive(Default)]
struct Open {
    is_window: bool,
    past_first_argument: bool,
    partition_by: Vec<TokenWithSpan>,
    alias: Vec<TokenWithSpan>,
}

/// Rewrites all windows of a statement.
pub(crate) fn rewrite(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, Fault> {
    if !tokens
        .iter()
        .any(|token| is_one_of(token, &WINDOW_FUNCTIONS))
    {
        return Ok(tokens);
    }
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len() + 16);
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        if is_clause(&tokens[at..]) {
            let Some((relation, alias)) = take_relation(&mut out) else {
                return Err(Fault::near(token).hint(
                    "A window follows a relation in FROM: FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour').",
                ));
            };
            let paren = &tokens[at + 2];
            out.push(tokens[at + 1].clone());
            out.push(paren.clone());
            out.extend(relation);
            if let Some(next) = tokens.get(at + 3)
                && next.token != Token::RParen
                && !starts_with(&tokens[at + 3..], &["PARTITION", "BY"])
            {
                out.push(made(Token::Comma, next));
            }
            open.push(Open {
                is_window: true,
                alias,
                ..Open::default()
            });
            at += 3;
            continue;
        }
        match &token.token {
            Token::LParen => {
                let is_window = out
                    .last()
                    .is_some_and(|word| is_one_of(word, &WINDOW_FUNCTIONS));
                open.push(Open {
                    is_window,
                    ..Open::default()
                });
            }
            Token::Comma => {
                if let Some(open) = open.last_mut() {
                    open.past_first_argument = true;
                }
            }
            Token::RParen => {
                if let Some(closed) = open.pop() {
                    if !closed.partition_by.is_empty() {
                        out.push(made(Token::Comma, token));
                        out.push(made_word(PARTITION_BY_ARGUMENT, token));
                        out.push(made(Token::RArrow, token));
                        out.extend(closed.partition_by);
                    }
                    out.push(token.clone());
                    out.extend(closed.alias);
                    at += 1;
                    continue;
                }
            }
            _ if starts_with(&tokens[at..], &["PARTITION", "BY"]) => {
                if let Some(open) = open
                    .last_mut()
                    .filter(|open| open.is_window && !open.past_first_argument)
                {
                    let end = end_of_argument(&tokens, at + 2);
                    if end == at + 2 {
                        return Err(Fault::near_or_end(tokens.get(end))
                            .hint("Expected a column after PARTITION BY."));
                    }
                    open.partition_by = tokens[at + 2..end].to_vec();
                    at = end;
                    continue;
                }
            }
            _ => {}
        }
        out.push(token.clone());
        at += 1;
    }
    Ok(out)
}

/// Whether `WINDOW TUMBLE (` begins here. A named window is `WINDOW tumble AS (`.
fn is_clause(tokens: &[TokenWithSpan]) -> bool {
    tokens.len() > 2
        && is_word(&tokens[0], "WINDOW")
        && is_one_of(&tokens[1], &WINDOW_FUNCTIONS)
        && tokens[2].token == Token::LParen
}

/// The comma or the parenthesis that ends the argument which begins at `from`.
fn end_of_argument(tokens: &[TokenWithSpan], from: usize) -> usize {
    let mut at = from;
    while at < tokens.len() {
        match tokens[at].token {
            Token::Comma | Token::RParen => return at,
            Token::LParen => match closing(tokens, at) {
                Some(close) => at = close,
                None => return tokens.len(),
            },
            _ => {}
        }
        at += 1;
    }
    at
}

/// Takes the relation that the tokens end with, and its alias as `AS name`.
fn take_relation(out: &mut Vec<TokenWithSpan>) -> Option<(Vec<TokenWithSpan>, Vec<TokenWithSpan>)> {
    if let Some(start) = relation_start(out, out.len()) {
        return Some((out.split_off(start), Vec::new()));
    }
    let name = out.last().filter(|token| is_any_word(token))?.clone();
    let before = out.len() - 1;
    let end = if before > 0 && is_word(&out[before - 1], "AS") {
        before - 1
    } else {
        before
    };
    let start = relation_start(out, end)?;
    let relation = out[start..end].to_vec();
    out.truncate(start);
    Some((relation, vec![made_word("AS", &name), name]))
}

/// Where the relation begins that ends before `end`: a name, a subquery or a function's result,
/// and before it what a relation can follow.
fn relation_start(tokens: &[TokenWithSpan], end: usize) -> Option<usize> {
    let last = end.checked_sub(1)?;
    let start = match tokens[last].token {
        Token::Word(_) => name_start(tokens, last),
        Token::RParen => {
            let open = opening(tokens, last)?;
            match open.checked_sub(1) {
                Some(name) if is_any_word(&tokens[name]) && !precedes_relation(&tokens[name]) => {
                    name_start(tokens, name)
                }
                _ => open,
            }
        }
        _ => return None,
    };
    precedes_relation(&tokens[start.checked_sub(1)?]).then_some(start)
}

/// Where the dotted name begins that ends at `last`.
fn name_start(tokens: &[TokenWithSpan], last: usize) -> usize {
    let mut start = last;
    while start >= 2 && tokens[start - 1].token == Token::Period && is_any_word(&tokens[start - 2])
    {
        start -= 2;
    }
    start
}

fn precedes_relation(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Comma | Token::LParen)
        || is_one_of(token, &["FROM", "JOIN", "USING", "LATERAL"])
}
