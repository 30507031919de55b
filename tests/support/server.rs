//! A real server process, on free ports, in a directory of its own.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to be ready, on a busy machine in a debug build.
const READY_WAIT_MAX: Duration = Duration::from_secs(60);

/// A running server. Dropping it kills it.
pub struct TestServer {
    child: Child,
    addresses: Addresses,
    log: Option<JoinHandle<Vec<String>>>,
    data_dir: PathBuf,
    _folder: Option<TempDir>,
}

#[derive(Debug, Clone, Copy)]
struct Addresses {
    pg: SocketAddr,
    flight: SocketAddr,
    http: SocketAddr,
}

impl TestServer {
    /// Starts a server with an empty database.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut server = Self::start_in(&folder.path().join("data"));
        server._folder = Some(folder);
        server
    }

    /// Starts a server on a directory, which outlives it.
    pub fn start_in(data_dir: &Path) -> Self {
        Self::start_with(data_dir, command())
    }

    /// Starts a server on a directory, with a program that has more in its environment.
    pub fn start_with(data_dir: &Path, mut command: Command) -> Self {
        let mut child = command
            .arg("start")
            .arg("--data-dir")
            .arg(data_dir)
            .args(["--pg-addr", "127.0.0.1:0"])
            .args(["--flight-addr", "127.0.0.1:0"])
            .args(["--http-addr", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server's program starts");
        let stderr = child.stderr.take().expect("it is piped");
        let (ready, told) = mpsc::channel();
        let log = std::thread::Builder::new()
            .name("server-log".to_owned())
            .spawn(move || {
                let mut lines = Vec::new();
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    if let Some(addresses) = ready_addresses(&line) {
                        let _ = ready.send(addresses);
                    }
                    lines.push(line);
                }
                lines
            })
            .expect("a thread");
        match told.recv_timeout(READY_WAIT_MAX) {
            Ok(addresses) => TestServer {
                child,
                addresses,
                log: Some(log),
                data_dir: data_dir.to_owned(),
                _folder: None,
            },
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let lines = log.join().unwrap_or_default();
                panic!(
                    "the server did not get ready ({error}):\n{}",
                    lines.join("\n")
                );
            }
        }
    }

    /// Where PostgreSQL clients connect.
    pub fn pg_addr(&self) -> SocketAddr {
        self.addresses.pg
    }

    /// Where Flight clients connect.
    pub fn flight_addr(&self) -> SocketAddr {
        self.addresses.flight
    }

    /// Where HTTP clients connect.
    pub fn http_addr(&self) -> SocketAddr {
        self.addresses.http
    }

    /// Where its files are.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Ends it as an operator does, and checks that it ended well and logged nothing that a
    /// person must look at.
    pub fn stop(self) {
        let lines = self.stop_with_log();
        let bad: Vec<&String> = lines
            .iter()
            .filter(|line| {
                line.contains("\"level\":\"ERROR\"") || line.contains("\"level\":\"WARN\"")
            })
            .collect();
        assert!(bad.is_empty(), "the server logged: {bad:#?}");
    }

    /// Ends it as an operator does; gives its log.
    pub fn stop_with_log(mut self) -> Vec<String> {
        self.signal("TERM");
        let status = self.wait(Duration::from_secs(30));
        assert!(status.success(), "the server ended with {status}");
        self.log
            .take()
            .expect("joined once")
            .join()
            .expect("the log thread does not panic")
    }

    /// Kills it at once (`kill -9`).
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started by us");
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status()
            .expect("kill can be run");
        assert!(status.success(), "kill -{name} failed");
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended.
    pub fn wait(&mut self, time: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it was started by us") {
                return status;
            }
            assert!(
                began.elapsed() < time,
                "the server still runs after {time:?}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The program under test.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_summit"));
    for (name, _) in std::env::vars() {
        let ours = name.starts_with("SUMMIT_") || name.starts_with("BROKER_");
        if ours || ["DATA_DIR", "LOG_DIR", "BOOTSTRAP_SERVERS", "RUST_LOG"].contains(&name.as_str())
        {
            command.env_remove(name);
        }
    }
    command
}

fn ready_addresses(line: &str) -> Option<Addresses> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    if fields.get("message")?.as_str()? != "ready" {
        return None;
    }
    let address = |name: &str| fields.get(name)?.as_str()?.parse().ok();
    Some(Addresses {
        pg: address("pg")?,
        flight: address("flight")?,
        http: address("http")?,
    })
}
