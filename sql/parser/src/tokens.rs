//! Small questions about tokens.

use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

/// Whether a token is this word, unquoted, in any case.
pub(crate) fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

/// Whether a token is one of these words.
pub(crate) fn is_one_of(token: &TokenWithSpan, words: &[&str]) -> bool {
    words.iter().any(|word| is_word(token, word))
}

/// Whether the tokens begin with these words.
pub(crate) fn starts_with(tokens: &[TokenWithSpan], words: &[&str]) -> bool {
    tokens.len() >= words.len()
        && tokens
            .iter()
            .zip(words)
            .all(|(token, word)| is_word(token, word))
}

/// Whether a token is a name or a word.
pub(crate) fn is_any_word(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Word(_))
}

/// A token that the text does not have; `near` lends its place.
pub(crate) fn made(token: Token, near: &TokenWithSpan) -> TokenWithSpan {
    TokenWithSpan::new(token, Span::new(near.span.start, near.span.start))
}

/// A word that the text does not have.
pub(crate) fn made_word(word: &str, near: &TokenWithSpan) -> TokenWithSpan {
    made(Token::make_keyword(word), near)
}

/// Where the parenthesis that `tokens[open]` opens is closed.
pub(crate) fn closing(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the parenthesis that `tokens[close]` closes is opened.
pub(crate) fn opening(tokens: &[TokenWithSpan], close: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in (0..=close).rev() {
        match tokens[at].token {
            Token::RParen => depth += 1,
            Token::LParen => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
