//! Connections over the PostgreSQL wire.

use std::net::SocketAddr;

use tokio_postgres::error::DbError;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::server::TestServer;

/// Connects.
pub async fn connect(server: &TestServer) -> Client {
    connect_to(server.pg_addr())
        .await
        .expect("the server takes connections")
}

/// Connects, or says why not.
pub async fn connect_to(address: SocketAddr) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::Config::new()
        .host(address.ip().to_string())
        .port(address.port())
        .user("summit")
        .dbname("summit")
        .connect(NoTls)
        .await?;
    // its end shows as an error of the next statement
    drop(tokio::spawn(connection));
    Ok(client)
}

/// Runs statements.
#[track_caller]
pub fn run<'a>(client: &'a Client, sql: &'a str) -> impl Future<Output = ()> + 'a {
    let from = std::panic::Location::caller();
    async move {
        if let Err(error) = client.batch_execute(sql).await {
            panic!("{from}: {sql}: {error:?}");
        }
    }
}

/// The rows of a query as text, columns separated by `|`, NULL as `NULL`.
#[track_caller]
pub fn rows<'a>(client: &'a Client, sql: &'a str) -> impl Future<Output = Vec<String>> + 'a {
    let from = std::panic::Location::caller();
    async move {
        let messages = match client.simple_query(sql).await {
            Ok(messages) => messages,
            Err(error) => panic!("{from}: {sql}: {error:?}"),
        };
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(line(row)),
            _ => None,
        });
        rows.collect()
    }
}

/// A row of the simple protocol as one line.
pub fn line(row: &tokio_postgres::SimpleQueryRow) -> String {
    let values: Vec<&str> = (0..row.len())
        .map(|at| row.get(at).unwrap_or("NULL"))
        .collect();
    values.join("|")
}

/// The one value of a query.
#[track_caller]
pub fn value<'a>(client: &'a Client, sql: &'a str) -> impl Future<Output = String> + 'a {
    let rows = rows(client, sql);
    async move { rows.await.pop().expect("a row") }
}

/// The error that a statement ends with.
#[track_caller]
pub fn refused<'a>(client: &'a Client, sql: &'a str) -> impl Future<Output = DbError> + 'a {
    let from = std::panic::Location::caller();
    async move {
        match client.simple_query(sql).await {
            Ok(answer) => panic!("{from}: {sql}: expected an error, got {answer:?}"),
            Err(error) => db_error(&error),
        }
    }
}

/// The server's part of an error.
#[track_caller]
pub fn db_error(error: &tokio_postgres::Error) -> DbError {
    let from_server = error.as_db_error();
    from_server
        .unwrap_or_else(|| panic!("not an error of the server: {error:?}"))
        .clone()
}
