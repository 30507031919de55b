//! What went wrong while parsing one statement, before it is put in PostgreSQL's words.

use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, TokenWithSpan};

/// Where an error points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At a token.
    At(Location),
    /// Behind the statement's last token.
    End,
    /// Nowhere.
    Nowhere,
}

/// An error with its place as the tokenizer counts.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// None: `syntax error at …`.
    pub message: Option<String>,
    /// Where.
    pub place: Place,
    /// What to do.
    pub hint: Option<String>,
    /// What was expected there, when nothing better can be said.
    pub expected: Option<String>,
    /// The kind.
    pub sqlstate: &'static str,
}

impl Fault {
    /// An error with its own message.
    pub fn new(sqlstate: &'static str, message: impl Into<String>) -> Self {
        Fault {
            message: Some(message.into()),
            place: Place::Nowhere,
            hint: None,
            expected: None,
            sqlstate,
        }
    }

    /// A syntax error at a token.
    pub fn near(token: &TokenWithSpan) -> Self {
        let fault = Fault {
            message: None,
            place: Place::End,
            hint: None,
            expected: None,
            sqlstate: "42601",
        };
        fault.at(token)
    }

    /// A syntax error at a token or, without one, at the end.
    pub fn near_or_end(token: Option<&TokenWithSpan>) -> Self {
        match token {
            Some(token) => Fault::near(token),
            None => Fault {
                message: None,
                place: Place::End,
                hint: None,
                expected: None,
                sqlstate: "42601",
            },
        }
    }

    /// Known elsewhere and not offered here.
    pub fn unsupported(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault::new("0A000", message).hint(hint)
    }

    /// With its place. The end of the tokens has none of its own.
    pub fn at(mut self, token: &TokenWithSpan) -> Self {
        self.place = if token.span.start.line == 0 {
            Place::End
        } else {
            Place::At(token.span.start)
        };
        self
    }

    /// With a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what was expected.
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// sqlparser's error. `next` is the token at which its parser stands, for messages without a place.
    pub fn from_sqlparser(error: ParserError, next: &TokenWithSpan) -> Self {
        let text = match error {
            ParserError::RecursionLimitExceeded => return crate::limits::too_deep(Some(next)),
            ParserError::ParserError(text) | ParserError::TokenizerError(text) => text,
        };
        let (said, location) = split_location(&text);
        let (expected, found_end) = match said
            .strip_prefix("Expected: ")
            .and_then(|rest| rest.rsplit_once(", found: "))
        {
            Some((expected, found)) => (Some(expected), found == "EOF"),
            None => (None, false),
        };
        let mut fault = Fault::near(next);
        fault.place = match location {
            Some(location) => Place::At(location),
            None if found_end => Place::End,
            None => fault.place,
        };
        fault.expected = match expected {
            Some(expected) => worth_saying(expected).then(|| {
                if expected == "identifier" {
                    "a name"
                } else {
                    expected
                }
                .to_string()
            }),
            // A message of another shape: a sentence about the statement, unless it is about sqlparser.
            None => {
                let about_itself = ["Internal", "No infix", "dummy", "Unexpected token"];
                if !about_itself.iter().any(|prefix| said.starts_with(prefix)) && said.len() < 200 {
                    fault.hint = Some(format!("{}.", said.trim_end_matches('.')));
                }
                None
            }
        };
        fault
    }
}

/// sqlparser appends ` at Line: 1, Column: 8`.
fn split_location(text: &str) -> (&str, Option<Location>) {
    let Some((said, place)) = text.rsplit_once(" at Line: ") else {
        return (text, None);
    };
    let location = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location {
            line: line.trim().parse().ok()?,
            column: column.trim().parse().ok()?,
        })
    });
    match location {
        Some(location) => (said, Some(location)),
        None => (text, None),
    }
}

/// Expectations that mislead: they say what would end the statement, or name sqlparser's own notions.
fn worth_saying(expected: &str) -> bool {
    !matches!(
        expected,
        "end of statement" | ";" | "an SQL statement" | "joined table" | "EOF"
    ) && expected.len() < 200
}
