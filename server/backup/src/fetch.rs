//! Reads objects back and believes nothing.

use bytes::Bytes;
use object_store::{Error as StoreError, ObjectStoreExt};
use summit_context::spawn_blocking;
use summit_log::Entry;

use crate::entries::{decode, sha256_hex};
use crate::limits::MANIFEST_BYTES_MAX;
use crate::manifest::{Manifest, ObjectInfo, manifest_name};
use crate::{BackupError, BackupId, Damage, Target};

/// What became of reading something: there, not there as it was written, or not answered.
pub(crate) type Read<T> = Result<Result<T, Damage>, BackupError>;

impl Target {
    /// Reads and checks a manifest; `None` when there is none of this name.
    pub(crate) async fn manifest(
        &self,
        id: &BackupId,
    ) -> Result<Option<Result<Manifest, Damage>>, BackupError> {
        let name = manifest_name(id);
        let Some(read) = self.bytes(&name, None, MANIFEST_BYTES_MAX as u64).await? else {
            return Ok(None);
        };
        let manifest = match read {
            Ok(bytes) => {
                let id = id.clone();
                spawn_blocking("backup-manifest", move || Manifest::from_json(&id, &bytes))
                    .await
                    .map_err(|_| BackupError::Interrupted)?
            }
            Err(what) => Err(what),
        };
        Ok(Some(manifest.map_err(|what| Damage { object: name, what })))
    }

    /// Reads an object and checks it: size, hash, every entry.
    pub(crate) async fn entries(&self, object: &ObjectInfo) -> Read<Vec<Entry>> {
        let damage = |what: String| Damage {
            object: object.name.clone(),
            what,
        };
        let bytes = match self
            .bytes(&object.name, Some(object.bytes), object.bytes)
            .await?
        {
            None => return Ok(Err(damage("is missing".to_owned()))),
            Some(Err(what)) => return Ok(Err(damage(what))),
            Some(Ok(bytes)) => bytes,
        };
        let (sha256, first, last) = (object.sha256.clone(), object.first, object.last);
        let checked = spawn_blocking("backup-check", move || {
            if sha256_hex(&bytes) != sha256 {
                return Err("has other bytes than were written (SHA-256 differs)".to_owned());
            }
            decode(bytes, first, last)
        });
        let entries = checked.await.map_err(|_| BackupError::Interrupted)?;
        Ok(entries.map_err(damage))
    }

    /// An object's bytes, if it is of the size that it should be and not larger than allowed.
    async fn bytes(
        &self,
        name: &str,
        size: Option<u64>,
        size_max: u64,
    ) -> Result<Option<Result<Bytes, String>>, BackupError> {
        let got = match self.store.get(&self.path(name)).await {
            Ok(got) => got,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.error("read", name, &error)),
        };
        let found = got.meta.size;
        if let Some(size) = size
            && found != size
        {
            return Ok(Some(Err(format!("has {found} bytes, {size} were written"))));
        }
        if found > size_max {
            return Ok(Some(Err(format!(
                "has {found} bytes, more than {size_max}"
            ))));
        }
        let bytes = got
            .bytes()
            .await
            .map_err(|error| self.error("read", name, &error))?;
        Ok(Some(Ok(bytes)))
    }
}
