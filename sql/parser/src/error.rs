//! Syntax errors.

/// The user's: the text is not a statement. Worded like PostgreSQL: `syntax error at or near "x"`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// One line.
    pub message: String,
    /// Where in the text, in characters from 1 as PostgreSQL counts (field `P`).
    pub position: Option<usize>,
    /// What to do about it.
    pub hint: Option<String>,
    /// `42601` for syntax; `0A000` for syntax that is known and not supported.
    pub sqlstate: &'static str,
}
