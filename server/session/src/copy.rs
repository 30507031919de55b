//! COPY.

use arrow::datatypes::SchemaRef;

/// `COPY relation [(columns)] FROM STDIN`, ready to take rows.
#[derive(Debug, Clone)]
pub struct CopyIn {
    /// The relation's name as the user wrote it, for error contexts.
    pub relation: String,
    /// The columns that the data has, in the data's order.
    pub schema: SchemaRef,
    /// How the data is written.
    pub options: CopyOptions,
    /// The relation, qualified, for [`crate::Session::copy_in`].
    pub target: Vec<String>,
}

/// How COPY data is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOptions {
    /// The format.
    pub format: CopyFormat,
    /// Between columns: tab for text, comma for CSV.
    pub delimiter: u8,
    /// What stands for NULL: `\N` for text, nothing (unquoted) for CSV.
    pub null: String,
    /// A first line of column names.
    pub header: bool,
    /// CSV's quote.
    pub quote: u8,
    /// CSV's escape within quotes.
    pub escape: u8,
}

/// COPY's formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyFormat {
    /// PostgreSQL's text format.
    Text,
    /// Comma-separated values.
    Csv,
    /// PostgreSQL's binary format.
    Binary,
}
