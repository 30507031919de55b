//! Common slips, guessed from the tokens around an error.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::lexer::Lexeme;
use crate::tokens::is_word;

const STATEMENTS: [&str; 43] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "ALTER",
    "SUBSCRIBE",
    "EXPLAIN",
    "SHOW",
    "SET",
    "RESET",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "COPY",
    "WITH",
    "VALUES",
    "TABLE",
    "PREPARE",
    "EXECUTE",
    "DEALLOCATE",
    "DECLARE",
    "FETCH",
    "CLOSE",
    "BACKUP",
    "VERIFY",
    "TRUNCATE",
    "GRANT",
    "REVOKE",
    "START",
    "SAVEPOINT",
    "RELEASE",
    "DISCARD",
    "LISTEN",
    "NOTIFY",
    "UNLISTEN",
    "ANALYZE",
    "MERGE",
    "CALL",
    "ABORT",
    "COMMENT",
    "END",
];

const OBJECTS: [&str; 7] = [
    "STREAM",
    "TABLE",
    "VIEW",
    "MATERIALIZED",
    "INDEX",
    "SCHEMA",
    "ROLE",
];

const CLAUSES: [&str; 24] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "UNION",
    "JOIN",
    "INNER",
    "LEFT",
    "WINDOW",
    "VALUES",
    "INTO",
    "BETWEEN",
    "EMIT",
    "WATERMARK",
    "PARTITION",
    "INTERVAL",
    "MATERIALIZED",
    "DISTINCT",
    "RETURNING",
];

/// A hint for an error at the token `index` (behind the last: at the end).
pub(crate) fn hint(lexemes: &[Lexeme], index: usize) -> Option<String> {
    misspelt_start(lexemes, index)
        .or_else(|| unbalanced(lexemes, index))
        .or_else(|| misspelt_clause(lexemes, index))
}

fn misspelt_start(lexemes: &[Lexeme], index: usize) -> Option<String> {
    let first = &lexemes.first()?.token;
    match index {
        0 => suggestion(first, &STATEMENTS),
        1 if is_word(first, "CREATE") || is_word(first, "DROP") => {
            suggestion(&lexemes.get(1)?.token, &OBJECTS)
        }
        _ => None,
    }
}

fn unbalanced(lexemes: &[Lexeme], index: usize) -> Option<String> {
    let mut open: Vec<&Lexeme> = Vec::new();
    for (at, lexeme) in lexemes.iter().enumerate() {
        match lexeme.token.token {
            Token::LParen => open.push(lexeme),
            Token::RParen if open.pop().is_none() && at == index => {
                return Some("This closing parenthesis has no opening one.".to_string());
            }
            _ => {}
        }
    }
    let innermost = open.last()?;
    Some(format!(
        "The parenthesis opened at character {} is never closed.",
        innermost.offset + 1
    ))
}

/// The word at the error, or one of the two before it (a misspelt clause is first read as an alias).
fn misspelt_clause(lexemes: &[Lexeme], index: usize) -> Option<String> {
    (index.saturating_sub(2)..=index)
        .rev()
        .filter_map(|at| lexemes.get(at))
        .find_map(|lexeme| suggestion(&lexeme.token, &CLAUSES))
}

fn suggestion(token: &TokenWithSpan, words: &[&str]) -> Option<String> {
    let Token::Word(word) = &token.token else {
        return None;
    };
    if word.quote_style.is_some() || word.value.len() > 20 {
        return None;
    }
    let found = word.value.to_uppercase();
    let clauses = words.len() == CLAUSES.len();
    if words.contains(&found.as_str()) || (clauses && word.keyword != Keyword::NoKeyword) {
        return None;
    }
    // Transposed letters count as one edit. Clauses are guessed among names, so more strictly.
    let most = if found.len() > 4 && !clauses { 2 } else { 1 };
    words
        .iter()
        .filter(|candidate| candidate.len() > 2)
        .map(|candidate| (strsim::osa_distance(&found, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| format!("Perhaps you meant {candidate}."))
}
