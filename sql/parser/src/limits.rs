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

/// Deepest tree: an operator or a parenthesis is one level, a set operation 4, a subquery 9. These
/// are the shares of stack that a clone of the tree takes, measured at about 5 KiB a level without
/// optimization and 2 KiB with it; threads have 2 MiB.
pub const DEPTH_MAX: usize = 320;

const SET_OPERATION: usize = 4;
const SUBQUERY: usize = 9;

/// Deepest nesting of `((SELECT …`, which sqlparser reads as a query and then as a join: the work
/// doubles with each level.
const DOUBLE_MAX: usize = 10;

/// sqlparser's own counter, which counts its functions: several to one parenthesis.
pub(crate) const RECURSION_MAX: usize = 400;

/// One parenthesis, bracket or CASE: upper bounds of the depth of what it holds.
#[derive(Default)]
struct Level {
    is_case: bool,
    /// What the level itself adds.
    weight: usize,
    /// How many of the levels down to this one are `((SELECT …`.
    doubles: usize,
    /// The deepest expression that has ended.
    ended: usize,
    /// In the expression that goes on: the deepest of what is nested in it,
    nested: usize,
    /// AND and OR, each a level above all before it,
    logical: usize,
    /// and other operators, of which AND and OR begin a new row.
    row: usize,
    row_max: usize,
    /// Set operations, over the whole level.
    whole: usize,
}

impl Level {
    fn logical(&mut self) {
        self.logical += 1;
        self.row = 0;
    }

    fn operator(&mut self) {
        self.row += 1;
        self.row_max = self.row_max.max(self.row);
    }

    fn begin_anew(&mut self) {
        self.ended = self.ended.max(self.nested + self.logical + self.row_max);
        (self.nested, self.logical, self.row, self.row_max) = (0, 0, 0, 0);
    }

    fn depth(&self) -> usize {
        self.weight + self.whole + self.ended.max(self.nested + self.logical + self.row_max)
    }
}

/// Ends the innermost level.
fn close(levels: &mut Vec<Level>) -> Option<Level> {
    let closed = levels.pop()?;
    if let Some(level) = levels.last_mut() {
        level.nested = level.nested.max(closed.depth());
    }
    Some(closed)
}

/// Refuses a statement whose tree would be too deep. Errs on the strict side: an operator that
/// may lengthen a chain counts, and only what certainly ends an expression begins a new one.
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
                    level.operator();
                }
                let is_paren = |at: usize| {
                    tokens
                        .get(at)
                        .is_some_and(|token| token.token == Token::LParen)
                };
                let is_query = tokens
                    .get(at + 1)
                    .is_some_and(|token| is_one_of(token, &["SELECT", "WITH", "VALUES"]));
                let is_double = is_query && is_paren(at) && at > 0 && is_paren(at - 1);
                let doubles = level.doubles + usize::from(is_double);
                let weight = if is_query { SUBQUERY } else { 1 };
                levels.push(Level {
                    weight,
                    doubles,
                    ..Level::default()
                });
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                while levels.len() > 1 && close(&mut levels).is_some_and(|level| level.is_case) {}
            }
            Token::Comma => level.begin_anew(),
            Token::Word(word) => match word.keyword {
                Keyword::CASE => {
                    let doubles = level.doubles;
                    levels.push(Level {
                        is_case: true,
                        weight: 1,
                        doubles,
                        ..Level::default()
                    });
                }
                Keyword::END if level.is_case => {
                    close(&mut levels);
                }
                Keyword::AND | Keyword::OR => {
                    level.logical();
                    is_operator = true;
                }
                keyword if chains(keyword) => {
                    level.operator();
                    is_operator = true;
                }
                Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::OPERATOR => {
                    level.whole += SET_OPERATION;
                }
                keyword if !after_operator && begins_anew(keyword) => level.begin_anew(),
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
            // `SELECT *`, `t.*`, `count(*)`: nothing to multiply.
            Token::Mul if at > 0 && precedes_star(&tokens[at - 1]) => {}
            _ => {
                level.operator();
                is_operator = true;
            }
        }
        if is_word(token, "INTERVAL") && at > 0 && is_word(&tokens[at - 1], "INTERVAL") {
            // Never right, and sqlparser would recurse for each without minding the stack.
            return Err(Fault::near(token));
        }
        after_operator = is_operator;
        let deepest = levels.last().expect("the outermost level is never popped");
        if levels.len() > NESTING_MAX || deepest.doubles > DOUBLE_MAX || deepest.depth() > DEPTH_MAX
        {
            return Err(too_deep(Some(token)));
        }
    }
    // What is still open is part of what it stands in.
    while levels.len() > 1 {
        close(&mut levels);
    }
    if levels[0].depth() > DEPTH_MAX {
        Err(too_deep(tokens.last()))
    } else {
        Ok(())
    }
}

/// The error for a statement that nests too deeply.
pub(crate) fn too_deep(token: Option<&TokenWithSpan>) -> Fault {
    let fault = Fault::new("54001", "statement is too complex").hint(format!(
        "At most {NESTING_MAX} levels can be nested and about {DEPTH_MAX} operators chained; IN (…), VALUES or a joined \
         table replace long chains."
    ));
    match token {
        Some(token) => fault.at(token),
        None => fault,
    }
}

fn precedes_star(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::LParen | Token::Comma | Token::Period) || is_word(token, "SELECT")
}

/// Words that lengthen a chain.
fn chains(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::NOT
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
