//! Health, metrics and other pages over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::pg::{connect, refused, run};
use crate::support::server::TestServer;

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert!(
            self.head
                .to_lowercase()
                .contains("content-type: application/json"),
            "{}",
            self.head
        );
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

fn ask(server: &TestServer, method: &str, path: &str) -> Answer {
    let address = server.http_addr();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{text}"));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("{head}")),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn pages_say_what_the_server_holds() {
    let server = TestServer::start();
    let client = connect(&server).await;
    run(
        &client,
        "CREATE STREAM clicks (ts TIMESTAMPTZ NOT NULL, k TEXT, WATERMARK FOR ts AS ts - INTERVAL '1 hour')
             PARTITION BY (k) WITH (partitions = 2);
         CREATE TABLE names (k TEXT PRIMARY KEY);
         CREATE MATERIALIZED VIEW per_key AS SELECT k, count(*) AS n FROM clicks GROUP BY k;
         INSERT INTO clicks VALUES ('2024-05-01 12:00:00+00', 'a'), ('2024-05-01 12:00:00+00', 'b');
         INSERT INTO names VALUES ('a');",
    )
    .await;
    // the text above was one transaction, and so one entry: watermarks move between entries
    run(
        &client,
        "INSERT INTO clicks VALUES ('2020-05-01 12:00:00+00', 'late')",
    )
    .await;
    refused(&client, "SELECT 1 / 0").await;

    let health = ask(&server, "GET", "/health");
    assert_eq!(health.status, 200);
    let health = health.json();
    assert_eq!(health["status"], "ok");
    assert!(health["lsn"].as_u64().unwrap() >= 2, "{health}");

    let metrics = ask(&server, "GET", "/api/metrics");
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .head
            .to_lowercase()
            .contains("content-type: text/plain"),
        "{}",
        metrics.head
    );
    let sample = |name: &str| -> f64 {
        let line = metrics.body.lines().find(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(' '))
        });
        let line = line.unwrap_or_else(|| panic!("no {name} in\n{}", metrics.body));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(sample("summit_up"), 1.0);
    assert!(sample("summit_committed_lsn") >= 2.0);
    assert!(sample("summit_sessions") >= 1.0);
    assert!(sample("summit_log_syncs_total") >= 1.0);
    assert!(sample("summit_log_appended_bytes_total") > 100.0);
    assert_eq!(sample("summit_pg_errors_total"), 1.0);
    let of = |name: &str, relation: &str| -> f64 {
        let line = metrics.body.lines().find(|line| {
            line.starts_with(&format!("{name}{{"))
                && line.contains(&format!("\"public.{relation}\""))
        });
        let line = line.unwrap_or_else(|| panic!("no {name} of {relation} in\n{}", metrics.body));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(of("summit_relation_rows", "clicks"), 2.0);
    assert_eq!(of("summit_relation_rows", "names"), 1.0);
    assert_eq!(of("summit_late_rows", "clicks"), 1.0);
    assert_eq!(of("summit_view_failed", "per_key"), 0.0);
    for line in metrics
        .body
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(
            name.starts_with("summit_") || name.starts_with("process_"),
            "{line}"
        );
        value
            .parse::<f64>()
            .unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    assert_eq!(ask(&server, "GET", "/metrics").status, 200);

    let topics = ask(&server, "GET", "/api/topics").json();
    let clicks = &topics["topics"][0];
    assert_eq!(clicks["name"], "clicks");
    let ends = clicks["partitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|partition| partition["end_offset"].as_u64().unwrap());
    assert_eq!(ends.sum::<u64>(), 2, "{topics}");
    assert_eq!(
        ask(&server, "GET", "/api/nodes").json()["nodes"][0]["alive"],
        true
    );
    assert_eq!(ask(&server, "POST", "/api/rebalance").status, 200);
    drop(client);
    server.stop();
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let server = TestServer::start();
    let answer = ask(&server, "GET", "/helth");
    assert_eq!(answer.status, 404);
    let said = answer.json();
    assert!(said["error"].as_str().unwrap().contains("/helth"), "{said}");
    assert!(
        said["paths"]
            .as_array()
            .unwrap()
            .iter()
            .any(|path| path == "GET /health"),
        "{said}"
    );
    assert_eq!(ask(&server, "POST", "/health").status, 405);
    server.stop();
}
