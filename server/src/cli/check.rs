//! `summit check`: reads a stopped node's files.

use std::path::PathBuf;

use clap::Args;
use summit_context::{Context, OpenMode};

use crate::error::CommandError;
use crate::output::print;

/// What `summit check` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  summit check --data-dir /var/lib/summit\n\nExit status: 0 no damage, 1 damage or not readable."
)]
pub struct CheckArgs {
    /// The stopped node's directory
    #[arg(
        long,
        value_name = "DIR",
        env = "DATA_DIR",
        default_value = "./summit-data"
    )]
    data_dir: PathBuf,
}

/// Reads all of the log, and says what is in it and what is damaged.
pub fn run(args: &CheckArgs, context: &Context) -> Result<(), CommandError> {
    let dir = &args.data_dir;
    let shown = dir.display();
    let disk = &context.disk;
    if !disk.exists(&dir.join("SUMMIT")) {
        return Err(CommandError::Failed(format!(
            "{shown} is not a data directory of Summit (it has no SUMMIT file); give --data-dir"
        )));
    }
    // held to the end, so that no node starts meanwhile; a directory without the file was
    // copied or restored, and nobody uses it
    let lock_path = dir.join("LOCK");
    let _lock = if disk.exists(&lock_path) {
        let refuse = |error| CommandError::Failed(format!("cannot lock {shown}: {error}"));
        let lock = disk.open(&lock_path, OpenMode::Write).map_err(refuse)?;
        if !lock.try_lock().map_err(refuse)? {
            return Err(CommandError::Failed(format!(
                "{shown} is in use by a running node; stop it first, then check"
            )));
        }
        Some(lock)
    } else {
        None
    };
    let report = summit_log::verify(context, &dir.join("wal"))
        .map_err(|error| CommandError::Failed(error.to_string()))?;

    let mut out = format!(
        "{shown}: read {} of log in {} and {}\n",
        count(report.bytes, "byte"),
        count(report.blocks, "block"),
        count(report.files, "file"),
    );
    match (report.first, report.last) {
        (Some(first), Some(last)) => {
            out.push_str(&format!(
                "{}: LSN {first} to {last}\n",
                count(report.entries, "entry")
            ));
        }
        _ => out.push_str("no entries\n"),
    }
    if let Some((path, offset)) = &report.torn_tail {
        out.push_str(&format!(
            "a half written block at the end ({}, byte {offset}): not damage, the next start cuts it off\n",
            path.display()
        ));
    }
    for damage in &report.damage {
        out.push_str(&format!("DAMAGE: {damage}\n"));
    }
    if report.damage.is_empty() {
        out.push_str("no damage\n");
        print(out)
    } else {
        print(out)?;
        Err(CommandError::Failed(format!(
            "{shown} is damaged in {}; restore it from a backup with summit backup restore",
            count(report.damage.len() as u64, "place")
        )))
    }
}

fn count(n: u64, noun: &str) -> String {
    match (n, noun) {
        (1, noun) => format!("1 {noun}"),
        (n, "entry") => format!("{n} entries"),
        (n, noun) => format!("{n} {noun}s"),
    }
}
