//! Starts that are refused: one clear line, and the exit status.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::support::process::{Finished, run};
use crate::support::server::{TestServer, command};

/// A start on free ports.
fn start(data_dir: &Path) -> Command {
    let mut command = command();
    command
        .args([
            "start",
            "--pg-addr",
            "127.0.0.1:0",
            "--flight-addr",
            "127.0.0.1:0",
            "--http-addr",
            "127.0.0.1:0",
        ])
        .args(["--log-format", "text", "--data-dir"])
        .arg(data_dir);
    command
}

fn with(arguments: &[&str]) -> Finished {
    run(command().arg("start").args(arguments))
}

#[test]
fn a_second_process_on_the_same_directory_is_refused() {
    let server = TestServer::start();
    let data_dir = server.data_dir().to_owned();
    run(&mut start(&data_dir)).failed_with_one_line(1, &[data_dir.to_str().unwrap(), "in use"]);
    // the first is none the worse for it
    server.stop();
}

#[test]
fn a_foreign_directory_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "precious").unwrap();
    run(&mut start(folder.path()))
        .failed_with_one_line(1, &[folder.path().to_str().unwrap(), "thesis.txt"]);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["thesis.txt"]);
}

#[test]
fn a_directory_that_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    run(&mut start(&file)).failed_with_one_line(1, &[file.to_str().unwrap()]);
    let below = file.join("below");
    run(&mut start(&below)).failed_with_one_line(1, &[below.to_str().unwrap()]);
    // of another format
    let newer = folder.path().join("newer");
    std::fs::create_dir(&newer).unwrap();
    std::fs::write(
        newer.join("SUMMIT"),
        "{\"format\": 99, \"database_id\": \"0\"}",
    )
    .unwrap();
    run(&mut start(&newer)).failed_with_one_line(1, &[newer.to_str().unwrap(), "99"]);
    std::fs::write(newer.join("SUMMIT"), "something else").unwrap();
    run(&mut start(&newer)).failed_with_one_line(1, &[newer.to_str().unwrap(), "SUMMIT"]);
}

#[test]
fn a_port_in_use_is_named_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--pg-addr", "--flight-addr", "--http-addr"] {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let mut arguments = vec![
            "--data-dir",
            data_dir.to_str().unwrap(),
            "--log-format",
            "text",
            flag,
            &address,
        ];
        for other in ["--pg-addr", "--flight-addr", "--http-addr"] {
            if other != flag {
                arguments.extend([other, "127.0.0.1:0"]);
            }
        }
        with(&arguments).failed_with_one_line(1, &[&address, flag]);
    }
}

#[test]
fn wrong_use_ends_with_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let unknown = with(&["--pg-adr", "127.0.0.1:0"]);
    assert_eq!(unknown.code(), 2, "{unknown:#?}");
    assert!(unknown.stderr.contains("--pg-addr"), "{unknown:#?}");
    assert_eq!(run(command().arg("begin")).code(), 2);
    assert_eq!(run(&mut command()).code(), 2);
    let dir = data_dir.to_str().unwrap();
    with(&["--data-dir", dir, "--pg-addr", "nonsense"])
        .failed_with_one_line(2, &["--pg-addr", "nonsense"]);
    with(&["--data-dir", dir, "--set", "num.partitions=many"])
        .failed_with_one_line(2, &["num.partitions", "many"]);
    with(&["--data-dir", dir, "--set", "num.partition=3"])
        .failed_with_one_line(2, &["num.partition", "num.partitions"]);
    assert!(!data_dir.exists(), "nothing was made");
    assert_eq!(run(command().arg("--help")).code(), 0);
    assert_eq!(run(command().args(["start", "--help"])).code(), 0);
    assert!(
        run(command().arg("--version"))
            .ok()
            .contains(env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn an_unknown_key_in_the_config_file_names_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("summit.toml");
    let path = config.to_str().unwrap();
    std::fs::write(&config, "pg_adr = \"127.0.0.1:5555\"\n").unwrap();
    with(&["--config", path]).failed_with_one_line(2, &["summit.toml", "pg_adr", "pg_addr"]);
    std::fs::write(&config, "pg_addr = \n").unwrap();
    with(&["--config", path]).failed_with_one_line(2, &["summit.toml"]);
    with(&["--config", "/nowhere/summit.toml"]).failed_with_one_line(2, &["/nowhere/summit.toml"]);

    // command line beats environment beats file beats default
    std::fs::write(
        &config,
        "pg_addr = \"127.0.0.1:1\"\nhttp_addr = \"127.0.0.1:2\"\nflight_addr = \"127.0.0.1:3\"\n",
    )
    .unwrap();
    let printed = run(command()
        .args([
            "start",
            "--print-config",
            "--config",
            path,
            "--flight-addr",
            "127.0.0.1:6",
        ])
        .env("SUMMIT_FLIGHT_ADDR", "127.0.0.1:5")
        .env("SUMMIT_HTTP_ADDR", "127.0.0.1:4"))
    .ok();
    let shown: toml::Table = printed.parse().unwrap();
    assert_eq!(shown["pg_addr"].as_str(), Some("127.0.0.1:1"), "{printed}");
    assert_eq!(
        shown["http_addr"].as_str(),
        Some("127.0.0.1:4"),
        "{printed}"
    );
    assert_eq!(
        shown["flight_addr"].as_str(),
        Some("127.0.0.1:6"),
        "{printed}"
    );
    assert_eq!(
        shown["data_dir"].as_str(),
        Some("./summit-data"),
        "{printed}"
    );
}

#[test]
fn an_address_that_others_reach_needs_insecure() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let finished = with(&[
        "--data-dir",
        data_dir.to_str().unwrap(),
        "--pg-addr",
        "0.0.0.0:0",
        "--flight-addr",
        "127.0.0.1:0",
        "--http-addr",
        "127.0.0.1:0",
    ]);
    assert_ne!(finished.code(), 0);
    finished.failed_with_one_line(finished.code(), &["--insecure", "0.0.0.0"]);
    assert!(!data_dir.exists(), "nothing was made");
}
