//! Storage through its public interface.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod codec;
mod partitions;
mod replay;
mod streams;
mod support;
mod tables;
mod versioned_rows;
