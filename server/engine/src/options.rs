//! What an engine is started with.

use std::path::PathBuf;

/// What an engine is started with.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Where its files are.
    pub data_dir: PathBuf,
    /// The node's number.
    pub node_id: u32,
    /// The node's roles.
    pub roles: Vec<String>,
    /// Partitions of a stream that does not say (`num.partitions`).
    pub partitions_default: u32,
    /// Bytes of memory for queries, the log's tail and state.
    pub memory_limit_bytes: usize,
    /// Threads for queries.
    pub query_threads: usize,
    /// The node's settings, for `SHOW ALL` and `summit.settings`.
    pub shown: Vec<ShownSetting>,
}

/// A setting of the node, as `SHOW ALL` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownSetting {
    /// Its name (`data_dir`, `num.partitions`).
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it means.
    pub description: String,
    /// Where the value came from: `default`, `config file`, `environment`, `command line`.
    pub source: String,
}
