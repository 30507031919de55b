//! psql, as people and scripts use it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::support::pg::{connect, run as run_sql};
use crate::support::process::{Finished, run_with_input};
use crate::support::server::TestServer;

const LINE_WAIT_MAX: Duration = Duration::from_secs(30);

fn psql(server: &TestServer) -> Command {
    let mut command = Command::new("psql");
    command
        .arg("--no-psqlrc")
        .args(["-h", &server.pg_addr().ip().to_string()])
        .args(["-p", &server.pg_addr().port().to_string()])
        .args(["-U", "summit", "-d", "summit"])
        .env("LC_ALL", "C.UTF-8")
        .env("PAGER", "cat");
    command
}

/// psql that writes each line when it has it: into a pipe it would gather some kilobytes, on
/// a terminal it does not.
fn unbuffered_psql(server: &TestServer) -> Command {
    let psql = psql(server);
    let mut command = Command::new("stdbuf");
    command
        .arg("-oL")
        .arg(psql.get_program())
        .args(psql.get_args());
    for (name, value) in psql.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
}

fn script(server: &TestServer, arguments: &[&str], text: &str) -> Finished {
    run_with_input(psql(server).args(arguments).args(["-f", "-"]), text)
}

#[test]
fn a_walk_through_in_psql_answers_as_postgresql_would() {
    let server = TestServer::start();
    let finished = script(
        &server,
        &["-v", "ON_ERROR_STOP=1"],
        "
CREATE STREAM flights (
  ts TIMESTAMPTZ NOT NULL, carrier TEXT, origin TEXT, dep_delay INT,
  WATERMARK FOR ts AS ts - INTERVAL '1 hour'
) PARTITION BY (origin);
CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT);
CREATE MATERIALIZED VIEW hourly AS
SELECT origin, window_start, count(*) AS flights, avg(dep_delay) AS delay
FROM flights WINDOW TUMBLE (ts, INTERVAL '1 hour')
GROUP BY origin, window_start, window_end;
CREATE MATERIALIZED VIEW carriers AS
SELECT a.name, count(*) AS flights FROM flights f JOIN airlines a ON a.carrier = f.carrier GROUP BY a.name;
INSERT INTO airlines VALUES ('UA', 'United'), ('AA', 'American');
COPY flights FROM STDIN (FORMAT csv);
2013-01-01 10:15:00+00,UA,EWR,2
2013-01-01 10:45:00+00,UA,EWR,5
2013-01-01 11:00:00+00,AA,JFK,
\\.
COPY airlines FROM STDIN;
B6\tJetBlue
\\.
SELECT * FROM hourly ORDER BY window_start;
SELECT * FROM carriers ORDER BY name;
UPDATE airlines SET name = 'United Air Lines' WHERE carrier = 'UA';
SELECT name FROM carriers WHERE flights = 2;
BEGIN;
DELETE FROM airlines;
ROLLBACK;
COPY (SELECT * FROM airlines ORDER BY carrier) TO STDOUT (FORMAT csv, HEADER);
",
    );
    assert_eq!(finished.stderr, "");
    assert_eq!(
        finished.ok(),
        "CREATE STREAM
CREATE TABLE
CREATE MATERIALIZED VIEW
CREATE MATERIALIZED VIEW
INSERT 0 2
COPY 3
COPY 1
 origin |      window_start      | flights | delay 
--------+------------------------+---------+-------
 EWR    | 2013-01-01 10:00:00+00 |       2 |   3.5
 JFK    | 2013-01-01 11:00:00+00 |       1 |      
(2 rows)

   name   | flights 
----------+---------
 American |       1
 United   |       2
(2 rows)

UPDATE 1
       name       
------------------
 United Air Lines
(1 row)

BEGIN
DELETE 3
ROLLBACK
carrier,name
AA,American
B6,JetBlue
UA,United Air Lines
"
    );
    server.stop();
}

#[test]
fn errors_show_the_line_and_a_caret_below_the_place() {
    let server = TestServer::start();
    let text = "SELECT 1 AS one;\nSELECT *\nFORM nowhere;\nSELECT 2 AS two;\n";
    let finished = script(&server, &["-A", "-t"], text);
    assert_eq!(
        finished.stderr,
        "psql:<stdin>:3: ERROR:  syntax error at or near \"nowhere\"
LINE 2: FORM nowhere;
             ^
HINT:  Perhaps you meant FROM.
",
        "{finished:#?}"
    );
    assert_eq!(finished.stdout, "1\n2\n");
    assert_eq!(finished.code(), 0, "psql goes on without ON_ERROR_STOP");
    let finished = script(&server, &["-A", "-t", "-v", "ON_ERROR_STOP=1"], text);
    assert_eq!((finished.code(), finished.stdout.as_str()), (3, "1\n"));
    let finished = run_with_input(psql(&server).args(["-c", "SELECT nothing"]), "");
    assert_eq!(finished.code(), 1);
    assert_eq!(
        finished.stderr,
        "ERROR:  column \"nothing\" does not exist\nLINE 1: SELECT nothing\n               ^\nHINT:  There is no FROM clause that could have it.\n"
    );
    server.stop();
}

#[test]
fn a_malformed_copy_row_is_shown_with_its_line_and_column() {
    let server = TestServer::start();
    let finished = script(
        &server,
        &["-A", "-t"],
        "CREATE TABLE t (k INT PRIMARY KEY, x INT);\nCOPY t FROM STDIN;\n1\t1\n2\tmuch\n\\.\nSELECT count(*) FROM t;\n",
    );
    assert_eq!(finished.stdout, "CREATE TABLE\n0\n");
    assert!(
        finished
            .stderr
            .contains("ERROR:  invalid input syntax for type integer: \"much\"\n")
            && finished
                .stderr
                .ends_with("\nCONTEXT:  COPY t, line 2, column x: \"much\"\n"),
        "{finished:#?}"
    );
    server.stop();
}

/// A psql whose lines come one by one.
struct Live {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Live {
    fn start(server: &TestServer, sql: &str) -> Self {
        let mut child = unbuffered_psql(server)
            .args(["-A", "-t", "-c", "SET read_consistency = strict", "-c", sql])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("psql starts");
        let stdout = child.stdout.take().expect("it is piped");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Live { child, lines }
    }

    /// The next lines, without their LSN.
    fn next(&self, count: usize) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        while found.len() < count {
            match self.lines.recv_timeout(LINE_WAIT_MAX) {
                Ok(line) if line == "SET" => {}
                Ok(line) => found.push(
                    line.split_once('|')
                        .map_or(line.as_str(), |row| row.1)
                        .to_owned(),
                ),
                Err(error) => panic!("{count} lines wanted, {found:?} and then {error}"),
            }
        }
        found.sort();
        found
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_subscription_in_a_second_terminal_shows_rows_as_they_come() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run_sql(
        &client,
        "CREATE STREAM s (k TEXT); CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS n FROM s GROUP BY k;
         INSERT INTO s VALUES ('a'), ('b')",
    )
    .await;
    let live = Live::start(
        &server,
        "COPY (SUBSCRIBE TO m) TO STDOUT WITH (DELIMITER '|')",
    );
    assert_eq!(live.next(2), ["1|a|1", "1|b|1"]);
    run_sql(&client, "INSERT INTO s VALUES ('a')").await;
    assert_eq!(live.next(2), ["-1|a|1", "1|a|2"]);
    run_sql(&client, "INSERT INTO s VALUES ('c')").await;
    assert_eq!(live.next(1), ["1|c|1"]);
    drop(live);
    drop(client);
    server.stop();
}
