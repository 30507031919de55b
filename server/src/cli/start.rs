//! `summit start`: a node in the foreground.

use std::path::{Path, PathBuf};

use clap::Args;
use summit_context::{Context, OpenMode};

use crate::error::CommandError;
use crate::limits::CONFIG_FILE_BYTES_MAX;
use crate::logging::Logging;
use crate::node::{Node, OnPortTaken};
use crate::output::print;
use crate::settings::{Given, Settings, SettingsError, machine_bytes, print_toml};

use super::on_runtime;

/// What `summit start` takes. The texts of flags come from the settings' table by hand, and a
/// test compares them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  summit start\n  summit start --data-dir /var/lib/summit --memory-limit 4GiB\n  summit start --config summit.toml --print-config\n\nCommand line beats environment beats --config FILE beats default.\nThe node is ready when GET /health answers 200 and psql can connect:\n  psql -h 127.0.0.1 -p 5433 -U summit summit"
)]
pub struct StartArgs {
    /// Settings as TOML, names as --print-config shows them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the settings with the source of each as TOML, and start nothing.
    #[arg(long)]
    print_config: bool,
    /// Directory of the database's files [env: DATA_DIR] [default: ./summit-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Directory for the log file; standard error otherwise [env: LOG_DIR]
    #[arg(long, value_name = "DIR")]
    log_dir: Option<String>,
    /// A level (error, warn, info, debug, trace) or a filter [env: RUST_LOG] [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// text, json, or auto: text on a terminal [env: SUMMIT_LOG_FORMAT] [default: auto]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Where PostgreSQL clients connect [env: SUMMIT_PG_ADDR] [default: 127.0.0.1:5433]
    #[arg(long, value_name = "ADDR")]
    pg_addr: Option<String>,
    /// Where Flight clients connect [env: SUMMIT_FLIGHT_ADDR] [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDR")]
    flight_addr: Option<String>,
    /// Health and metrics [env: SUMMIT_HTTP_ADDR] [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR")]
    http_addr: Option<String>,
    /// Where Kafka clients will connect; nothing listens there yet [env: BROKER_HOST,
    /// BROKER_PORT] [default: 127.0.0.1:9092]
    #[arg(long, value_name = "ADDR")]
    broker_addr: Option<String>,
    /// The node's number, or a pod name that ends in it [env: BROKER_ID] [default: 0]
    #[arg(long, value_name = "N")]
    node_id: Option<String>,
    /// The cluster's brokers; not available yet [env: BOOTSTRAP_SERVERS]
    #[arg(long, value_name = "HOST:PORT,…")]
    peers: Option<String>,
    /// broker, correlation, analytics; only all of them yet [env: SUMMIT_ROLE] [default: all]
    #[arg(long, value_name = "ROLES")]
    role: Option<String>,
    /// Object store for segments and checkpoints; not available yet [env: SUMMIT_STORE]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// A size (4GiB), or a share of the machine's or container's memory [env:
    /// SUMMIT_MEMORY_LIMIT] [default: 60%]
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<String>,
    /// Listen on addresses that other machines reach, without authentication [env:
    /// SUMMIT_INSECURE]
    #[arg(long)]
    insecure: bool,
    /// num.partitions and others that --print-config lists; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

/// Runs a node until it is told to stop.
pub fn run(args: StartArgs, context: Context) -> Result<(), CommandError> {
    let print_config = args.print_config;
    let settings = Settings::resolve(&given(args, &context)?)?;
    if print_config {
        return print(print_toml(&settings));
    }
    settings.check_available()?;
    let logging = Logging {
        level: &settings.log_level,
        format: settings.log_format,
        dir: settings.log_dir.as_deref(),
    };
    logging.install(&context)?;
    on_runtime(async {
        let stop = crate::node::stop_signal()?;
        let mut node = Node::start(context, &settings, OnPortTaken::Refuse).await?;
        let broken = tokio::select! {
            () = stop => None,
            reason = node.broken() => Some(reason),
        };
        node.shutdown().await?;
        // a supervisor must see that the node did not end because it was told to
        broken.map_or(Ok(()), |reason| Err(CommandError::Failed(reason)))
    })
}

fn given(args: StartArgs, context: &Context) -> Result<Given, SettingsError> {
    let config = match args.config {
        None => None,
        Some(path) => {
            let text = read_config(&path, context).map_err(|message| SettingsError::File {
                path: path.clone(),
                message,
            })?;
            Some((path, text))
        }
    };
    let flags = [
        ("data_dir", args.data_dir),
        ("log_dir", args.log_dir),
        ("log_level", args.log_level),
        ("log_format", args.log_format),
        ("pg_addr", args.pg_addr),
        ("flight_addr", args.flight_addr),
        ("http_addr", args.http_addr),
        ("broker_addr", args.broker_addr),
        ("node_id", args.node_id),
        ("peers", args.peers),
        ("role", args.role),
        ("store", args.store),
        ("memory_limit", args.memory_limit),
        ("insecure", args.insecure.then(|| "true".to_owned())),
    ];
    Ok(Given {
        flags: flags
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        sets: args.sets,
        // variables that are not text are none of ours
        environment: std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect(),
        config,
        machine_bytes: machine_bytes(),
    })
}

fn read_config(path: &Path, context: &Context) -> Result<String, String> {
    let file = context
        .disk
        .open(path, OpenMode::Read)
        .map_err(|error| error.to_string())?;
    let length = file.len().map_err(|error| error.to_string())?;
    if length > CONFIG_FILE_BYTES_MAX {
        return Err(format!(
            "it has {length} bytes, and at most {CONFIG_FILE_BYTES_MAX} are read"
        ));
    }
    let bytes = context.disk.read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
