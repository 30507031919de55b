//! A disk in memory that loses what was not synced, tears writes, and fails on demand.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};
use rand::Rng;
use rand::rngs::StdRng;
use summit_context::{Disk, DiskFile, OpenMode};

const SECTOR: usize = 512;

/// File contents by path.
pub type Image = BTreeMap<PathBuf, Vec<u8>>;

/// One process's view of the disk. After [`FaultDisk::crash`] it is dead, and so are its files.
#[derive(Clone)]
pub struct FaultDisk {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Arc<Mutex<Content>>>,
    /// What the directories hold for certain.
    durable: BTreeMap<PathBuf, Arc<Mutex<Content>>>,
    dead: bool,
    /// Changes that still succeed; none: all.
    changes_left: Option<u64>,
    syncs: u64,
    held: bool,
    blocked: bool,
}

#[derive(Default, Clone)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl FaultDisk {
    pub fn new() -> Self {
        FaultDisk::from_image(&Image::new())
    }

    /// A disk on which these files are durable.
    pub fn from_image(image: &Image) -> Self {
        let files: BTreeMap<_, _> = image
            .iter()
            .map(|(path, bytes)| {
                let content = Content {
                    now: bytes.clone(),
                    durable: bytes.clone(),
                    unsynced: Vec::new(),
                };
                (path.clone(), Arc::new(Mutex::new(content)))
            })
            .collect();
        FaultDisk {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    durable: files.clone(),
                    files,
                    ..State::default()
                }),
                changed: Condvar::new(),
            }),
        }
    }

    /// What the files hold now, synced or not.
    pub fn image(&self) -> Image {
        let state = self.shared.state.lock();
        state
            .files
            .iter()
            .map(|(path, content)| (path.clone(), content.lock().now.clone()))
            .collect()
    }

    /// After `changes` more writes, syncs, creations, renames and removals, everything fails.
    pub fn fail_after(&self, changes: u64) {
        self.shared.state.lock().changes_left = Some(changes);
    }

    /// Power is lost: this disk is dead, and the answered one has what survived.
    pub fn crash(&self, random: &mut StdRng) -> FaultDisk {
        let mut state = self.shared.state.lock();
        state.dead = true;
        self.shared.changed.notify_all();
        // from all to nothing of what was not synced
        let kept = [0.0, 0.1, 0.5, 0.9, 1.0][random.random_range(0..5)];
        let names = if random.random_bool(kept) {
            &state.files
        } else {
            &state.durable
        };
        let mut image = Image::new();
        for (path, content) in names {
            image.insert(path.clone(), content.lock().survivors(random, kept));
        }
        FaultDisk::from_image(&image)
    }

    pub fn syncs(&self) -> u64 {
        self.shared.state.lock().syncs
    }

    /// Blocks until so many syncs of files were done.
    pub fn wait_for_syncs(&self, syncs: u64) {
        let mut state = self.shared.state.lock();
        while state.syncs < syncs {
            self.shared.changed.wait(&mut state);
        }
    }

    /// The next sync of a file does not return before [`FaultDisk::release`].
    pub fn hold(&self) {
        self.shared.state.lock().held = true;
    }

    /// Blocks until a sync is held.
    pub fn wait_until_held(&self) {
        let mut state = self.shared.state.lock();
        while !state.blocked {
            self.shared.changed.wait(&mut state);
        }
    }

    pub fn release(&self) {
        self.shared.state.lock().held = false;
        self.shared.changed.notify_all();
    }

    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.shared.state.lock();
        if state.dead {
            return Err(io::Error::other("the disk is gone"));
        }
        Ok(state)
    }

    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state()?;
        if let Some(left) = &mut state.changes_left {
            let less = left.checked_sub(1);
            *left = less.ok_or_else(|| io::Error::other("the disk takes no changes"))?;
        }
        Ok(state)
    }
}

impl Content {
    fn survivors(&self, random: &mut StdRng, kept: f64) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (offset, written) in &self.unsynced {
            let mut at = 0;
            while at < written.len() {
                let sector_end = ((offset + at) / SECTOR + 1) * SECTOR - offset;
                let end = sector_end.min(written.len());
                if random.random_bool(kept) {
                    put(&mut bytes, offset + at, &written[at..end]);
                }
                at = end;
            }
        }
        bytes
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    if bytes.len() < offset + written.len() {
        bytes.resize(offset + written.len(), 0);
    }
    bytes[offset..offset + written.len()].copy_from_slice(written);
}

struct FaultFile {
    disk: FaultDisk,
    content: Arc<Mutex<Content>>,
}

impl DiskFile for FaultFile {
    fn len(&self) -> io::Result<u64> {
        let _state = self.disk.state()?;
        Ok(self.content.lock().now.len() as u64)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let _state = self.disk.state()?;
        let content = self.content.lock();
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let bytes = content
            .now
            .get(offset..offset + buf.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(bytes);
        Ok(())
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        // the last write before the end may have got a part of its way
        let state = self.disk.change()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let mut content = self.content.lock();
        put(&mut content.now, offset, buf);
        content.unsynced.push((offset, buf.to_vec()));
        match state.changes_left {
            Some(0) => Err(io::Error::other("the disk failed in this write")),
            _ => Ok(()),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.change()?;
        if state.changes_left == Some(0) {
            return Err(io::Error::other("the disk failed in this sync"));
        }
        while state.held && !state.dead {
            state.blocked = true;
            self.disk.shared.changed.notify_all();
            self.disk.shared.changed.wait(&mut state);
        }
        state.blocked = false;
        if state.dead {
            return Err(io::Error::other("the disk is gone"));
        }
        state.syncs += 1;
        let mut content = self.content.lock();
        for (offset, written) in std::mem::take(&mut content.unsynced) {
            put(&mut content.durable, offset, &written);
        }
        self.disk.shared.changed.notify_all();
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }
}

impl Disk for FaultDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        let content = if mode == OpenMode::Create {
            let mut state = self.change()?;
            if state.files.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let content = Arc::new(Mutex::new(Content::default()));
            state.files.insert(path.to_owned(), Arc::clone(&content));
            content
        } else {
            let state = self.state()?;
            let content = state.files.get(path).ok_or(io::ErrorKind::NotFound)?;
            Arc::clone(content)
        };
        Ok(Box::new(FaultFile {
            disk: self.clone(),
            content,
        }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state()?;
        let names = state.files.keys().filter(|path| path.parent() == Some(dir));
        Ok(names
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn create_dir_all(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        let content = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        state.files.remove(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        state.durable = state.files.clone();
        Ok(())
    }

    fn exists(&self, _path: &Path) -> bool {
        true
    }
}
