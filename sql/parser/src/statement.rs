//! The statements.

use sqlparser::ast;

/// One statement.
#[expect(
    clippy::large_enum_variant,
    reason = "one value for each statement a client sends; never held in bulk"
)]
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// Nothing but white space and comments.
    Empty,
    /// What sqlparser knows: SELECT, INSERT, UPDATE, DELETE, CREATE TABLE, CREATE VIEW, DROP
    /// TABLE | VIEW | MATERIALIZED VIEW, COPY, SET, BEGIN, COMMIT, ROLLBACK, PREPARE, …
    Sql(Box<ast::Statement>),
    /// `CREATE STREAM`
    CreateStream(CreateStream),
    /// `DROP STREAM`
    DropStream {
        /// Which.
        names: Vec<ast::ObjectName>,
        /// No error when there is none.
        if_exists: bool,
        /// With all that depends on it.
        cascade: bool,
    },
    /// `CREATE MATERIALIZED VIEW`
    CreateMaterializedView(CreateMaterializedView),
    /// `SUBSCRIBE`
    Subscribe(Subscribe),
    /// `COPY (SUBSCRIBE …) TO STDOUT`
    CopySubscribe {
        /// The subscription.
        subscribe: Subscribe,
        /// COPY's options.
        options: Vec<ast::CopyOption>,
    },
    /// `EXPLAIN` of what sqlparser does not know; EXPLAIN of a query comes as `Sql`.
    Explain(Explain),
    /// `SHOW STREAMS | TABLES | VIEWS`; SHOW of a setting, `SHOW ALL` and the rest come as `Sql`.
    Show(Show),
    /// `DECLARE name CURSOR FOR SUBSCRIBE …`; a cursor for a query comes as `Sql`.
    DeclareSubscribe {
        /// The cursor; its `for_query` is empty.
        declare: Box<ast::Declare>,
        /// What it reads.
        subscribe: Subscribe,
    },
    /// `FETCH … WITH (timeout = '1s')`; FETCH without options comes as `Sql`.
    Fetch {
        /// Always [`ast::Statement::Fetch`].
        fetch: Box<ast::Statement>,
        /// Options, names in lower case.
        options: Vec<(String, ast::Value)>,
    },
    /// `BACKUP INTO 'url' [WITH (label = '…')]`
    Backup {
        /// Where to.
        url: String,
        /// A name for people.
        label: Option<String>,
    },
    /// `SHOW BACKUPS IN 'url'`
    ShowBackups {
        /// Where.
        url: String,
    },
    /// `VERIFY BACKUP ['id'] IN 'url'`
    VerifyBackup {
        /// Which; the latest when none is named.
        id: Option<String>,
        /// Where.
        url: String,
    },
}

/// `CREATE STREAM [IF NOT EXISTS] name (columns…, [WATERMARK FOR column AS expr])
/// [PARTITION BY (columns)] [WITH (option = value, …)]`
#[derive(Debug, Clone, PartialEq)]
pub struct CreateStream {
    /// Its name.
    pub name: ast::ObjectName,
    /// No error when it exists.
    pub if_not_exists: bool,
    /// Its columns.
    pub columns: Vec<ast::ColumnDef>,
    /// Its watermark.
    pub watermark: Option<Watermark>,
    /// Columns whose hash chooses the partition; empty: round robin.
    pub partition_by: Vec<ast::Ident>,
    /// Options, names in lower case.
    pub options: Vec<(String, ast::Value)>,
}

/// `WATERMARK FOR column AS expr`
#[derive(Debug, Clone, PartialEq)]
pub struct Watermark {
    /// The event-time column.
    pub column: ast::Ident,
    /// `column` or `column - INTERVAL '…'`.
    pub expr: ast::Expr,
}

/// `CREATE [OR REPLACE] MATERIALIZED VIEW [IF NOT EXISTS] name [(columns)] [WITH (…)] AS query [EMIT …]`
#[derive(Debug, Clone, PartialEq)]
pub struct CreateMaterializedView {
    /// Its name.
    pub name: ast::ObjectName,
    /// No error when it exists.
    pub if_not_exists: bool,
    /// Replaces one that exists.
    pub or_replace: bool,
    /// Names for its columns; empty: the query's.
    pub columns: Vec<ast::Ident>,
    /// Options, names in lower case.
    pub options: Vec<(String, ast::Value)>,
    /// Its query.
    pub query: Box<ast::Query>,
    /// When it emits.
    pub emit: Emit,
}

/// When a view emits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Emit {
    /// As its inputs change (`EMIT CHANGES`, and when nothing is said).
    #[default]
    Changes,
    /// When a window closes (`EMIT ON WINDOW CLOSE`).
    OnWindowClose,
}

/// `SUBSCRIBE [TO] relation | (query) [WITH (snapshot, progress)] [AS OF LSN n] [UP TO LSN n]`
#[derive(Debug, Clone, PartialEq)]
pub struct Subscribe {
    /// `SELECT * FROM relation` when a relation is named.
    pub query: Box<ast::Query>,
    /// The relation, when one is named.
    pub relation: Option<ast::ObjectName>,
    /// Whether what is there comes first. Default true.
    pub snapshot: bool,
    /// Whether positions without changes are reported. Default false.
    pub progress: bool,
    /// Start.
    pub as_of: Option<u64>,
    /// End, inclusive.
    pub up_to: Option<u64>,
}

/// `EXPLAIN …`
#[derive(Debug, Clone, PartialEq)]
pub enum Explain {
    /// `EXPLAIN [CREATE] MATERIALIZED VIEW name` or `EXPLAIN VIEW name`: of one that exists.
    View(ast::ObjectName),
    /// `EXPLAIN CREATE MATERIALIZED VIEW … AS query`: of one that would be made.
    CreateMaterializedView(CreateMaterializedView),
}

/// `SHOW …`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// `SHOW STREAMS`
    Streams,
    /// `SHOW TABLES`
    Tables,
    /// `SHOW VIEWS` and `SHOW MATERIALIZED VIEWS`
    Views,
}

/// A statement and where it stood.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedStatement {
    /// The statement.
    pub statement: Statement,
    /// Its own source text, trimmed, without the semicolon.
    pub text: String,
    /// Where the text starts in the input, in characters from 0.
    pub offset: usize,
}
