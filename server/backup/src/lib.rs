//! Backups of a whole database at one position, in an object store or a directory.
//!
//! A backup is the database's log up to a [`Cut`](summit_log::Cut), cut into objects, and a
//! manifest with the size and SHA-256 of each. The manifest is written last and only if it is
//! not there yet: a backup is complete when, and only when, its manifest exists.
//!
//! ```text
//! manifests/20261124T153000Z-0123abcd.json
//! data/20261124T153000Z-0123abcd/000001.entries
//! ```
//!
//! - [`create`] uploads, [`list`] tells what there is, [`verify`] reads and hashes every
//!   object, [`restore`] hands the entries on once their object is verified, [`prune`]
//!   removes what is old.
//! - An object whose size, hash, checksum or positions differ is damage, named by the object.
//!   Nothing of it is handed on, and "nothing checked" never passes for a backup with entries.
//! - Credentials come from the environment only. A URL that carries some is refused, and what
//!   the store says is stripped of them before it reaches an error or a log.
//!
//! It is not: incremental, encrypted by itself, or aware of what an entry holds.
//!
//! Limits: see [`limits`]. A backup needs memory for about three objects.

mod create;
mod durable;
mod entries;
mod error;
mod fetch;
mod id;
mod info;
pub mod limits;
mod list;
mod manifest;
mod probe;
mod prune;
mod restore;
mod s3;
mod target;
mod verify;

pub use create::{ConditionalWrites, CreateOptions, create};
pub use error::{BackupError, Damage, ExitCode};
pub use id::{BackupId, Selection};
pub use info::BackupInfo;
pub use list::{Listing, list};
pub use prune::{PruneOptions, PruneReport, prune};
pub use restore::{Restored, SinkError, To, restore};
pub use s3::S3Settings;
pub use target::Target;
pub use verify::{VerifyReport, verify};
