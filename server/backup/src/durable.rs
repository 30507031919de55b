//! Objects on this machine's disk. The local store writes files and renames them but syncs
//! nothing: without this a power cut could keep a manifest and lose what it lists.

use std::io;
use std::path::Path;
use std::sync::Arc;

use summit_context::{Disk, OpenMode, spawn_blocking};

use crate::{BackupError, Target};

impl Target {
    /// Makes an object durable, with the directories that lead to it. Remote stores have
    /// done so when they answered.
    pub(crate) async fn sync(&self, name: &str) -> Result<(), BackupError> {
        self.sync_with(name, |disk, root, path| {
            disk.open(path, OpenMode::Write)?.sync_data()?;
            sync_dirs(disk, root, path)
        })
        .await
    }

    /// Makes it durable that an object is gone.
    pub(crate) async fn sync_removal(&self, name: &str) -> Result<(), BackupError> {
        self.sync_with(name, sync_dirs).await
    }

    async fn sync_with(
        &self,
        name: &str,
        sync: fn(&dyn Disk, &Path, &Path) -> io::Result<()>,
    ) -> Result<(), BackupError> {
        let Some(root) = self.local_root.clone() else {
            return Ok(());
        };
        let disk = Arc::clone(&self.context.disk);
        let path = root.join(name);
        let synced = spawn_blocking("backup-sync", move || sync(&*disk, &root, &path))
            .await
            .map_err(|_| BackupError::Interrupted)?;
        synced.map_err(|error| BackupError::Store {
            action: "sync",
            object: name.to_owned(),
            url: self.url().to_owned(),
            reason: error.to_string(),
            hint: "check that the directory's disk is there, writable and not full",
        })
    }
}

/// Makes the entries of the directories durable that lead to a file below `root`.
fn sync_dirs(disk: &dyn Disk, root: &Path, path: &Path) -> io::Result<()> {
    for dir in path.ancestors().skip(1) {
        match disk.sync_dir(dir) {
            Ok(()) => {}
            // the root and what is above it may be new, so those entries count too; but what
            // we may not open, we did not make
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied && !dir.starts_with(root) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
