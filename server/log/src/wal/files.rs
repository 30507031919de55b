//! The files of a write-ahead log: `<number as 16 hex digits>.wal`.

use std::path::{Path, PathBuf};

use summit_context::Disk;

use crate::LogError;

/// How the name of a log file ends.
pub(super) const SUFFIX: &str = ".wal";
/// How the name of a file ends that a restore has not finished.
pub(super) const UNFINISHED_SUFFIX: &str = ".wal.unfinished";

/// The path of a file.
pub(super) fn path_of(dir: &Path, number: u64, suffix: &str) -> PathBuf {
    dir.join(format!("{number:016x}{suffix}"))
}

/// The numbers of the log's files, ascending. Files with other endings are not the log's.
pub(super) fn list(disk: &dyn Disk, dir: &Path, suffix: &str) -> Result<Vec<u64>, LogError> {
    let names = disk
        .list(dir)
        .map_err(|error| LogError::io("cannot list the log directory", dir, &error))?;
    let mut numbers = Vec::new();
    for name in names {
        let Some(stem) = name.strip_suffix(suffix) else {
            continue;
        };
        match u64::from_str_radix(stem, 16) {
            Ok(number) if path_of(dir, number, suffix) == dir.join(&name) => numbers.push(number),
            _ => {
                return Err(LogError::damaged(
                    dir.join(&name),
                    0,
                    "not a name that the log gives its files",
                ));
            }
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes a directory that is still there after a crash.
pub(super) fn create_dir(disk: &dyn Disk, dir: &Path) -> Result<(), LogError> {
    if disk.exists(dir) {
        return Ok(());
    }
    let missing: Vec<&Path> = dir
        .ancestors()
        .take_while(|dir| !dir.as_os_str().is_empty() && !disk.exists(dir))
        .collect();
    disk.create_dir_all(dir)
        .map_err(|error| LogError::io("cannot create the log directory", dir, &error))?;
    for made in missing.iter().rev() {
        let parent = match made.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        disk.sync_dir(parent)
            .map_err(|error| LogError::io("cannot sync the directory", parent, &error))?;
    }
    Ok(())
}
