//! One statement: ours by its leading words, all else by sqlparser.

use sqlparser::ast;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::dialect::SummitDialect;
use crate::fault::{Fault, Place};
use crate::limits::{self, RECURSION_MAX};
use crate::tokens::{closing, is_any_word, is_one_of, is_word, made, made_word, starts_with};
use crate::{
    Emit, Show, Statement, copy, create, cursor, explain, options, subscribe, unsupported, windows,
};

/// sqlparser's parser with its tokens at hand. The tokens hold no white space, so the parser's
/// index is an index into them.
pub(crate) struct StreamParser<'a> {
    /// sqlparser's.
    pub parser: Parser<'a>,
    /// Shared by all parsers of a statement: it bounds their work together.
    pub dialect: &'a SummitDialect,
    /// The statement's tokens, rewritten.
    pub tokens: Vec<TokenWithSpan>,
    /// An EMIT clause that was cut off the end, and its first token. Who knows EMIT takes it.
    pub emit: Option<(Emit, TokenWithSpan)>,
}

impl<'a> StreamParser<'a> {
    /// Reads one statement's tokens to their end.
    pub fn read(tokens: Vec<TokenWithSpan>) -> Result<Statement, Fault> {
        limits::check(&tokens)?;
        if let Some(fault) = unsupported::by_first_words(&tokens) {
            return Err(fault);
        }
        let tokens = prepared(tokens)?;
        let dialect = SummitDialect::new(tokens.len());
        let (cut, emit) = cut_emit(&tokens);
        let Some((emit, token)) = emit else {
            return StreamParser::new(tokens, &dialect).whole_statement();
        };
        let mut with_emit = StreamParser::new(cut.to_vec(), &dialect);
        with_emit.emit = Some((emit, token.clone()));
        let outcome = with_emit.whole_statement();
        if with_emit.emit.is_none() {
            return outcome;
        }
        // Nothing took the clause: `SELECT emit changes` has none.
        StreamParser::new(tokens, &dialect)
            .whole_statement()
            .map_err(|_| misplaced_emit(&token))
    }

    /// Reads one query's tokens to their end.
    pub fn read_query(tokens: Vec<TokenWithSpan>) -> Result<Box<ast::Query>, Fault> {
        limits::check(&tokens)?;
        let tokens = prepared(tokens)?;
        let dialect = SummitDialect::new(tokens.len());
        let mut this = StreamParser::new(tokens, &dialect);
        let query = this.query().and_then(|query| this.end().map(|()| query));
        query.map_err(|fault| this.explained(fault))
    }

    /// Over tokens that are prepared.
    pub fn new(tokens: Vec<TokenWithSpan>, dialect: &'a SummitDialect) -> Self {
        let parser = Parser::new(dialect)
            .with_recursion_limit(RECURSION_MAX)
            .with_tokens_with_locations(tokens.clone());
        StreamParser {
            parser,
            dialect,
            tokens,
            emit: None,
        }
    }

    fn whole_statement(&mut self) -> Result<Statement, Fault> {
        let statement = self
            .statement()
            .and_then(|statement| self.end().map(|()| statement));
        statement.map_err(|fault| self.explained(fault))
    }

    fn statement(&mut self) -> Result<Statement, Fault> {
        if self.eat(&["CREATE", "STREAM"]) {
            return create::stream(self);
        }
        if self.at(&["CREATE", "MATERIALIZED", "VIEW"])
            || self.at(&["CREATE", "OR", "REPLACE", "MATERIALIZED", "VIEW"])
        {
            return create::materialized_view(self).map(Statement::CreateMaterializedView);
        }
        if self.eat(&["DROP", "STREAM"]) {
            return create::drop_stream(self);
        }
        if self.eat(&["SUBSCRIBE"]) {
            return subscribe::subscribe(self).map(Statement::Subscribe);
        }
        if self.at(&["COPY"]) {
            return copy::copy(self);
        }
        if self.at(&["EXPLAIN"]) {
            return explain::explain(self);
        }
        if self.at(&["SHOW"]) {
            return self.show();
        }
        if self.at(&["DECLARE"]) {
            return cursor::declare(self);
        }
        if self.eat(&["FETCH"]) {
            return cursor::fetch(self);
        }
        if self.eat(&["BACKUP"]) {
            return self.backup();
        }
        if self.eat(&["VERIFY"]) {
            self.expect("BACKUP")?;
            let id = match self.at(&["IN"]) {
                true => None,
                false => Some(self.string("a backup's id in quotes, or IN")?),
            };
            self.expect("IN")?;
            return Ok(Statement::VerifyBackup {
                id,
                url: self.string("a URL in quotes")?,
            });
        }
        self.sql().map(Statement::Sql)
    }

    fn show(&mut self) -> Result<Statement, Fault> {
        if self.eat(&["SHOW", "BACKUPS"]) {
            self.expect("IN")?;
            return Ok(Statement::ShowBackups {
                url: self.string("a URL in quotes")?,
            });
        }
        let shows: [(&[&str], Show); 4] = [
            (&["SHOW", "STREAMS"], Show::Streams),
            (&["SHOW", "TABLES"], Show::Tables),
            (&["SHOW", "VIEWS"], Show::Views),
            (&["SHOW", "MATERIALIZED", "VIEWS"], Show::Views),
        ];
        for (words, show) in shows {
            if self.tokens.len() == words.len() && self.eat(words) {
                return Ok(Statement::Show(show));
            }
        }
        self.sql().map(Statement::Sql)
    }

    fn backup(&mut self) -> Result<Statement, Fault> {
        self.expect("INTO")?;
        let url = self.string("a URL in quotes")?;
        let mut label = None;
        for option in options::with(self, options::Values::Required)? {
            match (option.name.as_str(), option.value) {
                ("label", ast::Value::SingleQuotedString(text)) => label = Some(text),
                ("label", _) => {
                    return Err(
                        Fault::new("22023", "label takes a text in quotes").at(&option.token)
                    );
                }
                _ => return Err(options::unknown(&option.name, &["label"], &option.token)),
            }
        }
        Ok(Statement::Backup { url, label })
    }

    /// What sqlparser makes of the tokens.
    pub fn sql(&mut self) -> Result<Box<ast::Statement>, Fault> {
        let outcome = self.parser.parse_statement();
        self.located(outcome).map(Box::new)
    }

    /// A query.
    pub fn query(&mut self) -> Result<Box<ast::Query>, Fault> {
        let outcome = self.parser.parse_query();
        self.located(outcome)
    }

    /// A name, schema and all.
    pub fn object_name(&mut self) -> Result<ast::ObjectName, Fault> {
        let outcome = self.parser.parse_object_name(false);
        self.located(outcome)
    }

    /// A name.
    pub fn identifier(&mut self) -> Result<ast::Ident, Fault> {
        let outcome = self.parser.parse_identifier();
        self.located(outcome)
    }

    /// Names with commas between.
    pub fn identifiers(&mut self) -> Result<Vec<ast::Ident>, Fault> {
        self.list(Self::identifier)
    }

    /// Things with commas between, at least one.
    pub fn list<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut all = vec![one(self)?];
        while self.parser.consume_token(&Token::Comma) {
            all.push(one(self)?);
        }
        Ok(all)
    }

    /// A string constant.
    pub fn string(&mut self, expected: &str) -> Result<String, Fault> {
        match self.peek().token {
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => {
                self.parser.advance_token();
                Ok(text)
            }
            Token::DollarQuotedString(text) => {
                self.parser.advance_token();
                Ok(text.value)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// sqlparser's error with its place.
    pub fn located<T>(
        &self,
        outcome: Result<T, sqlparser::parser::ParserError>,
    ) -> Result<T, Fault> {
        outcome.map_err(|error| Fault::from_sqlparser(error, self.parser.peek_token_ref()))
    }

    /// The next token.
    pub fn peek(&self) -> TokenWithSpan {
        self.parser.peek_token()
    }

    /// The tokens that are still to come.
    pub fn rest(&self) -> &[TokenWithSpan] {
        self.tokens.get(self.parser.index()..).unwrap_or_default()
    }

    /// Whether these words come next.
    pub fn at(&self, words: &[&str]) -> bool {
        starts_with(self.rest(), words)
    }

    /// Takes these words when they come next.
    pub fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.at(words);
        if found {
            words.iter().for_each(|_| self.parser.advance_token());
        }
        found
    }

    /// Takes this word.
    pub fn expect(&mut self, word: &str) -> Result<(), Fault> {
        if self.eat(&[word]) {
            Ok(())
        } else {
            Err(self.unexpected(word))
        }
    }

    /// Takes this token.
    pub fn expect_token(&mut self, token: &Token) -> Result<(), Fault> {
        if self.parser.consume_token(token) {
            Ok(())
        } else {
            Err(self.unexpected(&token.to_string()))
        }
    }

    /// The next token is not what it should be.
    pub fn unexpected(&self, expected: &str) -> Fault {
        Fault::near(self.parser.peek_token_ref()).expected(expected)
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), Fault> {
        match self.rest().first() {
            Some(token) => Err(Fault::near(token)),
            None => Ok(()),
        }
    }

    /// A better error for the same statement, where there is one.
    fn explained(&self, fault: Fault) -> Fault {
        if fault.message.is_some() || fault.hint.is_some() {
            return fault;
        }
        if let Some(better) = unsupported::by_pattern(&self.tokens) {
            return better;
        }
        if let Some(at) = (0..self.tokens.len()).find(|at| starts_emit(&self.tokens[*at..])) {
            return misplaced_emit(&self.tokens[at]);
        }
        self.subquery_fault().unwrap_or(fault)
    }

    /// sqlparser tries a parenthesis in several ways and reports where the last began. A subquery
    /// that is wrong on its own names the place.
    fn subquery_fault(&self) -> Option<Fault> {
        // More would take long, on a statement that is wrong anyway.
        const SUBQUERIES_MAX: usize = 64;
        let mut found: Vec<(usize, usize)> = self
            .tokens
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| {
                pair[0].token == Token::LParen && is_one_of(&pair[1], &["SELECT", "WITH", "VALUES"])
            })
            // `WITH (option = …)` and `(WITH …)` differ: the parenthesis comes first here.
            .map(|(open, _)| {
                (
                    closing(&self.tokens, open).unwrap_or(self.tokens.len()),
                    open,
                )
            })
            .take(SUBQUERIES_MAX)
            .collect();
        // Inner ones close first.
        found.sort_by_key(|(close, open)| (*close, usize::MAX - *open));
        found.into_iter().find_map(|(close, open)| {
            let mut inner = StreamParser::new(self.tokens[open + 1..close].to_vec(), self.dialect);
            let outcome = inner.query().and_then(|_| inner.end());
            let fault = match outcome {
                Err(fault) => fault,
                Ok(()) if close == self.tokens.len() => Fault::near_or_end(None),
                Ok(()) => return None,
            };
            match self.tokens.get(close) {
                Some(token) if fault.place == Place::End => Some(fault.at(token)),
                _ => Some(fault),
            }
        })
    }
}

/// Rewrites what sqlparser does not know into what it does.
fn prepared(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, Fault> {
    let mut tokens = windows::rewrite(table_commands(tokens))?;
    if let Some(first) = tokens.first_mut()
        && is_word(first, "ABORT")
    {
        first.token = Token::make_keyword("ROLLBACK");
    }
    Ok(tokens)
}

/// `TABLE t`, where a query can stand, is `SELECT * FROM t`.
fn table_commands(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|token| is_word(token, "TABLE")) {
        return tokens;
    }
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len() + 4);
    for (at, token) in tokens.iter().enumerate() {
        let is_command = is_word(token, "TABLE")
            && tokens.get(at + 1).is_some_and(is_any_word)
            && match out.last() {
                None => true,
                Some(before) if before.token == Token::LParen => {
                    // Behind a name the parenthesis holds arguments.
                    out.len() < 2
                        || !matches!(&out[out.len() - 2].token, Token::Word(w) if w.keyword == Keyword::NoKeyword)
                }
                Some(before) => is_one_of(
                    before,
                    &["AS", "UNION", "EXCEPT", "INTERSECT", "ALL", "FOR"],
                ),
            };
        if is_command {
            out.push(made_word("SELECT", token));
            out.push(made(Token::Mul, token));
            out.push(TokenWithSpan::new(Token::make_keyword("FROM"), token.span));
        } else {
            out.push(token.clone());
        }
    }
    out
}

/// Whether an EMIT clause begins here.
fn starts_emit(tokens: &[TokenWithSpan]) -> bool {
    starts_with(tokens, &["EMIT", "CHANGES"])
        || starts_with(tokens, &["EMIT", "ON", "WINDOW"])
        || starts_with(tokens, &["EMIT", "FINAL"])
}

type EmitClause = Option<(Emit, TokenWithSpan)>;

/// The tokens without the EMIT clause that they end with.
fn cut_emit(tokens: &[TokenWithSpan]) -> (&[TokenWithSpan], EmitClause) {
    let tails: [(&[&str], Emit); 2] = [
        (&["EMIT", "CHANGES"], Emit::Changes),
        (&["EMIT", "ON", "WINDOW", "CLOSE"], Emit::OnWindowClose),
    ];
    for (words, emit) in tails {
        if let Some(start) = tokens.len().checked_sub(words.len())
            && starts_with(&tokens[start..], words)
        {
            return (&tokens[..start], Some((emit, tokens[start].clone())));
        }
    }
    (tokens, None)
}

fn misplaced_emit(token: &TokenWithSpan) -> Fault {
    Fault::near(token).hint(
        "EMIT CHANGES and EMIT ON WINDOW CLOSE end a CREATE MATERIALIZED VIEW. To follow a query's changes, write \
         SUBSCRIBE (SELECT …).",
    )
}
