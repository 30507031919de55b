//! Runs every suite of this folder against a real server over the PostgreSQL wire, with the
//! simple and with the extended protocol. Each run has a server and a database of its own.
//!
//! `cargo test -p summit --test sqllogictest -- tables` runs the suites whose names match.

#![expect(
    clippy::disallowed_methods,
    reason = "a test of real processes and files"
)]

#[path = "../tests/support/server.rs"]
mod server;

mod session;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use sqllogictest::Runner;

use server::TestServer;
use session::{Protocol, SqlSession};

fn main() {
    let arguments = Arguments::from_args();
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sqllogictest/suites");
    let mut trials = Vec::new();
    for path in slt_files(&suites) {
        let name = path
            .strip_prefix(&suites)
            .expect("found below it")
            .with_extension("")
            .display()
            .to_string();
        for protocol in [Protocol::Simple, Protocol::Extended] {
            let path = path.clone();
            trials.push(Trial::test(format!("{name}::{protocol:?}"), move || {
                run(&path, protocol)
            }));
        }
    }
    assert!(!trials.is_empty(), "no suites in {}", suites.display());
    libtest_mimic::run(&arguments, trials).exit();
}

fn slt_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the suites' folder can be listed") {
        let path = entry.expect("the suites' folder can be listed").path();
        if path.is_dir() {
            found.extend(slt_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn run(path: &Path, protocol: Protocol) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = TestServer::start();
        let address = server.pg_addr();
        let mut runner =
            Runner::new(|| async move { SqlSession::connect(address, protocol).await });
        runner.add_label(match protocol {
            Protocol::Simple => "simple",
            Protocol::Extended => "extended",
        });
        let outcome = runner.run_file_async(path).await;
        runner.shutdown_async().await;
        drop(runner);
        server.stop();
        outcome.map_err(|error| Failed::from(error.display(false).to_string()))
    })
}
