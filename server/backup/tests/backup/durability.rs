//! What is synced, and when.

use super::*;
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use summit_context::{Disk, DiskFile, OpenMode, SystemDisk};

/// The machine's disk, with a record of what was synced and whether a manifest was there.
#[derive(Default)]
struct Recording {
    synced: Arc<Mutex<Vec<PathBuf>>>,
    manifests: PathBuf,
    before_manifest: Mutex<Vec<PathBuf>>,
}

struct RecordingFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    synced: Arc<Mutex<Vec<PathBuf>>>,
}

impl DiskFile for RecordingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.synced.lock().push(self.path.clone());
        self.file.sync_data()
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.file.try_lock()
    }
}

impl Disk for Recording {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        let file = SystemDisk.open(path, mode)?;
        let synced = Arc::clone(&self.synced);
        Ok(Box::new(RecordingFile {
            file,
            path: path.to_owned(),
            synced,
        }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(dir)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        SystemDisk.create_dir_all(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.synced.lock().push(dir.to_owned());
        if !self.manifests.exists() {
            *self.before_manifest.lock() = self.synced.lock().clone();
        }
        SystemDisk.sync_dir(dir)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

#[tokio::test]
async fn every_object_and_its_directories_are_synced_before_the_manifest_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("new/backups");
    let disk = Arc::new(Recording {
        manifests: root.join("manifests"),
        ..Recording::default()
    });
    let context = Context {
        disk: Arc::clone(&disk) as _,
        ..Context::system()
    };
    let url = format!("file://{}", root.display());
    let target = Target::open(&url, context, &S3Settings::default()).unwrap();
    let info = back_up(&target, &random_log(60, 100, 200)).await;

    let before = disk.before_manifest.lock().clone();
    let data = root.join("data").join(info.id.as_str());
    for number in 1..=info.objects {
        let object = data.join(format!("{number:06}.entries"));
        assert!(before.contains(&object), "{object:?} in {before:?}");
    }
    for path in [
        &data,
        &root.join("data"),
        &root,
        &dir.path().join("new"),
        &dir.path().to_owned(),
    ] {
        assert!(before.contains(path), "{path:?} in {before:?}");
    }
    let all = disk.synced.lock().clone();
    assert!(all.contains(&root.join(format!("manifests/{}.json", info.id))));
    assert!(all.contains(&root.join("manifests")));
}
