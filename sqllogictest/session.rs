//! A connection to the server under test, as sqllogictest sees it.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Which of PostgreSQL's two protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// One message, values as text.
    Simple,
    /// Parse, Bind, Describe, Execute; values in binary.
    Extended,
}

/// An error of the server, printed with its message, detail and hint.
#[derive(Debug)]
pub struct ServerError(tokio_postgres::Error);

impl From<tokio_postgres::Error> for ServerError {
    fn from(error: tokio_postgres::Error) -> Self {
        ServerError(error)
    }
}

impl std::error::Error for ServerError {}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(error) = self.0.as_db_error() else {
            return write!(f, "{}", self.0);
        };
        f.write_str(error.message())?;
        for line in [error.detail(), error.hint()].into_iter().flatten() {
            write!(f, " | {line}")?;
        }
        Ok(())
    }
}

/// A connection.
pub struct SqlSession {
    client: Client,
    protocol: Protocol,
}

impl SqlSession {
    /// Connects.
    pub async fn connect(address: SocketAddr, protocol: Protocol) -> Result<Self, ServerError> {
        let (client, connection) = tokio_postgres::Config::new()
            .host(address.ip().to_string())
            .port(address.port())
            .user("summit")
            .dbname("summit")
            .connect(NoTls)
            .await?;
        // Its end shows as an error of the next statement.
        drop(tokio::task::spawn(connection));
        Ok(SqlSession { client, protocol })
    }

    async fn simple(&self, sql: &str) -> Result<DBOutput<DefaultColumnType>, ServerError> {
        let mut rows = Vec::new();
        let mut columns = None;
        let mut count = 0;
        for message in self.client.simple_query(sql).await? {
            match message {
                SimpleQueryMessage::RowDescription(description) => {
                    columns = Some(description.len());
                }
                SimpleQueryMessage::Row(row) => {
                    rows.push(
                        (0..row.len())
                            .map(|column| shown(row.get(column)))
                            .collect(),
                    );
                }
                SimpleQueryMessage::CommandComplete(rows) => count = rows,
                _ => {}
            }
        }
        Ok(output(columns.unwrap_or_default(), rows, count))
    }

    async fn extended(&self, sql: &str) -> Result<DBOutput<DefaultColumnType>, ServerError> {
        let statement = self.client.prepare(sql).await?;
        if statement.columns().is_empty() {
            let count = self.client.execute(&statement, &[]).await?;
            return Ok(output(0, Vec::new(), count));
        }
        let mut rows = Vec::new();
        for row in self.client.query(&statement, &[]).await? {
            let mut values = Vec::new();
            for column in 0..row.len() {
                let value: Option<Shown> = row.try_get(column)?;
                values.push(shown(value.as_ref().map(|value| value.0.as_str())));
            }
            rows.push(values);
        }
        let count = rows.len() as u64;
        Ok(output(statement.columns().len(), rows, count))
    }
}

fn output(columns: usize, rows: Vec<Vec<String>>, count: u64) -> DBOutput<DefaultColumnType> {
    if columns == 0 {
        DBOutput::StatementComplete(count)
    } else {
        DBOutput::Rows {
            types: vec![DefaultColumnType::Any; columns],
            rows,
        }
    }
}

/// A value as suites write it.
fn shown(value: Option<&str>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.to_owned(),
    }
}

#[async_trait]
impl AsyncDB for SqlSession {
    type Error = ServerError;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<Self::ColumnType>, Self::Error> {
        match self.protocol {
            Protocol::Simple => self.simple(sql).await,
            Protocol::Extended => self.extended(sql).await,
        }
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "summit"
    }

    async fn sleep(duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn error_sql_state(error: &Self::Error) -> Option<String> {
        error.0.code().map(|code| code.code().to_owned())
    }
}

/// A value that came in binary, printed as PostgreSQL prints it.
struct Shown(String);

type BoxError = Box<dyn std::error::Error + Sync + Send>;

impl<'a> FromSql<'a> for Shown {
    fn from_sql(data_type: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let text = match *data_type {
            Type::BOOL => if bool::from_sql(data_type, raw)? {
                "t"
            } else {
                "f"
            }
            .to_owned(),
            Type::INT2 => i16::from_sql(data_type, raw)?.to_string(),
            Type::INT4 => i32::from_sql(data_type, raw)?.to_string(),
            Type::INT8 => i64::from_sql(data_type, raw)?.to_string(),
            Type::FLOAT4 => float(f64::from(f32::from_sql(data_type, raw)?), |_| {
                f32::from_sql(data_type, raw)
                    .unwrap_or_default()
                    .to_string()
            }),
            Type::FLOAT8 => float(f64::from_sql(data_type, raw)?, |value| value.to_string()),
            Type::NUMERIC => numeric(raw)?,
            Type::DATE => chrono::NaiveDate::from_sql(data_type, raw)?.to_string(),
            Type::TIME => trim(chrono::NaiveTime::from_sql(data_type, raw)?.format("%H:%M:%S%.6f")),
            Type::TIMESTAMP => {
                let value = chrono::NaiveDateTime::from_sql(data_type, raw)?;
                trim(value.format("%Y-%m-%d %H:%M:%S%.6f"))
            }
            Type::TIMESTAMPTZ => {
                let value = chrono::DateTime::<chrono::Utc>::from_sql(data_type, raw)?;
                format!("{}+00", trim(value.format("%Y-%m-%d %H:%M:%S%.6f")))
            }
            Type::BYTEA => {
                let digits: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("\\x{digits}")
            }
            _ => String::from_utf8(raw.to_vec())
                .map_err(|_| format!("no printer for binary {data_type}"))?,
        };
        Ok(Shown(text))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Without the zeros at the end of a fraction.
fn trim(text: impl std::fmt::Display) -> String {
    text.to_string()
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

fn float(value: f64, print: impl Fn(f64) -> String) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    print(value)
}

/// PostgreSQL's binary numeric: digits in base 10,000.
fn numeric(raw: &[u8]) -> Result<String, BoxError> {
    let word = |at: usize| -> Result<i16, BoxError> {
        let bytes = raw
            .get(2 * at..2 * at + 2)
            .ok_or("a numeric that is too short")?;
        Ok(i16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let (count, weight, sign, scale) = (word(0)?, word(1)?, word(2)?, word(3)?);
    if sign as u16 == 0xC000 {
        return Ok("NaN".to_owned());
    }
    let digit = |at: i16| -> Result<i16, BoxError> {
        if (0..count).contains(&at) {
            word(4 + at as usize)
        } else {
            Ok(0)
        }
    };
    let mut text = if sign as u16 == 0x4000 {
        "-".to_owned()
    } else {
        String::new()
    };
    if weight < 0 {
        text.push('0');
    }
    for at in 0..=weight {
        let digits = digit(at)?;
        text += &if at == 0 {
            digits.to_string()
        } else {
            format!("{digits:04}")
        };
    }
    if scale > 0 {
        let mut fraction = String::new();
        let mut at = weight + 1;
        while fraction.len() < scale as usize {
            fraction += &format!("{:04}", digit(at)?);
            at += 1;
        }
        fraction.truncate(scale as usize);
        text = format!("{text}.{fraction}");
    }
    Ok(text)
}
