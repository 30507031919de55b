//! The front end over a socket, by hand-written requests.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use summit_context::spawn_task;
use summit_http::{HttpOptions, PrometheusHandle, install_metrics, serve};
use summit_session::{
    PartitionStatus, RelationKind, RelationStatus, Server, Session, SessionOptions, SqlError,
    SqlState, Status,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

struct Fake {
    ready: Result<(), String>,
}

impl Server for Fake {
    fn session(&self, _: SessionOptions) -> Result<Box<dyn Session>, SqlError> {
        Err(SqlError::new(
            SqlState::TOO_MANY_CONNECTIONS,
            "no sessions here",
        ))
    }

    fn status(&self) -> Status {
        let relation = |name: &str, kind, failed: Option<&str>| RelationStatus {
            schema: "public".to_owned(),
            name: name.to_owned(),
            kind,
            rows: 7,
            memory_bytes: 1000,
            late_rows: 2,
            failed: failed.map(str::to_owned),
            partitions: match kind {
                RelationKind::Stream => {
                    vec![PartitionStatus {
                        partition: 0,
                        start_offset: 3,
                        end_offset: 10,
                    }]
                }
                _ => Vec::new(),
            },
        };
        Status {
            ready: self.ready.clone(),
            version: "1.2.3",
            node_id: 4,
            roles: vec!["broker".to_owned(), "analytics".to_owned()],
            committed_lsn: 42,
            views_lsn: 41,
            uptime_seconds: 1.5,
            sessions: 3,
            relations: vec![
                relation("clicks", RelationKind::Stream, None),
                relation("a \"b\"", RelationKind::Table, None),
                relation(
                    "v",
                    RelationKind::MaterializedView,
                    Some("division by zero"),
                ),
            ],
        }
    }
}

/// One recorder per process, whatever the order of the tests.
fn metrics() -> PrometheusHandle {
    use std::sync::OnceLock;
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| install_metrics().unwrap()).clone()
}

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    served: tokio::task::JoinHandle<Result<(), summit_http::HttpError>>,
}

async fn start(ready: Result<(), String>) -> Running {
    start_with(ready, HttpOptions::default()).await
}

async fn start_with(ready: Result<(), String>, options: HttpOptions) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let server = Arc::new(Fake { ready });
    let serving = serve(options, listener, server, metrics(), shutdown.clone());
    Running {
        address,
        shutdown,
        served: spawn_task("http", serving),
    }
}

impl Running {
    /// Sends bytes, reads until the server closes.
    async fn raw(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // a server that refuses a request may reset the connection after its answer
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn request(&self, method: &str, path: &str) -> (u16, serde_json::Value, String) {
        let answer = self
            .raw(&format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            ))
            .await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        (code, serde_json::from_str(body).unwrap_or_default(), answer)
    }
}

#[tokio::test]
async fn health_is_200_when_the_node_can_serve() {
    let server = start(Ok(())).await;
    let (code, body, head) = server.request("GET", "/health").await;
    assert_eq!(code, 200);
    assert_eq!(
        body,
        serde_json::json!({
            "status": "ok", "version": "1.2.3", "node_id": 4, "roles": ["broker", "analytics"],
            "lsn": 42, "views_lsn": 41, "uptime_seconds": 1.5
        })
    );
    assert!(head.to_lowercase().contains("cache-control: no-store"));
}

#[tokio::test]
async fn health_is_503_with_the_reason_otherwise() {
    let server = start(Err("replaying the log".to_owned())).await;
    let (code, body, _) = server.request("GET", "/health").await;
    assert_eq!(code, 503);
    assert_eq!(body["status"], "unavailable");
    assert_eq!(body["reason"], "replaying the log");
}

#[tokio::test]
async fn metrics_hold_the_recorder_s_and_the_status() {
    let server = start(Ok(())).await;
    for path in ["/metrics", "/api/metrics"] {
        let (code, _, answer) = server.request("GET", path).await;
        assert_eq!(code, 200);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("text/plain; version=0.0.4"));
        for line in [
            "summit_build_info{version=\"0.1.0\"} 1",
            "summit_up 1",
            "summit_committed_lsn 42",
            "summit_views_lsn 41",
            "summit_sessions 3",
            "summit_uptime_seconds 1.5",
            "summit_relation_rows{relation=\"public.clicks\",kind=\"stream\"} 7",
            "summit_relation_rows{relation=\"public.a \\\"b\\\"\",kind=\"table\"} 7",
            "summit_relation_memory_bytes{relation=\"public.v\",kind=\"materialized view\"} 1000",
            "summit_late_rows{relation=\"public.clicks\",kind=\"stream\"} 2",
            "summit_view_failed{relation=\"public.v\",kind=\"materialized view\"} 1",
        ] {
            assert!(body.lines().any(|found| found == line), "{line} in {body}");
        }
        // every sample line is a name, optional labels and one number
        for line in body
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let (_, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
        }
        assert!(body.contains("process_resident_memory_bytes "));
    }
}

#[tokio::test]
async fn topics_are_the_streams_with_their_partitions() {
    let server = start(Ok(())).await;
    let (code, body, _) = server.request("GET", "/api/topics").await;
    assert_eq!(code, 200);
    assert_eq!(
        body,
        serde_json::json!({"topics": [{
            "name": "clicks", "schema": "public", "rows": 7, "late_rows": 2,
            "partitions": [{
                "partition": 0, "leader": 4, "replicas": [4], "in_sync_replicas": [4],
                "start_offset": 3, "end_offset": 10
            }]
        }]})
    );
}

#[tokio::test]
async fn nodes_and_rebalance_answer_for_a_single_node() {
    let server = start(Ok(())).await;
    let (_, body, _) = server.request("GET", "/api/nodes").await;
    assert_eq!(body["nodes"][0]["node_id"], 4);
    assert_eq!(body["nodes"][0]["alive"], true);
    let (code, body, _) = server.request("POST", "/api/rebalance").await;
    assert_eq!((code, body), (200, serde_json::json!({"moved": []})));
}

#[tokio::test]
async fn wrong_paths_and_methods_name_the_right_ones() {
    let server = start(Ok(())).await;
    let (code, body, _) = server.request("GET", "/api/topic").await;
    assert_eq!(code, 404);
    assert_eq!(body["error"], "there is no path /api/topic");
    assert!(
        body["paths"]
            .as_array()
            .unwrap()
            .contains(&"GET /api/topics".into())
    );
    let (code, body, answer) = server.request("GET", "/api/rebalance").await;
    assert_eq!(code, 405);
    assert_eq!(body["hint"], "use POST");
    assert!(answer.to_lowercase().contains("allow: post"));
    let (code, body, _) = server.request("DELETE", "/health").await;
    assert_eq!((code, &body["hint"]), (405, &"use GET".into()));
    let (code, body, _) = server.request("GET", "/").await;
    assert_eq!((code, &body["version"]), (200, &"1.2.3".into()));
}

#[tokio::test]
async fn what_is_too_large_or_not_http_is_refused() {
    let server = start(Ok(())).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(40_000));
    let answer = server.raw(&long).await;
    assert!(
        answer.starts_with("HTTP/1.1 414") || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    let body = format!(
        "POST /api/rebalance HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{}",
        "x".repeat(100_000)
    );
    let answer = server.raw(&body).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let answer = server.raw("\u{0}\u{1}not http\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    // and it still serves
    assert_eq!(server.request("GET", "/health").await.0, 200);
}

#[tokio::test]
async fn a_client_that_never_finishes_its_headers_is_let_go() {
    let head_timeout = std::time::Duration::from_millis(50);
    let options = HttpOptions {
        head_timeout,
        ..HttpOptions::default()
    };
    let server = start_with(Ok(()), options).await;
    let answer = server
        .raw("GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
    // idle after an answer
    let answer = server.raw("GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn shutdown_ends_idle_connections_and_the_server() {
    let server = start(Ok(())).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    server.shutdown.cancel();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    server.served.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[test]
fn a_second_recorder_is_refused() {
    metrics();
    assert!(
        install_metrics()
            .unwrap_err()
            .to_string()
            .contains("metrics recorder")
    );
}
