//! Makes a backup.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use object_store::{Error as StoreError, ObjectStoreExt, PutMode};
use summit_context::spawn_blocking;
use summit_log::{CommitTime, Cut, Entry, Log, Lsn};

use crate::entries::EntryWriter;
use crate::limits::{LABEL_BYTES_MAX, OBJECT_BYTES_TARGET, READ_BYTES_MAX, SMALL_REQUESTS};
use crate::manifest::{Manifest, ObjectInfo, manifest_name, object_name};
use crate::{BackupError, BackupId, BackupInfo, Target};

/// What to do when a store ignores `If-None-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionalWrites {
    /// Refuse the store.
    Require,
    /// Trust that nobody else writes there.
    SingleWriter,
}

/// How to make a backup.
#[derive(Debug, Clone)]
pub struct CreateOptions {
    /// A name for people.
    pub label: Option<String>,
    /// The database that it is of.
    pub database_id: String,
    /// The version of the program.
    pub server_version: String,
    /// The moment of the cut.
    pub now: CommitTime,
    /// What to do when a store ignores `If-None-Match`.
    pub conditional_writes: ConditionalWrites,
    /// When an object is closed.
    pub object_bytes: usize,
}

impl CreateOptions {
    /// A backup without a label, in objects of the usual size.
    pub fn new(
        database_id: impl Into<String>,
        server_version: impl Into<String>,
        now: CommitTime,
    ) -> Self {
        CreateOptions {
            label: None,
            database_id: database_id.into(),
            server_version: server_version.into(),
            now,
            conditional_writes: ConditionalWrites::Require,
            object_bytes: OBJECT_BYTES_TARGET,
        }
    }
}

/// Uploads the entries from `first` up to `at`. The backup exists once this answers; before,
/// nothing lists it. What was uploaded before a failure is deleted, or left to
/// [`crate::prune`] when the store no longer answers.
///
/// # Errors
/// [`BackupError::NoConditionalWrites`] for a store that overwrites, what the log or the
/// store said otherwise.
pub async fn create(
    target: &Target,
    source: Arc<dyn Log>,
    first: Lsn,
    at: Cut,
    options: CreateOptions,
) -> Result<BackupInfo, BackupError> {
    check(&source, first, at, &options)?;
    let id = BackupId::new(options.now.micros(), target.context.random.next_u64())?;
    if !target.honours_conditions(&id).await?
        && options.conditional_writes == ConditionalWrites::Require
    {
        return Err(BackupError::NoConditionalWrites {
            url: target.url().to_owned(),
        });
    }
    let mut upload = Upload {
        target,
        id: &id,
        objects: Vec::new(),
    };
    if let Err(error) = upload.all(source, first, at, options.object_bytes).await {
        upload.take_back().await;
        return Err(error);
    }
    let objects = upload.objects;
    let info = BackupInfo {
        id: id.clone(),
        label: options.label,
        database_id: options.database_id,
        server_version: options.server_version,
        created: options.now,
        first,
        at,
        last_time: objects.last().map(|object| object.last_time),
        entries: at.lsn().get() + 1 - first.get(),
        bytes: objects.iter().map(|object| object.bytes).sum(),
        objects: objects.len(),
    };
    // from here on the backup may exist, even when the store's answer was lost: nothing is
    // taken back
    publish(
        target,
        &Manifest {
            info: info.clone(),
            objects,
        },
        options.conditional_writes,
    )
    .await?;
    tracing::info!(%id, url = target.url(), lsn = %at, bytes = info.bytes, "backup complete");
    Ok(info)
}

fn check(
    source: &Arc<dyn Log>,
    first: Lsn,
    at: Cut,
    options: &CreateOptions,
) -> Result<(), BackupError> {
    if let Some(label) = &options.label
        && (label.len() > LABEL_BYTES_MAX || label.chars().any(char::is_control))
    {
        return Err(BackupError::wrong_use(
            "the label is too long or holds control characters",
            format!("a label is one line of at most {LABEL_BYTES_MAX} bytes"),
        ));
    }
    let committed = source.committed();
    if at.lsn() > committed
        || at
            .lsn()
            .get()
            .checked_add(1)
            .is_none_or(|end| end < first.get())
    {
        return Err(BackupError::wrong_use(
            format!("there is no position {at} to back up from {first} on"),
            format!("the database's last position is {committed}"),
        ));
    }
    Ok(())
}

struct Upload<'a> {
    target: &'a Target,
    id: &'a BackupId,
    objects: Vec<ObjectInfo>,
}

impl Upload<'_> {
    async fn all(
        &mut self,
        source: Arc<dyn Log>,
        first: Lsn,
        at: Cut,
        object_bytes: usize,
    ) -> Result<(), BackupError> {
        let mut writer = EntryWriter::default();
        let mut next = first;
        while next <= at.lsn() {
            for entry in read(&source, next).await? {
                if entry.lsn != next {
                    return Err(BackupError::SourceGap {
                        expected: next.get(),
                        found: format!("position {}", entry.lsn),
                    });
                }
                if entry.lsn > at.lsn() {
                    break;
                }
                writer.push(&entry);
                next = next.next();
                if writer.len() >= object_bytes {
                    self.put(std::mem::take(&mut writer)).await?;
                }
            }
        }
        if writer.is_empty() {
            Ok(())
        } else {
            self.put(writer).await
        }
    }

    async fn put(&mut self, writer: EntryWriter) -> Result<(), BackupError> {
        let name = object_name(self.id, self.objects.len() + 1);
        let sealed = spawn_blocking("backup-seal", move || writer.seal())
            .await
            .map_err(|_| BackupError::Interrupted)?;
        let object = ObjectInfo::of(name.clone(), &sealed);
        // counted before the write, so that a write whose answer is lost is taken back too
        self.objects.push(object);
        self.target
            .store
            .put(&self.target.path(&name), sealed.bytes.into())
            .await
            .map_err(|error| self.target.error("write", name.clone(), &error))?;
        self.target.sync(&name).await?;
        tracing::debug!(object = name, lsn = %sealed.last, "backup object written");
        Ok(())
    }

    /// Deletes what was uploaded. What cannot be deleted is never listed and pruned later.
    async fn take_back(&self) {
        let deleted = stream::iter(&self.objects)
            .map(async |object| {
                self.target
                    .store
                    .delete(&self.target.path(&object.name))
                    .await
                    .is_ok()
            })
            .buffer_unordered(SMALL_REQUESTS)
            .filter(|deleted| std::future::ready(*deleted))
            .count()
            .await;
        tracing::info!(id = %self.id, deleted, of = self.objects.len(), "backup given up");
    }
}

async fn read(source: &Arc<dyn Log>, from: Lsn) -> Result<Vec<Entry>, BackupError> {
    let log = Arc::clone(source);
    let entries = spawn_blocking("backup-read", move || log.read(from, READ_BYTES_MAX))
        .await
        .map_err(|_| BackupError::Interrupted)??;
    if entries.is_empty() {
        return Err(BackupError::SourceGap {
            expected: from.get(),
            found: "the end of the log".to_owned(),
        });
    }
    Ok(entries)
}

async fn publish(
    target: &Target,
    manifest: &Manifest,
    conditional_writes: ConditionalWrites,
) -> Result<(), BackupError> {
    let name = manifest_name(&manifest.info.id);
    let path = target.path(&name);
    let json = manifest.to_json();
    let mode = match conditional_writes {
        ConditionalWrites::Require => PutMode::Create,
        ConditionalWrites::SingleWriter => PutMode::Overwrite,
    };
    match target
        .store
        .put_opts(&path, json.clone().into(), mode.into())
        .await
    {
        Ok(_) => {}
        Err(error @ StoreError::AlreadyExists { .. }) => {
            // a retry after a lost answer finds its own manifest
            let failed = |_| target.error("write", name.clone(), &error);
            let found = target.store.get(&path).await.map_err(failed)?;
            if found.bytes().await.map_err(failed)? != json {
                return Err(target.error("write", name, &error));
            }
        }
        Err(error) => return Err(target.error("write", name, &error)),
    }
    target.sync(&name).await
}
