//! The data directory: ours, of this format, and of one process at a time.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use summit_context::{Context, DiskFile, OpenMode, write_durable};

use crate::OpenError;

/// Says that a directory is Summit's.
const MARKER: &str = "SUMMIT";
/// Held by the process that uses the directory.
const LOCK: &str = "LOCK";
/// The format that this program writes.
const FORMAT: u32 = 1;

/// An open data directory. Its lock ends with it.
pub(crate) struct DataDir {
    path: PathBuf,
    database_id: String,
    _lock: Box<dyn DiskFile>,
}

#[derive(Serialize, Deserialize)]
struct Marker {
    format: u32,
    database_id: String,
}

impl DataDir {
    /// Opens a directory, or makes a new one.
    pub(crate) fn open(ctx: &Context, path: &Path) -> Result<Self, OpenError> {
        let refuse = |what: &str, error: &io::Error| OpenError::DataDir {
            path: path.to_owned(),
            message: format!("{what}: {error}"),
        };
        let disk = ctx.disk.as_ref();
        disk.create_dir_all(path)
            .map_err(|error| refuse("cannot make it", &error))?;
        let names = disk
            .list(path)
            .map_err(|error| refuse("cannot list it", &error))?;
        let marker_path = path.join(MARKER);
        let is_new = !names.iter().any(|name| name == MARKER);
        if is_new && let Some(found) = names.iter().find(|name| !is_ours(name)) {
            return Err(OpenError::Foreign {
                path: path.to_owned(),
                found: found.clone(),
            });
        }
        let lock_path = path.join(LOCK);
        let mode = if disk.exists(&lock_path) {
            OpenMode::Write
        } else {
            OpenMode::Create
        };
        let lock = disk
            .open(&lock_path, mode)
            .map_err(|error| refuse("cannot open its LOCK", &error))?;
        if !lock
            .try_lock()
            .map_err(|error| refuse("cannot lock it", &error))?
        {
            return Err(OpenError::Locked {
                path: path.to_owned(),
            });
        }
        let marker = if is_new {
            let marker = Marker {
                format: FORMAT,
                database_id: format!("{:016x}", ctx.random.next_u64()),
            };
            let bytes = serde_json::to_vec_pretty(&marker).expect("a string and a number");
            write_durable(disk, &marker_path, &bytes)
                .map_err(|error| refuse("cannot write to it", &error))?;
            marker
        } else {
            let bytes = disk
                .read(&marker_path)
                .map_err(|error| refuse("cannot read SUMMIT", &error))?;
            serde_json::from_slice(&bytes).map_err(|error| OpenError::DataDir {
                path: path.to_owned(),
                message: format!(
                    "its SUMMIT file cannot be read ({error}); restore it from a backup"
                ),
            })?
        };
        if marker.format != FORMAT {
            return Err(OpenError::DataDir {
                path: path.to_owned(),
                message: format!(
                    "it has format {}, this program reads format {FORMAT}; use the version that wrote it",
                    marker.format
                ),
            });
        }
        Ok(DataDir {
            path: path.to_owned(),
            database_id: marker.database_id,
            _lock: lock,
        })
    }

    /// Where the write-ahead log is.
    pub(crate) fn wal(&self) -> PathBuf {
        self.path.join("wal")
    }

    /// Which database this is.
    pub(crate) fn database_id(&self) -> &str {
        &self.database_id
    }
}

/// What a start that was cut short may have left.
fn is_ours(name: &str) -> bool {
    name == LOCK || name == "lost+found" || name == format!("{MARKER}.tmp")
}
