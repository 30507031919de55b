//! What there is.

use std::str::FromStr;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::limits::SMALL_REQUESTS;
use crate::manifest::{MANIFESTS, Manifest};
use crate::{BackupError, BackupId, BackupInfo, Damage, Selection, Target};

/// The complete backups of a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The oldest first.
    pub backups: Vec<BackupInfo>,
    /// Manifests that cannot be read as they were written.
    pub damaged: Vec<(BackupId, Damage)>,
}

/// Lists the complete backups. A place that does not exist has none.
///
/// # Errors
/// When the store does not answer.
pub async fn list(target: &Target) -> Result<Listing, BackupError> {
    let mut listing = Listing::default();
    let mut manifests = stream::iter(target.manifest_ids().await?)
        .map(async |id| (target.manifest(&id).await, id))
        .buffered(SMALL_REQUESTS);
    while let Some((manifest, id)) = manifests.next().await {
        match manifest? {
            Some(Ok(manifest)) => listing.backups.push(manifest.info),
            Some(Err(damage)) => listing.damaged.push((id, damage)),
            // pruned since
            None => {}
        }
    }
    Ok(listing)
}

impl Target {
    /// The names of complete backups, the oldest first.
    pub(crate) async fn manifest_ids(&self) -> Result<Vec<BackupId>, BackupError> {
        let dir = self.path(MANIFESTS);
        let mut found = self.store.list(Some(&dir));
        let mut ids = Vec::new();
        while let Some(meta) = found
            .try_next()
            .await
            .map_err(|error| self.error("list", format!("{MANIFESTS}/"), &error))?
        {
            // other files are not ours to judge
            let id = self.name(&meta.location).and_then(|name| {
                let file = name.strip_prefix(MANIFESTS)?.strip_prefix('/')?.to_owned();
                BackupId::from_str(file.strip_suffix(".json")?).ok()
            });
            ids.extend(id);
        }
        ids.sort();
        Ok(ids)
    }

    /// The manifest of the backup that is meant. A damaged newest backup is an error, not a
    /// reason to take an older one in silence.
    pub(crate) async fn select(&self, selection: &Selection) -> Result<Manifest, BackupError> {
        let nothing = |message: String| BackupError::NothingToRestore {
            message,
            hint: format!(
                "summit backup list --from {} shows what there is",
                self.url()
            ),
        };
        let id =
            match selection {
                Selection::Id(id) => id.clone(),
                Selection::Latest => self.manifest_ids().await?.pop().ok_or_else(|| {
                    nothing(format!("there is no complete backup in {}", self.url()))
                })?,
            };
        match self.manifest(&id).await? {
            Some(Ok(manifest)) => Ok(manifest),
            Some(Err(damage)) => Err(BackupError::Damaged {
                url: self.url().to_owned(),
                id: id.to_string(),
                damage: vec![damage],
            }),
            None => Err(nothing(format!(
                "there is no complete backup {id} in {}",
                self.url()
            ))),
        }
    }
}
