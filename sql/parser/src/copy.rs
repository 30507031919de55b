//! COPY: of a subscription, and in PostgreSQL's old spellings.

use sqlparser::ast::{self, CopyTarget};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::Statement;
use crate::fault::Fault;
use crate::stream_parser::StreamParser;
use crate::subscribe::subscribe;
use crate::tokens::{is_one_of, is_word, made, made_word, starts_with};

/// From `COPY` on. The data of COPY FROM STDIN is no part of the text: it comes in messages of its own.
pub(crate) fn copy(p: &mut StreamParser) -> Result<Statement, Fault> {
    let is_subscription = p
        .tokens
        .get(1)
        .is_some_and(|token| token.token == Token::LParen)
        && starts_with(&p.tokens[2..], &["SUBSCRIBE"]);
    if !is_subscription {
        let emit = p.emit.take();
        *p = StreamParser::new(modern_options(plain_values(&p.tokens)), p.dialect);
        p.emit = emit;
        return p.sql().map(Statement::Sql);
    }
    p.expect("COPY")?;
    p.expect_token(&Token::LParen)?;
    p.expect("SUBSCRIBE")?;
    let subscribe = subscribe(p)?;
    p.expect_token(&Token::RParen)?;
    if !p.at(&["TO", "STDOUT"]) {
        p.eat(&["TO"]);
        return Err(p.unexpected("TO STDOUT"));
    }
    // The options of a COPY that sqlparser knows.
    let to = p.peek();
    let mut tokens = vec![made_word("COPY", &to), made_word("x", &to)];
    tokens.extend_from_slice(&plain_values(p.rest()));
    let mut plain = StreamParser::new(modern_options(tokens), p.dialect);
    let statement = plain.sql()?;
    plain.end()?;
    while !p.rest().is_empty() {
        p.parser.advance_token();
    }
    match *statement {
        ast::Statement::Copy {
            options,
            target: CopyTarget::Stdout,
            ..
        } => Ok(Statement::CopySubscribe { subscribe, options }),
        _ => Err(Fault::near(&to)),
    }
}

/// sqlparser takes neither `E'\t'` as a delimiter nor `HEADER on`.
fn plain_values(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut tokens = tokens.to_vec();
    for at in 0..tokens.len() {
        if let Token::EscapedStringLiteral(text) = &tokens[at].token {
            tokens[at].token = Token::SingleQuotedString(text.clone());
        }
        let behind_switch = at > 0 && is_one_of(&tokens[at - 1], &["HEADER", "FREEZE"]);
        if !behind_switch {
            continue;
        }
        let said = match &tokens[at].token {
            Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
            Token::SingleQuotedString(text) => text.to_lowercase(),
            Token::Number(text, _) => text.clone(),
            _ => continue,
        };
        match said.as_str() {
            "on" | "1" | "true" => tokens[at].token = Token::make_keyword("TRUE"),
            "off" | "0" | "false" => tokens[at].token = Token::make_keyword("FALSE"),
            _ => {}
        }
    }
    tokens
}

/// PostgreSQL's old spellings (before 9.0: `CSV HEADER DELIMITER AS ';'`, in any order) in the new
/// form, `(FORMAT csv, HEADER, DELIMITER ';')`. What is not one of them stays as it is.
fn modern_options(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut depth = 0usize;
    let target = tokens.iter().enumerate().skip(1).position(|(at, token)| {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && is_one_of(&tokens[at - 1], &["FROM", "TO"])
    });
    let Some(mut start) = target.map(|position| position + 2) else {
        return tokens;
    };
    if tokens
        .get(start)
        .is_some_and(|token| is_word(token, "WITH"))
    {
        start += 1;
    }
    let Some(first) = tokens
        .get(start)
        .filter(|token| token.token != Token::LParen)
    else {
        return tokens;
    };
    let mut out = tokens[..start].to_vec();
    out.push(made(Token::LParen, first));
    let mut rest = &tokens[start..];
    while let Some(token) = rest.first() {
        let Some((option, used)) = modern_option(rest) else {
            return tokens;
        };
        if rest.len() < tokens.len() - start {
            out.push(made(Token::Comma, token));
        }
        out.extend(option);
        rest = &rest[used..];
    }
    out.push(made(Token::RParen, first));
    out
}

/// The option that the tokens begin with, in its new form, and how many tokens it takes.
fn modern_option(tokens: &[TokenWithSpan]) -> Option<(Vec<TokenWithSpan>, usize)> {
    let first = tokens.first()?;
    if is_one_of(first, &["CSV", "BINARY"]) {
        let format = if is_word(first, "CSV") {
            "csv"
        } else {
            "binary"
        };
        return Some((
            vec![made_word("FORMAT", first), made_word(format, first)],
            1,
        ));
    }
    if is_word(first, "HEADER") {
        return Some((vec![first.clone()], 1));
    }
    if is_one_of(first, &["DELIMITER", "NULL", "QUOTE", "ESCAPE", "ENCODING"]) {
        let value = if tokens.get(1).is_some_and(|token| is_word(token, "AS")) {
            2
        } else {
            1
        };
        return Some((vec![first.clone(), tokens.get(value)?.clone()], value + 1));
    }
    let (name, mut used) = if starts_with(tokens, &["FORCE", "QUOTE"]) {
        ("FORCE_QUOTE", 2)
    } else if starts_with(tokens, &["FORCE", "NOT", "NULL"]) {
        ("FORCE_NOT_NULL", 3)
    } else {
        return None;
    };
    let mut option = vec![
        made_word(name, first),
        made(Token::LParen, first),
        tokens.get(used)?.clone(),
    ];
    used += 1;
    while tokens
        .get(used)
        .is_some_and(|token| token.token == Token::Comma)
    {
        option.extend([tokens[used].clone(), tokens.get(used + 1)?.clone()]);
        used += 2;
    }
    option.push(made(Token::RParen, first));
    Some((option, used))
}
