//! Summit's SQL: PostgreSQL's dialect plus what streams need. Text in, syntax tree out.
//!
//! [`parse`] takes what a client sends: statements with semicolons between them. [`parse_query`]
//! reads one query, such as a stored view's. [`relations`] and [`fold_ident`] answer what every
//! reader of a tree asks.
//!
//! Both spellings of a window give one tree, the table function: `FROM s AS a WINDOW TUMBLE (ts, …)`
//! reads as `FROM TUMBLE(s, ts, …) AS a`. The relation is the first argument, an identifier (or a
//! subquery). `PARTITION BY` of a session window becomes the last argument, named
//! [`PARTITION_BY_ARGUMENT`]: `SESSION(s PARTITION BY k, ts, …)` reads as
//! `SESSION(s, ts, …, partition_by => k)`. COPY's old spellings (`COPY t FROM STDIN CSV HEADER`)
//! read as the new options.
//!
//! It is not: aware of any schema, and it does no IO. It checks neither names nor the number of a
//! window's arguments; it knows no function but the windows. Prepared or nested statements
//! (`PREPARE p AS …`, function bodies with semicolons) can be sqlparser's statements only.
//!
//! Limits: [`INPUT_BYTES_MAX`] of text, [`NESTING_MAX`] levels, a tree of [`DEPTH_MAX`].
//! No input makes it panic or overflow the stack.

pub use sqlparser::ast;

mod copy;
mod create;
mod cursor;
mod dialect;
mod error;
mod explain;
mod fault;
mod hints;
mod lexer;
mod limits;
mod names;
mod options;
mod parse;
mod relations;
mod report;
mod sql_error;
mod statement;
mod stream_parser;
mod subscribe;
mod tokens;
mod unsupported;
mod windows;

pub use error::ParseError;
pub use limits::{DEPTH_MAX, INPUT_BYTES_MAX, NESTING_MAX};
pub use names::{fold_ident, object_name_parts};
pub use parse::{parse, parse_query};
pub use relations::relations;
pub use sql_error::{SqlError, SqlState};
pub use statement::{
    CreateMaterializedView, CreateStream, Emit, Explain, ParsedStatement, Show, Statement,
    Subscribe, Watermark,
};
pub use windows::{PARTITION_BY_ARGUMENT, WINDOW_FUNCTIONS};
