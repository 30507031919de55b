//! `summit sql`, the client for machines without psql.

use std::process::Command;

use crate::support::process::{Finished, run, run_with_input};
use crate::support::server::{TestServer, command};

fn sql(server: &TestServer) -> Command {
    let mut command = command();
    command.args(["sql", "--addr", &server.pg_addr().to_string()]);
    command
}

fn text(server: &TestServer, text: &str) -> Finished {
    run(sql(server).args(["-c", text]))
}

#[test]
fn statements_run_from_the_command_line_a_file_and_standard_input() {
    let server = TestServer::start();
    assert_eq!(
        text(&server, "CREATE TABLE t (k INT PRIMARY KEY, v TEXT)").ok(),
        "CREATE TABLE\n"
    );
    assert_eq!(
        text(&server, "INSERT INTO t VALUES (1, 'a'), (2, NULL)").ok(),
        "INSERT 0 2\n"
    );
    let table = " k | v \n---+---\n 1 | a\n 2 | \n(2 rows)\n";
    assert_eq!(
        text(&server, "SELECT * FROM t ORDER BY k").ok().trim_end(),
        table.trim_end()
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("more.sql");
    std::fs::write(
        &file,
        "INSERT INTO t VALUES (3, 'it''s; c');\n-- a comment;\nSELECT count(*) AS n FROM t;\n",
    )
    .unwrap();
    let printed = run(sql(&server).arg(&file)).ok();
    assert!(printed.starts_with("INSERT 0 1\n"), "{printed}");
    assert!(printed.contains("3"), "{printed}");
    let printed = run_with_input(
        sql(&server).arg("-"),
        "DELETE FROM t WHERE k > 2; SELECT v FROM t WHERE k = 1",
    )
    .ok();
    assert!(
        printed.starts_with("DELETE 1\n") && printed.contains(" a"),
        "{printed}"
    );
    let copied = run_with_input(
        sql(&server).args(["-c", "COPY t FROM STDIN (FORMAT csv)"]),
        "7,x\n8,y\n",
    )
    .ok();
    assert_eq!(copied, "COPY 2\n");
    let out = text(
        &server,
        "COPY (SELECT k FROM t WHERE k > 6 ORDER BY k) TO STDOUT",
    )
    .ok();
    assert_eq!(out, "7\n8\n");
    server.stop();
}

#[test]
fn an_error_shows_its_place_and_ends_with_status_1() {
    let server = TestServer::start();
    let finished = text(&server, "SELECT 1;\nSELECT * FORM t");
    assert_eq!(finished.code(), 1);
    assert!(
        finished.stderr.contains("syntax error at or near"),
        "{finished:#?}"
    );
    assert!(
        finished.stderr.contains("LINE 2: SELECT * FORM t"),
        "{finished:#?}"
    );
    assert!(
        finished.stderr.lines().any(|line| line.trim() == "^"),
        "{finished:#?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.sql");
    std::fs::write(&file, "SELECT nothing;\nSELECT 'not reached' AS text;\n").unwrap();
    let finished = run(sql(&server).arg(&file));
    assert_eq!(finished.code(), 1);
    assert!(!finished.stdout.contains("not reached"), "{finished:#?}");
    let finished = run(sql(&server).arg("/nowhere/at/all.sql"));
    finished.failed_with_one_line(1, &["/nowhere/at/all.sql"]);
    let address = server.pg_addr().to_string();
    server.stop();
    let finished = run(command().args(["sql", "--addr", &address, "-c", "SELECT 1"]));
    finished.failed_with_one_line(1, &[&address]);
}
