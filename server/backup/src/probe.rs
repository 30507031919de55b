//! Whether a store honours `If-None-Match`. Some S3 servers ignore it and overwrite.

use object_store::{Error as StoreError, ObjectStoreExt, PutMode, PutPayload};

use crate::{BackupError, BackupId, Target};

impl Target {
    /// Writes an object twice "if it is not there": the second write must be refused.
    pub(crate) async fn honours_conditions(&self, id: &BackupId) -> Result<bool, BackupError> {
        let name = format!("probe/{id}");
        let path = self.path(&name);
        let put = || {
            let payload =
                PutPayload::from_static(b"written to see whether this store overwrites\n");
            self.store.put_opts(&path, payload, PutMode::Create.into())
        };
        let honours = match put().await {
            // a retry after a lost answer finds its own object
            Ok(_) | Err(StoreError::AlreadyExists { .. }) => match put().await {
                Ok(_) => false,
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => true,
                Err(StoreError::NotImplemented { .. }) => false,
                Err(error) => return Err(self.error("write", name, &error)),
            },
            Err(StoreError::NotImplemented { .. }) => false,
            Err(error) => return Err(self.error("write", name, &error)),
        };
        match self.store.delete(&path).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(honours),
            Err(error) => Err(self.error("delete", name, &error)),
        }
    }
}
