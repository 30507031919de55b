//! `summit backup`: makes, lists, verifies, restores and prunes backups.

mod time;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use summit_backup::{BackupError, BackupInfo, PruneOptions, S3Settings, Selection, Target};
use summit_context::Context;
use summit_engine::{OpenError, RestoreOptions, RestoreTo};
use summit_log::CommitTime;

use crate::client::{Column, Connection, Table};
use crate::error::CommandError;
use crate::output::print;

use time::{parse_time, show_time};

const PLACE: &str = "A URL is s3://bucket/prefix or file:///dir. S3 takes AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,\nAWS_REGION and AWS_ENDPOINT_URL.";

/// What `summit backup` takes.
#[derive(Debug, Args)]
#[command(
    after_help = format!("Example:\n  summit backup create --to s3://backups/summit\n  summit backup restore --from s3://backups/summit --data-dir /var/lib/summit\n\n{PLACE}\n\nExit status: 0 done, 1 failed, 2 wrong use, 3 verify found damage, 4 nothing to restore,\n5 target not empty.")
)]
pub struct BackupArgs {
    #[command(subcommand)]
    command: BackupCommand,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// Ask a running node for a backup; prints its id and LSN
    #[command(
        after_help = format!("Example:\n  summit backup create --to file:///var/backups/summit --label nightly\n\n{PLACE}")
    )]
    Create {
        /// Where to
        #[arg(long, value_name = "URL")]
        to: String,
        /// The node's PostgreSQL address
        #[arg(
            long,
            value_name = "ADDR",
            env = "SUMMIT_PG_ADDR",
            default_value = "127.0.0.1:5433"
        )]
        pg_addr: String,
        /// A name for people
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
    },
    /// List the backups of a place, the oldest first
    #[command(
        after_help = format!("Example:\n  summit backup list --from s3://backups/summit --output json\n\n{PLACE}")
    )]
    List {
        /// Where from
        #[arg(long, value_name = "URL")]
        from: String,
        /// How to print
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Read and hash every object of a backup
    #[command(
        after_help = format!("Example:\n  summit backup verify --from s3://backups/summit\n\n{PLACE}\n\nExit status: 3 when something is damaged.")
    )]
    Verify {
        /// Where from
        #[arg(long, value_name = "URL")]
        from: String,
        /// Which; the latest without it
        #[arg(long, value_name = "ID")]
        id: Option<String>,
    },
    /// Make a new data directory from a backup
    #[command(
        after_help = format!("Examples:\n  summit backup restore --from s3://backups/summit --data-dir ./restored\n  summit backup restore --from s3://backups/summit --to-time '2026-11-24 15:30:00' --data-dir ./restored\n\n{PLACE}\n\nExit status: 4 nothing to restore, 5 the directory is not empty.")
    )]
    Restore {
        /// Where from
        #[arg(long, value_name = "URL")]
        from: String,
        /// Which; the latest without it
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// Up to this time, inclusive; UTC unless it says otherwise
        #[arg(long, value_name = "T", conflicts_with = "to_lsn")]
        to_time: Option<String>,
        /// Up to this position, inclusive
        #[arg(long, value_name = "N")]
        to_lsn: Option<u64>,
        /// A new or empty directory
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
    },
    /// Delete old backups, never the newest; only lists them without --yes
    #[command(
        after_help = format!("Example:\n  summit backup prune --from s3://backups/summit --keep-days 30 --yes\n\n{PLACE}")
    )]
    Prune {
        /// Where from
        #[arg(long, value_name = "URL")]
        from: String,
        /// Keep backups of so many days
        #[arg(long, value_name = "N")]
        keep_days: u32,
        /// Delete them, not only list them
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// For people
    Table,
    /// For scripts: an array of objects
    Json,
}

/// Does what is asked about backups.
pub async fn run(args: BackupArgs, context: Context) -> Result<(), CommandError> {
    match args.command {
        BackupCommand::Create { to, pg_addr, label } => create(&to, &pg_addr, label).await,
        BackupCommand::List { from, output } => list(&open(&from, context)?, output).await,
        BackupCommand::Verify { from, id } => {
            let selection = select(id.as_deref())?;
            verify(&open(&from, context)?, &selection).await
        }
        BackupCommand::Restore {
            from,
            id,
            to_time,
            to_lsn,
            data_dir,
        } => {
            let to = match (to_time, to_lsn) {
                (Some(text), _) => {
                    let time = parse_time(&text)
                        .map_err(|message| CommandError::Usage(format!("--to-time: {message}")))?;
                    Some(RestoreTo::Time(time))
                }
                (None, Some(lsn)) => Some(RestoreTo::Lsn(lsn)),
                (None, None) => None,
            };
            restore(
                RestoreOptions {
                    from,
                    id,
                    to,
                    data_dir,
                },
                context,
            )
            .await
        }
        BackupCommand::Prune {
            from,
            keep_days,
            yes,
        } => prune(&open(&from, context.clone())?, keep_days, yes, &context).await,
    }
}

async fn create(to: &str, pg_addr: &str, label: Option<String>) -> Result<(), CommandError> {
    let mut sql = format!("BACKUP INTO {}", literal(to));
    if let Some(label) = label {
        sql.push_str(&format!(" WITH (label = {})", literal(&label)));
    }
    let mut node = Connection::open(pg_addr, "summit", "summit").await?;
    let answer = node.fetch(&sql).await;
    node.close().await;
    let (table, _) = answer?;
    let value = |name: &str| {
        let column = table
            .columns
            .iter()
            .position(|column| column.name == name)?;
        table.rows.first()?.get(column)?.clone()
    };
    match (value("id"), value("lsn")) {
        (Some(id), Some(lsn)) => print(format!("backup {id} at LSN {lsn}\n")),
        _ => print(table.show()),
    }
}

async fn list(target: &Target, output: Output) -> Result<(), CommandError> {
    let listing = summit_backup::list(target)
        .await
        .map_err(|error| failed(&error))?;
    match output {
        Output::Json => {
            let good = listing.backups.iter().map(|backup| {
                serde_json::json!({
                    "id": backup.id.as_str(),
                    "status": "complete",
                    "label": backup.label,
                    "created": show_time(backup.created.micros()),
                    "first_lsn": backup.first.get(),
                    "lsn": backup.at.lsn().get(),
                    "last_time": backup.last_time.map(|time| show_time(time.micros())),
                    "entries": backup.entries,
                    "bytes": backup.bytes,
                    "objects": backup.objects,
                    "database_id": backup.database_id,
                    "server_version": backup.server_version,
                })
            });
            let damaged = listing.damaged.iter().map(|(id, damage)| {
                serde_json::json!({
                    "id": id.as_str(),
                    "status": "damaged",
                    "damage": damage.to_string(),
                })
            });
            let all = serde_json::Value::Array(good.chain(damaged).collect());
            print(format!("{all:#}\n"))
        }
        Output::Table => {
            let names = [
                ("id", false),
                ("created", false),
                ("label", false),
                ("lsn", true),
                ("entries", true),
                ("bytes", true),
                ("status", false),
            ];
            let columns = names
                .map(|(name, is_number)| Column {
                    name: name.to_owned(),
                    is_number,
                })
                .to_vec();
            let mut rows: Vec<_> = listing.backups.iter().map(list_row).collect();
            rows.extend(listing.damaged.iter().map(|(id, damage)| {
                let mut row = vec![None; names.len()];
                row[0] = Some(id.to_string());
                row[names.len() - 1] = Some(format!("damaged: {damage}"));
                row
            }));
            print(Table { columns, rows }.show())
        }
    }
}

fn list_row(backup: &BackupInfo) -> Vec<Option<String>> {
    vec![
        Some(backup.id.to_string()),
        Some(show_time(backup.created.micros())),
        backup.label.clone(),
        Some(backup.at.to_string()),
        Some(backup.entries.to_string()),
        Some(backup.bytes.to_string()),
        Some("complete".to_owned()),
    ]
}

async fn verify(target: &Target, selection: &Selection) -> Result<(), CommandError> {
    let report = summit_backup::verify(target, selection)
        .await
        .map_err(|error| failed(&error))?;
    let mut out = format!(
        "backup {} at LSN {}: {} of {} objects good, {} of {} entries, {} of {} bytes\n",
        report.backup.id,
        report.backup.at,
        report.objects_good,
        report.backup.objects,
        report.entries_good,
        report.backup.entries,
        report.bytes_good,
        report.backup.bytes,
    );
    for damage in &report.damage {
        out.push_str(&format!("DAMAGE: {damage}\n"));
    }
    print(out)?;
    report.result().map_err(|error| failed(&error))
}

async fn restore(options: RestoreOptions, context: Context) -> Result<(), CommandError> {
    let dir = options.data_dir.clone();
    let report = summit_engine::restore(context, options)
        .await
        .map_err(|error| match error {
            OpenError::Backup(error) => failed(&error),
            OpenError::NotEmpty { .. } => CommandError::Status {
                status: summit_backup::ExitCode::TargetNotEmpty as u8,
                message: error.to_string(),
            },
            error => CommandError::Open(error),
        })?;
    print(format!(
        "restored backup {} to {}: {} entries, last LSN {}\nstart it with: summit start --data-dir {}\n",
        report.id,
        dir.display(),
        report.entries,
        report.lsn,
        dir.display(),
    ))
}

async fn prune(
    target: &Target,
    keep_days: u32,
    yes: bool,
    context: &Context,
) -> Result<(), CommandError> {
    let now = CommitTime::from_micros(context.clock.now_micros());
    let options = PruneOptions {
        keep_days,
        now,
        dry_run: !yes,
    };
    let report = summit_backup::prune(target, options)
        .await
        .map_err(|error| failed(&error))?;
    let verb = if yes { "deleted" } else { "would delete" };
    let mut out = String::new();
    for id in &report.backups {
        out.push_str(&format!("{verb} {id}\n"));
    }
    for id in &report.unfinished {
        out.push_str(&format!("{verb} {id} (never finished)\n"));
    }
    for id in &report.damaged {
        out.push_str(&format!("left alone {id}: its manifest is damaged\n"));
    }
    out.push_str(&format!(
        "{verb} {} backups, {} objects, {} bytes{}\n",
        report.backups.len() + report.unfinished.len(),
        report.objects,
        report.bytes,
        if yes || report.objects == 0 {
            ""
        } else {
            "; give --yes to do it"
        },
    ));
    print(out)
}

fn open(url: &str, context: Context) -> Result<Target, CommandError> {
    Target::open(url, context, &S3Settings::from_env()).map_err(|error| failed(&error))
}

fn select(id: Option<&str>) -> Result<Selection, CommandError> {
    match id {
        None => Ok(Selection::Latest),
        Some(id) => id
            .parse()
            .map(Selection::Id)
            .map_err(|error| failed(&error)),
    }
}

fn failed(error: &BackupError) -> CommandError {
    CommandError::Status {
        status: error.exit_code() as u8,
        message: format!("{error}; {}", error.hint()),
    }
}

/// A SQL string.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
