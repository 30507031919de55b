//! Removes what is old.

use std::collections::BTreeMap;
use std::str::FromStr;

use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStoreExt};
use summit_log::CommitTime;

use crate::limits::{SMALL_REQUESTS, UNFINISHED_MICROS};
use crate::manifest::{DATA, manifest_name};
use crate::{BackupError, BackupId, Target, list};

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// What to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneOptions {
    /// Backups made within so many days stay.
    pub keep_days: u32,
    /// The moment from which days count.
    pub now: CommitTime,
    /// Only tells what would be removed.
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PruneReport {
    /// Complete backups, the oldest first.
    pub backups: Vec<BackupId>,
    /// Backups that were begun and never finished.
    pub unfinished: Vec<BackupId>,
    /// Backups with a damaged manifest, which stay for a person to look at.
    pub damaged: Vec<BackupId>,
    /// Objects, manifests included.
    pub objects: usize,
    /// Their bytes, without the manifests.
    pub bytes: u64,
}

/// The objects of one backup.
#[derive(Default)]
struct Objects {
    paths: Vec<Path>,
    bytes: u64,
    /// When the youngest was written.
    youngest_micros: i64,
}

/// Removes backups that are older than `keep_days`, but never the newest complete one, and
/// what unfinished backups left behind more than a day ago. A manifest goes before its
/// objects: a prune that is interrupted leaves no backup that looks complete.
///
/// # Errors
/// When the store does not answer; what was removed until then is gone.
pub async fn prune(target: &Target, options: PruneOptions) -> Result<PruneReport, BackupError> {
    // objects first: a backup that completes in between then has a manifest when we look
    let mut objects = target.objects().await?;
    let listing = list(target).await?;
    let mut report = PruneReport {
        damaged: listing.damaged.iter().map(|(id, _)| id.clone()).collect(),
        ..PruneReport::default()
    };
    let oldest_kept = options
        .now
        .micros()
        .saturating_sub(i64::from(options.keep_days) * DAY_MICROS);
    let newest = listing.backups.last().map(|backup| backup.id.clone());
    let mut removals = Vec::new();
    for backup in &listing.backups {
        let own = objects.remove(&backup.id).unwrap_or_default();
        if backup.created.micros() < oldest_kept && Some(&backup.id) != newest.as_ref() {
            report.objects += 1 + own.paths.len();
            report.bytes += own.bytes;
            report.backups.push(backup.id.clone());
            removals.push((Some(manifest_name(&backup.id)), own.paths));
        }
    }
    for id in &report.damaged {
        objects.remove(id);
    }
    let begun_before = options.now.micros().saturating_sub(UNFINISHED_MICROS);
    for (id, own) in objects {
        if id.begun_micros().max(own.youngest_micros) < begun_before {
            report.objects += own.paths.len();
            report.bytes += own.bytes;
            report.unfinished.push(id);
            removals.push((None, own.paths));
        }
    }
    if !options.dry_run {
        for (manifest, paths) in removals {
            if let Some(name) = manifest {
                target.remove(&target.path(&name)).await?;
                target.sync_removal(&name).await?;
            }
            stream::iter(paths)
                .map(async |path| target.remove(&path).await)
                .buffer_unordered(SMALL_REQUESTS)
                .try_collect::<()>()
                .await?;
        }
    }
    Ok(report)
}

impl Target {
    async fn objects(&self) -> Result<BTreeMap<BackupId, Objects>, BackupError> {
        let mut objects: BTreeMap<BackupId, Objects> = BTreeMap::new();
        let mut found = self.store.list(Some(&self.path(DATA)));
        while let Some(meta) = found
            .try_next()
            .await
            .map_err(|error| self.error("list", format!("{DATA}/"), &error))?
        {
            let id = self.name(&meta.location).and_then(|name| {
                let (id, _) = name
                    .strip_prefix(DATA)?
                    .strip_prefix('/')?
                    .split_once('/')?;
                BackupId::from_str(id).ok()
            });
            // other files are not ours to judge
            let Some(id) = id else { continue };
            let own = objects.entry(id).or_default();
            own.bytes += meta.size;
            own.youngest_micros = own
                .youngest_micros
                .max(meta.last_modified.timestamp_micros());
            own.paths.push(meta.location);
        }
        Ok(objects)
    }

    async fn remove(&self, path: &Path) -> Result<(), BackupError> {
        match self.store.delete(path).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.error("delete", self.name(path).unwrap_or_default(), &error)),
        }
    }
}
