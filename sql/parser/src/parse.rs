//! The way in: text, tokens, statements.

use sqlparser::ast;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::lexer::{Lexeme, lex};
use crate::report::Report;
use crate::stream_parser::StreamParser;
use crate::{ParseError, ParsedStatement, Statement};

/// Reads statements, parted by semicolons. Empty ones between them are left out; a text with
/// nothing else in it is one [`Statement::Empty`].
pub fn parse(sql: &str) -> Result<Vec<ParsedStatement>, ParseError> {
    let lexemes = lex(sql)?;
    let mut statements = Vec::new();
    for (lexemes, terminator) in split(&lexemes) {
        let (Some(first), Some(last)) = (lexemes.first(), lexemes.last()) else {
            continue;
        };
        let statement = StreamParser::read(tokens_of(lexemes)).map_err(|fault| {
            Report {
                sql,
                lexemes,
                terminator,
            }
            .error(fault)
        })?;
        statements.push(ParsedStatement {
            statement,
            text: sql[first.bytes.start..last.bytes.end].to_string(),
            offset: first.offset,
        });
    }
    if statements.is_empty() {
        statements.push(ParsedStatement {
            statement: Statement::Empty,
            text: String::new(),
            offset: 0,
        });
    }
    Ok(statements)
}

/// Reads one query, windows spelled either way.
pub fn parse_query(sql: &str) -> Result<Box<ast::Query>, ParseError> {
    let lexemes = lex(sql)?;
    let (lexemes, terminator) = match lexemes.split_last() {
        Some((last, before)) if last.token.token == Token::SemiColon => (before, Some(last)),
        _ => (lexemes.as_slice(), None),
    };
    StreamParser::read_query(tokens_of(lexemes)).map_err(|fault| {
        Report {
            sql,
            lexemes,
            terminator,
        }
        .error(fault)
    })
}

/// The statements' tokens, each with the semicolon behind it.
fn split(lexemes: &[Lexeme]) -> impl Iterator<Item = (&[Lexeme], Option<&Lexeme>)> {
    lexemes
        .split_inclusive(|lexeme| lexeme.token.token == Token::SemiColon)
        .map(|part| match part.split_last() {
            Some((last, before)) if last.token.token == Token::SemiColon => (before, Some(last)),
            _ => (part, None),
        })
}

fn tokens_of(lexemes: &[Lexeme]) -> Vec<TokenWithSpan> {
    lexemes.iter().map(|lexeme| lexeme.token.clone()).collect()
}
