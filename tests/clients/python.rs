//! psycopg and pyarrow: each script checks what it sees, and ends with `ok`.

use crate::support::python::script;
use crate::support::server::TestServer;

fn passes(path: &str) {
    let server = TestServer::start();
    assert_eq!(script(&server, path).lines().last(), Some("ok"), "{path}");
    server.stop();
}

#[test]
fn psycopg_sends_and_reads_values_of_all_types() {
    passes("clients/psycopg_values.py");
}

#[test]
fn psycopg_copies_streams_and_keeps_transactions() {
    passes("clients/psycopg_statements.py");
}

#[test]
fn pyarrow_gets_and_puts_over_flight() {
    passes("clients/pyarrow_flight.py");
}
