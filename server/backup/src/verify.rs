//! Reads every object of a backup and checks it.

use futures::stream::{self, StreamExt};

use crate::limits::FETCH_AHEAD;
use crate::{BackupError, BackupInfo, Damage, Selection, Target};

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The backup.
    pub backup: BackupInfo,
    /// Objects that are as they were written.
    pub objects_good: usize,
    /// Entries in them.
    pub entries_good: u64,
    /// Their bytes.
    pub bytes_good: u64,
    /// What is not as it was written.
    pub damage: Vec<Damage>,
    url: String,
}

impl VerifyReport {
    /// Whether all is well, as an error when not.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when something is damaged, or when less was checked than the
    /// backup holds.
    pub fn result(&self) -> Result<(), BackupError> {
        let all = self.objects_good == self.backup.objects
            && self.entries_good == self.backup.entries
            && self.bytes_good == self.backup.bytes;
        if self.damage.is_empty() && all {
            return Ok(());
        }
        Err(BackupError::Damaged {
            url: self.url.clone(),
            id: self.backup.id.to_string(),
            damage: self.damage.clone(),
        })
    }
}

/// Reads and hashes every object of a backup.
///
/// # Errors
/// [`BackupError::Damaged`] when already the manifest is damaged,
/// [`BackupError::NothingToRestore`] when there is no such backup. Damaged objects are no
/// error of verifying: see [`VerifyReport::result`].
pub async fn verify(target: &Target, selection: &Selection) -> Result<VerifyReport, BackupError> {
    let manifest = target.select(selection).await?;
    let mut report = VerifyReport {
        backup: manifest.info,
        objects_good: 0,
        entries_good: 0,
        bytes_good: 0,
        damage: Vec::new(),
        url: target.url().to_owned(),
    };
    let mut objects = stream::iter(&manifest.objects)
        .map(async |object| (object, target.entries(object).await))
        .buffered(FETCH_AHEAD);
    while let Some((object, read)) = objects.next().await {
        match read? {
            Ok(entries) => {
                report.objects_good += 1;
                report.entries_good += entries.len() as u64;
                report.bytes_good += object.bytes;
            }
            Err(damage) => report.damage.push(damage),
        }
    }
    drop(objects);
    Ok(report)
}
