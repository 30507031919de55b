//! The bounds of this crate, and the check that a statement's tree stays shallow.
//!
//! Trees are dropped, cloned, printed and planned by recursion, so depth is bounded before the
//! tree exists. sqlparser bounds nesting; it does not bound chains (`1 + 1 + 1 …` and
//! `SELECT … UNION SELECT …` lean to the left, one level for each operator).

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::fault::Fault;
use crate::tokens::{is_one_of, is_word};

/// Longest input, in bytes.
pub const INPUT_BYTES_MAX: usize = 16 << 20;

/// Deepest nesting of parentheses, brackets and CASE.
pub const NESTING_MAX: usize = 64;

/// Longest chain of operators in one expression, and of set operations in one query.
pub const CHAIN_MAX: usize = 250;

/// Deepest nesting of `((SELECT …`, which sqlparser reads as a query and then as a join: the work
/// doubles with each level.
const DOUBLE_MAX: usize = 10;

/// sqlparser's own counter, which counts its functions: several to one parenthesis.
pub(crate) const RECURSION_MAX: usize = 400;

#[derive(Default)]
struct Level {
    is_case: bool,
    /// How many of the levels down to this one are `((SELECT …`.
    doubles: usize,
    /// Operators since the last point at which an expression must have begun anew.
    chain: usize,
    /// What chains over the whole level.
    whole: usize,
}

/// Refuses a statement whose tree would be too deep. Errs on the strict side: an operator that
/// may lengthen a chain counts, and only what certainly ends an expression resets the count.
pub(crate) fn check(tokens: &[TokenWithSpan]) -> Result<(), Fault> {
    let mut levels = vec![Level::default()];
    let mut after_operator = false;
    for (at, token) in tokens.iter().enumerate() {
        let level = levels
            .last_mut()
            .expect("the outermost level is never popped");
        let mut is_operator = false;
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                if matches!(token.token, Token::LBracket) {
                    level.chain += 1;
                }
                let is_paren = |at: usize| {
                    tokens
                        .get(at)
                        .is_some_and(|token| token.token == Token::LParen)
                };
                let is_double = at > 0
                    && is_paren(at - 1)
                    && is_paren(at)
                    && tokens
                        .get(at + 1)
                        .is_some_and(|token| is_one_of(token, &["SELECT", "WITH", "VALUES"]));
                let doubles = level.doubles + usize::from(is_double);
                levels.push(Level {
                    doubles,
                    ..Level::default()
                });
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                while levels.len() > 1 && levels.pop().is_some_and(|level| level.is_case) {}
            }
            Token::Comma => level.chain = 0,
            Token::Word(word) => match word.keyword {
                Keyword::CASE => {
                    let doubles = level.doubles;
                    levels.push(Level {
                        is_case: true,
                        doubles,
                        ..Level::default()
                    });
                }
                Keyword::END if level.is_case => {
                    levels.pop();
                }
                keyword if chains(keyword) => {
                    level.chain += 1;
                    is_operator = true;
                }
                Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::OPERATOR => {
                    level.whole += 1
                }
                keyword if !after_operator && begins_anew(keyword) => level.chain = 0,
                _ => {}
            },
            Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Period => {}
            _ => {
                level.chain += 1;
                is_operator = true;
            }
        }
        if is_word(token, "INTERVAL") && at > 0 && is_word(&tokens[at - 1], "INTERVAL") {
            // Never right, and sqlparser would recurse for each without minding the stack.
            return Err(Fault::near(token));
        }
        after_operator = is_operator;
        let deepest = levels.last().expect("the outermost level is never popped");
        if levels.len() > NESTING_MAX
            || deepest.chain > CHAIN_MAX
            || deepest.whole > CHAIN_MAX
            || deepest.doubles > DOUBLE_MAX
        {
            return Err(too_deep(Some(token)));
        }
    }
    Ok(())
}

/// The error for a statement that nests too deeply.
pub(crate) fn too_deep(token: Option<&TokenWithSpan>) -> Fault {
    let fault = Fault::new("54001", "statement is too complex").hint(format!(
        "Nest at most {NESTING_MAX} levels and chain at most {CHAIN_MAX} operators; IN (…), VALUES or a joined table \
         replace long chains."
    ));
    match token {
        Some(token) => fault.at(token),
        None => fault,
    }
}

/// Words that lengthen a chain.
fn chains(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::AND
            | Keyword::OR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::NOTNULL
            | Keyword::DISTINCT
            | Keyword::IN
            | Keyword::BETWEEN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::TO
            | Keyword::ESCAPE
            | Keyword::COLLATE
            | Keyword::AT
            | Keyword::TIME
            | Keyword::ZONE
            | Keyword::OVERLAPS
            | Keyword::INTERVAL
            | Keyword::XOR
            | Keyword::DIV
            | Keyword::REGEXP
            | Keyword::RLIKE
            | Keyword::MEMBER
            | Keyword::ARRAY
            | Keyword::LATERAL
    )
}

/// Words that begin a clause: unless an operator stands before one, no expression goes on after it.
fn begins_anew(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::SELECT
            | Keyword::FROM
            | Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::ON
            | Keyword::WHEN
            | Keyword::THEN
            | Keyword::ELSE
            | Keyword::SET
            | Keyword::VALUES
    )
}
