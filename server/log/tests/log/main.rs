//! The write-ahead log against a disk with faults, and against a real one.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod append;
mod crash;
mod damage;
mod fault_disk;
mod read;
mod restore;
mod setup;
