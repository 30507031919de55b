//! A fault in PostgreSQL's words, with its position in the whole input.

use crate::ParseError;
use crate::fault::{Fault, Place};
use crate::hints;
use crate::lexer::{Lexeme, shortened};

/// What an error is shown against: one statement of the input.
pub(crate) struct Report<'a> {
    /// The whole input.
    pub sql: &'a str,
    /// The statement's tokens.
    pub lexemes: &'a [Lexeme],
    /// The semicolon behind it.
    pub terminator: Option<&'a Lexeme>,
}

impl Report<'_> {
    /// The error that a client sees.
    pub fn error(&self, fault: Fault) -> ParseError {
        let index = match fault.place {
            Place::At(location) => {
                let at = self
                    .lexemes
                    .partition_point(|lexeme| lexeme.token.span.start <= location);
                at.checked_sub(1)
            }
            Place::End => Some(self.lexemes.len()),
            Place::Nowhere => None,
        };
        // The end of a statement is its semicolon, when it has one.
        let lexeme = index.and_then(|index| self.lexemes.get(index).or(self.terminator));
        let end = self.lexemes.last().map_or(0, |lexeme| lexeme.offset_end);
        let position = index.map(|_| lexeme.map_or(end, |lexeme| lexeme.offset) + 1);
        let message = match (&fault.message, lexeme) {
            (Some(message), _) => message.clone(),
            (None, Some(lexeme)) => {
                format!(
                    "syntax error at or near \"{}\"",
                    shortened(&self.sql[lexeme.bytes.clone()])
                )
            }
            (None, None) => "syntax error at end of input".to_string(),
        };
        let hint = fault
            .hint
            .or_else(|| index.and_then(|index| hints::hint(self.lexemes, index)))
            .or_else(|| fault.expected.map(|expected| expectation(&expected)));
        ParseError {
            message,
            position,
            hint,
            sqlstate: fault.sqlstate,
        }
    }
}

fn expectation(expected: &str) -> String {
    match expected.chars().any(char::is_alphanumeric) {
        true => format!("Expected {}.", expected.trim_end_matches('.')),
        false => format!("Expected \"{expected}\"."),
    }
}
