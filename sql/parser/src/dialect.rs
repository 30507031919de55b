//! The dialect: PostgreSQL's, with what keeps the time of parsing within bounds.

use std::any::TypeId;
use std::cell::Cell;

use sqlparser::ast::{Expr, Statement};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// Statements within one, and readings of it for a better error.
const STATEMENTS_MAX: usize = 12;

/// PostgreSQL's dialect, except that
/// - the name of a named argument is an identifier, not an expression: sqlparser tries an
///   expression first and then parses the argument again, which doubles the work with each
///   nested call;
/// - text after `AS OF` is left alone: `OF` is not an alias;
/// - expressions are counted. sqlparser tries several readings of `CASE`, `NOT`, `CAST (` and
///   others, one after the other, so a wrong statement doubles the work with each level; past the
///   bound it ends as too complex;
/// - so are statements: `EXPLAIN EXPLAIN …` recurses without minding the stack.
#[derive(Debug)]
pub(crate) struct SummitDialect {
    postgres: PostgreSqlDialect,
    expressions_left: Cell<usize>,
    statements_left: Cell<usize>,
}

impl SummitDialect {
    /// For one statement of so many tokens.
    pub fn new(tokens: usize) -> Self {
        SummitDialect {
            postgres: PostgreSqlDialect {},
            expressions_left: Cell::new(20 * tokens + 20_000),
            statements_left: Cell::new(STATEMENTS_MAX),
        }
    }
}

/// One less, or the error that ends the work.
fn spend<T>(left: &Cell<usize>) -> Option<Result<T, ParserError>> {
    match left.get().checked_sub(1) {
        Some(rest) => {
            left.set(rest);
            None
        }
        None => Some(Err(ParserError::RecursionLimitExceeded)),
    }
}

macro_rules! as_postgres {
    ($($name:ident)*) => {
        $(fn $name(&self) -> bool {
            self.postgres.$name()
        })*
    };
}

impl Dialect for SummitDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        self.postgres.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.postgres.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.postgres.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.postgres.is_identifier_part(ch)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        self.postgres.is_custom_operator_part(ch)
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        self.postgres.is_reserved_for_identifier(keyword)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        self.postgres.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        self.postgres.prec_value(precedence)
    }

    fn parse_prefix(&self, _parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        spend(&self.expressions_left)
    }

    fn parse_statement(&self, _parser: &mut Parser) -> Option<Result<Statement, ParserError>> {
        spend(&self.statements_left)
    }

    fn supports_named_fn_args_with_expr_name(&self) -> bool {
        false
    }

    fn is_table_factor_alias(
        &self,
        explicit: bool,
        keyword: &Keyword,
        parser: &mut Parser,
    ) -> bool {
        if explicit && *keyword == Keyword::OF {
            return false;
        }
        self.postgres
            .is_table_factor_alias(explicit, keyword, parser)
    }

    as_postgres! {
        supports_unicode_string_literal
        supports_filter_during_aggregation
        supports_group_by_expr
        allow_extract_custom
        allow_extract_single_quotes
        supports_create_index_with_clause
        supports_explain_with_utility_options
        supports_listen_notify
        supports_factorial_operator
        supports_bitwise_shift_operators
        supports_comment_on
        supports_load_extension
        supports_named_fn_args_with_colon_operator
        supports_empty_projections
        supports_nested_comments
        supports_string_escape_constant
        supports_numeric_literal_underscores
        supports_array_typedef_with_brackets
        supports_geometric_types
        supports_set_names
        supports_alter_column_type_using
        supports_notnull_operator
        supports_interval_options
        supports_insert_table_alias
        supports_create_table_like_parenthesized
        supports_select_wildcard_with_alias
        supports_comma_separated_trim
        supports_xml_expressions
    }
}
