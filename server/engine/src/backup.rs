//! Backups of the running database.

use std::sync::Arc;

use summit_backup::{
    BackupError, BackupId, BackupInfo, CreateOptions, S3Settings, Selection, Target,
};
use summit_catalog::{SqlError, SqlState};
use summit_context::spawn_blocking;
use summit_log::{CommitTime, Lsn};

use tokio::runtime::Handle;

use crate::state::Shared;

/// What is shown of a backup.
pub(crate) struct Shown {
    pub id: String,
    pub label: Option<String>,
    pub lsn: u64,
    pub objects: u64,
    pub bytes: u64,
}

/// What verifying a backup found.
pub(crate) struct Verified {
    pub id: String,
    pub objects: u64,
    pub bytes: u64,
    pub damage: Option<String>,
}

/// Backs up everything that is committed now.
pub(crate) async fn create(
    shared: &Shared,
    url: &str,
    label: Option<&str>,
) -> Result<Shown, SqlError> {
    let target = target(shared, url)?;
    let at = *shared.applied.borrow();
    let now = CommitTime::from_micros(shared.ctx.clock.now_micros());
    let mut options =
        CreateOptions::new(shared.database_id.as_str(), env!("CARGO_PKG_VERSION"), now);
    options.label = label.map(str::to_owned);
    let log = Arc::clone(&shared.log);
    let first = Lsn::new(1);
    on_own_thread(move |runtime| {
        let created = summit_backup::create(&target, log, first, at, options);
        let info = runtime.block_on(created).map_err(sql_error)?;
        tracing::info!(id = %info.id, lsn = %info.at, url = target.url(), "backup made");
        Ok(shown(&info))
    })
    .await
}

/// The complete backups.
pub(crate) async fn list(shared: &Shared, url: &str) -> Result<Vec<Shown>, SqlError> {
    let target = target(shared, url)?;
    on_own_thread(move |runtime| {
        let listing = runtime
            .block_on(summit_backup::list(&target))
            .map_err(sql_error)?;
        Ok(listing.backups.iter().map(shown).collect())
    })
    .await
}

/// Reads and hashes every object of a backup, the latest without an id.
pub(crate) async fn verify(
    shared: &Shared,
    url: &str,
    id: Option<&str>,
) -> Result<Verified, SqlError> {
    let target = target(shared, url)?;
    let selection = selection(id)?;
    on_own_thread(move |runtime| {
        let verified = summit_backup::verify(&target, &selection);
        let report = runtime.block_on(verified).map_err(sql_error)?;
        Ok(Verified {
            id: report.backup.id.to_string(),
            objects: report.objects_good as u64,
            bytes: report.bytes_good,
            damage: report.result().err().map(|error| error.to_string()),
        })
    })
    .await
}

/// Backups read the log from disk and hash what they read: not on a runtime thread.
async fn on_own_thread<T: Send + 'static>(
    run: impl FnOnce(&Handle) -> Result<T, SqlError> + Send + 'static,
) -> Result<T, SqlError> {
    let runtime = Handle::current();
    spawn_blocking("backup", move || run(&runtime))
        .await
        .map_err(|error| SqlError::internal(error.to_string()))?
}

/// Which backup: by id, or the latest.
fn selection(id: Option<&str>) -> Result<Selection, SqlError> {
    match id {
        None => Ok(Selection::Latest),
        Some(id) => id.parse::<BackupId>().map(Selection::Id).map_err(sql_error),
    }
}

fn target(shared: &Shared, url: &str) -> Result<Target, SqlError> {
    Target::open(url, shared.ctx.clone(), &S3Settings::from_env()).map_err(sql_error)
}

fn shown(info: &BackupInfo) -> Shown {
    Shown {
        id: info.id.to_string(),
        label: info.label.clone(),
        lsn: info.at.lsn().get(),
        objects: info.objects as u64,
        bytes: info.bytes,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn sql_error(error: BackupError) -> SqlError {
    let code = match &error {
        BackupError::WrongUse { .. } => SqlState::INVALID_PARAMETER,
        BackupError::Damaged { .. } => SqlState::DATA_CORRUPTED,
        _ => SqlState::IO_ERROR,
    };
    SqlError::new(code, error.to_string()).hint(error.hint())
}
