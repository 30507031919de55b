//! The commands, as scripts call them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::process::run;
use crate::support::server::{TestServer, command};

/// `summit backup WHAT`.
pub fn backup(what: &str) -> Command {
    let mut command = command();
    command.args(["backup", what]);
    command
}

/// Makes a backup; gives its id and LSN.
pub fn create(server: &TestServer, url: &str, label: &str) -> (String, u64) {
    let printed = run(backup("create").args([
        "--to",
        url,
        "--label",
        label,
        "--pg-addr",
        &server.pg_addr().to_string(),
    ]))
    .ok();
    let words: Vec<&str> = printed.split_whitespace().collect();
    match words.as_slice() {
        ["backup", id, "at", "LSN", lsn] => ((*id).to_owned(), lsn.parse().expect("a number")),
        _ => panic!("{printed}"),
    }
}

/// `summit backup list --output json`.
pub fn list(url: &str, environment: &[(&'static str, String)]) -> Vec<Value> {
    let printed = run(backup("list")
        .args(["--from", url, "--output", "json"])
        .envs(environment.iter().cloned()))
    .ok();
    let all: Value =
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
    all.as_array().expect("an array").clone()
}

/// `summit backup restore`.
pub fn restore(url: &str, data_dir: &Path) -> Command {
    let mut command = backup("restore");
    command.args(["--from", url, "--data-dir"]).arg(data_dir);
    command
}

/// A `file://` URL.
pub fn file_url(path: &Path) -> String {
    format!("file://{}", path.display())
}
