//! Text to tokens, with their places in the text.

use std::ops::Range;

use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::ParseError;
use crate::dialect::SummitDialect;
use crate::limits::INPUT_BYTES_MAX;

/// A token and where it stands.
#[derive(Debug)]
pub(crate) struct Lexeme {
    /// The token, with sqlparser's line and column.
    pub token: TokenWithSpan,
    /// Its bytes in the input.
    pub bytes: Range<usize>,
    /// Its first character in the input, from 0.
    pub offset: usize,
    /// Behind its last character.
    pub offset_end: usize,
}

/// The tokens of a text, without white space and comments. String constants that only a line
/// break parts are one (as SQL says).
pub(crate) fn lex(sql: &str) -> Result<Vec<Lexeme>, ParseError> {
    if sql.len() > INPUT_BYTES_MAX {
        return Err(ParseError {
            message: format!("statement text of {} bytes is too long", sql.len()),
            position: None,
            hint: Some(format!(
                "The limit is {INPUT_BYTES_MAX} bytes; load rows with COPY … FROM STDIN."
            )),
            sqlstate: "54000",
        });
    }
    let mut tokens = Vec::new();
    let outcome =
        Tokenizer::new(&SummitDialect::new(0), sql).tokenize_with_location_into_buf(&mut tokens);
    let mut cursor = Cursor::new(sql);
    let mut lexemes: Vec<Lexeme> = Vec::with_capacity(tokens.len() / 2 + 1);
    let mut line_break = false;
    for token in tokens {
        cursor.advance(token.span.start);
        let (byte, offset) = (cursor.byte, cursor.offset);
        cursor.advance(token.span.end);
        if let Token::Whitespace(whitespace) = &token.token {
            line_break |= matches!(
                whitespace,
                Whitespace::Newline | Whitespace::SingleLineComment { .. }
            );
            continue;
        }
        if line_break
            && let Token::SingleQuotedString(more) = &token.token
            && let Some(Lexeme {
                token: last,
                bytes,
                offset_end,
                ..
            }) = lexemes.last_mut()
            && let Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) =
                &mut last.token
        {
            text.push_str(more);
            last.span.end = token.span.end;
            bytes.end = cursor.byte;
            *offset_end = cursor.offset;
            line_break = false;
            continue;
        }
        line_break = false;
        lexemes.push(Lexeme {
            token,
            bytes: byte..cursor.byte,
            offset,
            offset_end: cursor.offset,
        });
    }
    match outcome {
        Ok(()) => Ok(lexemes),
        Err(error) => Err(unfinished(sql, &cursor, &error.message)),
    }
}

/// What the tokenizer could not end: `cursor` stands where it began.
fn unfinished(sql: &str, cursor: &Cursor<'_>, message: &str) -> ParseError {
    let rest = &sql[cursor.byte..];
    let what = if rest.starts_with("/*") {
        "unterminated /* comment"
    } else if message.contains("nterminated dollar") {
        "unterminated dollar-quoted string"
    } else if message.contains("Unterminated") {
        "unterminated quoted string"
    } else if message.contains("close delimiter") {
        "unterminated quoted identifier"
    } else {
        "syntax error"
    };
    ParseError {
        message: format!("{what} at or near \"{}\"", shortened(rest)),
        position: Some(cursor.offset + 1),
        hint: None,
        sqlstate: "42601",
    }
}

/// The text of a token as an error shows it: one line, at most 60 characters.
pub(crate) fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_string(),
    }
}

/// Walks a text once, in step with the tokenizer's lines and columns.
struct Cursor<'a> {
    sql: &'a str,
    byte: usize,
    offset: usize,
    location: Location,
}

impl<'a> Cursor<'a> {
    fn new(sql: &'a str) -> Self {
        Cursor {
            sql,
            byte: 0,
            offset: 0,
            location: Location { line: 1, column: 1 },
        }
    }

    fn advance(&mut self, to: Location) {
        while self.location < to
            && let Some(c) = self.sql[self.byte..].chars().next()
        {
            self.byte += c.len_utf8();
            self.offset += 1;
            if c == '\n' {
                self.location = Location {
                    line: self.location.line + 1,
                    column: 1,
                };
            } else {
                self.location.column += 1;
            }
        }
    }
}
