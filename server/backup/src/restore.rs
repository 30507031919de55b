//! Hands the entries of a backup on.

use futures::stream::{self, StreamExt};
use summit_log::{CommitTime, Entry, Lsn};

use crate::limits::FETCH_AHEAD;
use crate::manifest::rfc3339;
use crate::{BackupError, BackupInfo, Selection, Target};

/// Where to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// After this position.
    Lsn(Lsn),
    /// After the last entry that was committed at this time or before.
    Time(CommitTime),
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// From which backup.
    pub backup: BackupInfo,
    /// Entries handed on.
    pub entries: u64,
    /// The last one's position; the one before the first when there were none.
    pub last: Lsn,
    /// The last one's time.
    pub last_time: Option<CommitTime>,
}

/// An error of whoever takes the entries.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Hands the entries of a backup to `sink`, in order and without a gap, up to `to` or all of
/// them. Each object is verified before any of its entries is handed on. The caller makes
/// sure that the place is empty, and keeps nothing when this fails.
///
/// # Errors
/// [`BackupError::Damaged`] naming the object, [`BackupError::NothingToRestore`],
/// [`BackupError::WrongUse`] when the backup does not reach to `to`.
pub async fn restore(
    target: &Target,
    selection: &Selection,
    to: Option<To>,
    mut sink: impl FnMut(Vec<Entry>) -> Result<(), SinkError> + Send,
) -> Result<Restored, BackupError> {
    let manifest = target.select(selection).await?;
    let info = manifest.info;
    check_reach(&info, to)?;
    let mut restored = Restored {
        entries: 0,
        last: before(info.first),
        last_time: None,
        backup: info,
    };
    let last = match to {
        Some(To::Lsn(lsn)) => lsn,
        _ => restored.backup.at.lsn(),
    };
    let wanted = manifest
        .objects
        .iter()
        .take_while(|object| object.first <= last);
    let mut objects = stream::iter(wanted)
        .map(async |object| target.entries(object).await)
        .buffered(FETCH_AHEAD);
    while let Some(read) = objects.next().await {
        let mut entries = read?.map_err(|damage| BackupError::Damaged {
            url: target.url().to_owned(),
            id: restored.backup.id.to_string(),
            damage: vec![damage],
        })?;
        let all = entries.len();
        entries.truncate(entries.partition_point(|entry| match to {
            Some(To::Lsn(lsn)) => entry.lsn <= lsn,
            Some(To::Time(time)) => entry.time <= time,
            None => true,
        }));
        let count = entries.len();
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            let lsn = first.lsn.get();
            (restored.last, restored.last_time) = (last.lsn, Some(last.time));
            sink(entries).map_err(|error| BackupError::Sink {
                lsn,
                reason: error.to_string(),
            })?;
            restored.entries += count as u64;
        }
        if count < all {
            break;
        }
    }
    drop(objects);
    Ok(restored)
}

/// A backup says nothing about what came after it was made.
fn check_reach(info: &BackupInfo, to: Option<To>) -> Result<(), BackupError> {
    let (end, reaches) = match to {
        None => return Ok(()),
        Some(To::Lsn(lsn)) => {
            let reaches = before(info.first) <= lsn && lsn <= info.at.lsn();
            (format!("positions {} to {}", info.first, info.at), reaches)
        }
        Some(To::Time(time)) => {
            let until = info
                .last_time
                .map_or(info.created, |last| last.max(info.created));
            (format!("the time up to {}", rfc3339(until)), time <= until)
        }
    };
    if reaches {
        return Ok(());
    }
    let asked = match to {
        Some(To::Time(time)) => rfc3339(time),
        Some(To::Lsn(lsn)) => format!("position {lsn}"),
        None => String::new(),
    };
    Err(BackupError::wrong_use(
        format!(
            "backup {} does not reach to {asked}: it holds {end}",
            info.id
        ),
        "choose another backup, or an earlier point",
    ))
}

fn before(lsn: Lsn) -> Lsn {
    Lsn::new(lsn.get().saturating_sub(1))
}
