//! Summit's SQL: PostgreSQL's dialect plus what streams need. Text in, syntax tree out.
//!
//! It is not: aware of any schema, and it does no IO.

pub use sqlparser::ast;
mod error;
mod sql_error;
mod statement;

pub use error::ParseError;
pub use sql_error::{SqlError, SqlState};
pub use statement::{
    CreateMaterializedView, CreateStream, Emit, Explain, ParsedStatement, Show, Statement, Subscribe, Watermark,
};
