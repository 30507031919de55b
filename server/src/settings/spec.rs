//! The settings that exist: their names, flags, environment and defaults.

/// A setting that exists.
#[derive(Debug)]
pub struct Spec {
    /// Its name in a configuration file and in `SHOW ALL`.
    pub name: &'static str,
    /// How the command line gives it.
    pub flag: Flag,
    /// The environment variable; `None` when there is none or it takes two.
    pub environment: Option<&'static str>,
    /// The value when nobody says anything; `None`: unset.
    pub default: Option<&'static str>,
    /// What it means, in one line.
    pub description: &'static str,
}

/// How the command line gives a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// By a flag of its own.
    Own(&'static str),
    /// By `--set NAME=VALUE`.
    Set,
}

const fn own(
    name: &'static str,
    flag: &'static str,
    environment: Option<&'static str>,
    default: Option<&'static str>,
    description: &'static str,
) -> Spec {
    Spec {
        name,
        flag: Flag::Own(flag),
        environment,
        default,
        description,
    }
}

const fn set(name: &'static str, default: &'static str, description: &'static str) -> Spec {
    Spec {
        name,
        flag: Flag::Set,
        environment: None,
        default: Some(default),
        description,
    }
}

/// All settings, in the order in which they are shown.
pub const SPECS: &[Spec] = &[
    own(
        "data_dir",
        "--data-dir",
        Some("DATA_DIR"),
        Some("./summit-data"),
        "directory of the database's files",
    ),
    own(
        "log_dir",
        "--log-dir",
        Some("LOG_DIR"),
        None,
        "directory for the program's log file; unset: standard error",
    ),
    own(
        "log_level",
        "--log-level",
        Some("RUST_LOG"),
        Some("info"),
        "error, warn, info, debug, trace, or a filter such as info,summit_pg=debug",
    ),
    own(
        "log_format",
        "--log-format",
        Some("SUMMIT_LOG_FORMAT"),
        Some("auto"),
        "text, json, or auto: text on a terminal, JSON otherwise",
    ),
    own(
        "pg_addr",
        "--pg-addr",
        Some("SUMMIT_PG_ADDR"),
        Some("127.0.0.1:5433"),
        "address for PostgreSQL clients",
    ),
    own(
        "flight_addr",
        "--flight-addr",
        Some("SUMMIT_FLIGHT_ADDR"),
        Some("127.0.0.1:50051"),
        "address for Arrow Flight clients",
    ),
    own(
        "http_addr",
        "--http-addr",
        Some("SUMMIT_HTTP_ADDR"),
        Some("127.0.0.1:3000"),
        "address for HTTP: health and metrics",
    ),
    own(
        "broker_addr",
        "--broker-addr",
        None,
        Some("127.0.0.1:9092"),
        "address for Kafka clients (BROKER_HOST, BROKER_PORT); nothing listens there yet",
    ),
    own(
        "node_id",
        "--node-id",
        Some("BROKER_ID"),
        Some("0"),
        "the node's number, or a pod name that ends in it",
    ),
    own(
        "peers",
        "--peers",
        Some("BOOTSTRAP_SERVERS"),
        None,
        "the cluster's brokers, host:port,...; unset: a single node",
    ),
    own(
        "role",
        "--role",
        Some("SUMMIT_ROLE"),
        Some("all"),
        "what the node does: broker, correlation, analytics, comma-separated, or all",
    ),
    own(
        "store",
        "--store",
        Some("SUMMIT_STORE"),
        None,
        "object store for segments and checkpoints; unset: files in data_dir",
    ),
    own(
        "memory_limit",
        "--memory-limit",
        Some("SUMMIT_MEMORY_LIMIT"),
        Some("60%"),
        "memory for queries and state: a size, or a share of the machine's or container's",
    ),
    own(
        "insecure",
        "--insecure",
        Some("SUMMIT_INSECURE"),
        Some("false"),
        "listen on addresses that other machines reach, without authentication",
    ),
    set(
        "num.partitions",
        "6",
        "partitions of a stream that does not say",
    ),
    set(
        "default.replication.factor",
        "1",
        "copies of each log entry; 1 on a single node",
    ),
    set(
        "min.insync.replicas",
        "1",
        "copies that must be durable before an acknowledgement",
    ),
    set(
        "log.retention.hours",
        "168",
        "how long streams keep rows; not applied yet: they stay",
    ),
    set(
        "log.segment.bytes",
        "1073741824",
        "size of a segment file; not applied yet",
    ),
    set(
        "auto.create.topics.enable",
        "true",
        "Kafka clients may create streams by writing; not applied yet",
    ),
];

/// The setting with this name; a configuration file may write `-` for `_`.
pub fn find(name: &str) -> Option<&'static Spec> {
    let name = name.replace('-', "_");
    SPECS.iter().find(|spec| spec.name == name)
}

/// The name that is nearest to one that does not exist.
pub fn nearest(name: &str) -> &'static str {
    let name = name.replace('-', "_");
    SPECS
        .iter()
        .map(|spec| spec.name)
        .max_by(|a, b| strsim::jaro_winkler(a, &name).total_cmp(&strsim::jaro_winkler(b, &name)))
        .unwrap_or(SPECS[0].name)
}
