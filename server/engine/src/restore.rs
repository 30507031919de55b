//! A database from a backup, in a new directory.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use futures::future::BoxFuture;
use summit_backup::{BackupId, S3Settings, Selection, Target, To};
use summit_context::{Context, spawn_blocking};
use summit_log::{CommitTime, Entry, Lsn, Wal, WalOptions};
use tokio::runtime::Handle;

use crate::OpenError;
use crate::data_dir::DataDir;

/// What to restore, and where.
#[derive(Debug, Clone)]
pub struct RestoreOptions {
    /// `s3://bucket/prefix` or `file:///dir`.
    pub from: String,
    /// The backup's id; `None`: the latest.
    pub id: Option<String>,
    /// Up to where; `None`: all of it.
    pub to: Option<RestoreTo>,
    /// A new or empty directory.
    pub data_dir: PathBuf,
}

/// Up to where to restore, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreTo {
    /// A position.
    Lsn(u64),
    /// A time, in microseconds since 1970-01-01 UTC.
    Time(i64),
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// The backup's id.
    pub id: String,
    /// The last position that the new database has.
    pub lsn: u64,
    /// Entries written.
    pub entries: u64,
}

/// Objects of the backup that may wait for the disk.
const OBJECTS_AHEAD: usize = 2;

/// Restores a backup into a new directory. It is written beside it and renamed at the end, so
/// that a directory under its name is always whole.
///
/// # Errors
/// [`OpenError::NotEmpty`], [`OpenError::Backup`], or what the disk says.
pub fn restore(
    ctx: Context,
    options: RestoreOptions,
) -> BoxFuture<'static, Result<RestoreReport, OpenError>> {
    Box::pin(async move {
        let runtime = Handle::current();
        let done = spawn_blocking("restore", move || run(&ctx, &options, &runtime)).await;
        done.map_err(|error| OpenError::Thread(error.to_string()))?
    })
}

fn run(
    ctx: &Context,
    options: &RestoreOptions,
    runtime: &Handle,
) -> Result<RestoreReport, OpenError> {
    let data_dir = &options.data_dir;
    let refuse = |what: &str, error: &std::io::Error| OpenError::DataDir {
        path: data_dir.clone(),
        message: format!("{what}: {error}"),
    };
    if ctx.disk.exists(data_dir) {
        let names = ctx
            .disk
            .list(data_dir)
            .map_err(|error| refuse("cannot list it", &error))?;
        if !names.is_empty() {
            return Err(OpenError::NotEmpty {
                path: data_dir.clone(),
            });
        }
    }
    let target = Target::open(&options.from, ctx.clone(), &S3Settings::from_env())?;
    let selection = match &options.id {
        Some(id) => Selection::Id(id.parse::<BackupId>()?),
        None => Selection::Latest,
    };
    let to = options.to.map(|to| match to {
        RestoreTo::Lsn(lsn) => To::Lsn(Lsn::new(lsn)),
        RestoreTo::Time(micros) => To::Time(CommitTime::from_micros(micros)),
    });
    let staging = beside(data_dir, ctx.random.next_u64());
    let staged = DataDir::open(ctx, &staging)?;
    let (sender, receiver) = mpsc::sync_channel::<Vec<Entry>>(OBJECTS_AHEAD);
    let fetched = std::thread::scope(|scope| {
        let wal = staged.wal();
        let writer = scope.spawn(move || {
            let entries = receiver.into_iter().flatten().map(Ok);
            Wal::restore(ctx, &wal, &WalOptions::default(), entries)
        });
        let fetched =
            runtime.block_on(summit_backup::restore(&target, &selection, to, |entries| {
                sender
                    .send(entries)
                    .map_err(|_| "the disk refused them".into())
            }));
        drop(sender);
        match writer.join() {
            Ok(Err(error)) => Err(OpenError::Log(error)),
            Ok(Ok(_)) => fetched.map_err(OpenError::Backup),
            Err(_) => Err(OpenError::Thread(
                "the writer of the restored log panicked".to_owned(),
            )),
        }
    });
    drop(staged);
    let restored = match fetched {
        Ok(restored) => restored,
        Err(error) => {
            discard(&staging);
            return Err(error);
        }
    };
    ctx.disk
        .rename(&staging, data_dir)
        .map_err(|error| refuse("cannot put the restored files there", &error))?;
    if let Some(parent) = data_dir
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        ctx.disk
            .sync_dir(parent)
            .map_err(|error| refuse("cannot sync its parent", &error))?;
    }
    Ok(RestoreReport {
        id: restored.backup.id.to_string(),
        lsn: restored.last.get(),
        entries: restored.entries,
    })
}

fn beside(data_dir: &Path, random: u64) -> PathBuf {
    let name = data_dir.file_name().unwrap_or_default().to_string_lossy();
    data_dir.with_file_name(format!(".{name}.restoring-{random:016x}"))
}

/// Nothing of a restore that failed is kept.
fn discard(staging: &Path) {
    if let Err(error) = std::fs::remove_dir_all(staging) {
        tracing::warn!(path = %staging.display(), %error, "cannot remove what a failed restore left");
    }
}
