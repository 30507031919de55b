//! `SUBSCRIBE [TO] relation | (query) [WITH (snapshot, progress)] [AS OF LSN n] [UP TO LSN n]`

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::Subscribe;
use crate::fault::Fault;
use crate::options::{self, Values};
use crate::stream_parser::StreamParser;
use crate::tokens::{made, made_word};

/// Behind `SUBSCRIBE`.
pub(crate) fn subscribe(p: &mut StreamParser) -> Result<Subscribe, Fault> {
    p.eat(&["TO"]);
    if p.at(&["SELECT"]) || p.at(&["VALUES"]) {
        return Err(p
            .unexpected("")
            .hint("Put the query in parentheses: SUBSCRIBE (SELECT …)."));
    }
    let (query, relation) = if p.parser.consume_token(&Token::LParen) {
        let query = p.query()?;
        p.expect_token(&Token::RParen)?;
        (query, None)
    } else {
        if !crate::tokens::is_any_word(&p.peek()) {
            return Err(p.unexpected("a relation or a query in parentheses"));
        }
        let start = p.parser.index();
        let name = p.object_name()?;
        (
            StreamParser::new(select_all(&p.tokens[start..p.parser.index()]), p.dialect).query()?,
            Some(name),
        )
    };
    let mut subscribe = Subscribe {
        query,
        relation,
        snapshot: true,
        progress: false,
        as_of: None,
        up_to: None,
    };
    // In any order, each once.
    let mut has_options = false;
    loop {
        let token = p.peek();
        if p.at(&["WITH"]) && !has_options {
            has_options = true;
            if p.rest()
                .get(1)
                .is_none_or(|token| token.token != Token::LParen)
            {
                p.expect("WITH")?;
                return Err(p.unexpected("("));
            }
            for option in options::with(p, Values::Optional)? {
                match option.name.as_str() {
                    "snapshot" => subscribe.snapshot = options::boolean(&option)?,
                    "progress" => subscribe.progress = options::boolean(&option)?,
                    name => {
                        return Err(options::unknown(
                            name,
                            &["snapshot", "progress"],
                            &option.token,
                        ));
                    }
                }
            }
        } else if subscribe.as_of.is_none() && p.eat(&["AS", "OF"]) {
            subscribe.as_of = Some(lsn(p)?);
        } else if subscribe.up_to.is_none() && p.eat(&["UP", "TO"]) {
            subscribe.up_to = Some(lsn(p)?);
        } else {
            break;
        }
        if let (Some(from), Some(to)) = (subscribe.as_of, subscribe.up_to)
            && from > to
        {
            return Err(Fault::new(
                "22023",
                format!("UP TO LSN {to} lies before AS OF LSN {from}"),
            )
            .at(&token));
        }
    }
    Ok(subscribe)
}

fn lsn(p: &mut StreamParser) -> Result<u64, Fault> {
    p.expect("LSN")?;
    let token = p.peek();
    let Token::Number(text, _) = &token.token else {
        return Err(p.unexpected("a number"));
    };
    let lsn = text.replace('_', "").parse().map_err(|_| {
        Fault::new("22023", format!("\"{text}\" is not an LSN"))
            .at(&token)
            .hint("An LSN is a whole number of 64 bits.")
    })?;
    p.parser.advance_token();
    Ok(lsn)
}

/// `SELECT * FROM name`
fn select_all(name: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let Some(first) = name.first() else {
        return Vec::new();
    };
    let mut tokens = vec![
        made_word("SELECT", first),
        made(Token::Mul, first),
        made_word("FROM", first),
    ];
    tokens.extend_from_slice(name);
    tokens
}
