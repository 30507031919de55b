//! The seam between Summit and the machine: clock, randomness, threads, tasks and files.
//!
//! Everything that is not a pure function of the log goes through a [`Context`], so that a
//! simulation can run the same code with its own time, disk and faults. `.clippy.toml`
//! forbids the direct calls everywhere else.
//!
//! It is not: a runtime or an abstraction over tokio. Network sockets are tokio's.

mod clock;
mod disk;
mod random;
mod spawn;

use std::sync::Arc;

pub use clock::{Clock, SystemClock};
pub use disk::{Disk, DiskFile, OpenMode, SystemDisk, write_durable};
pub use random::{Random, SystemRandom};
pub use spawn::{spawn_blocking, spawn_task, spawn_thread};

/// What a component may ask of the machine. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Wall and monotonic time.
    pub clock: Arc<dyn Clock>,
    /// Files.
    pub disk: Arc<dyn Disk>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl Context {
    /// The real machine.
    pub fn system() -> Self {
        Context {
            clock: Arc::new(SystemClock),
            disk: Arc::new(SystemDisk),
            random: Arc::new(SystemRandom),
        }
    }
}
