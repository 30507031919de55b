//! Rules of this repository, checked on its files. It needs no server.
//!
//! Each rule is a function from texts to problems, and is tested with a text that breaks it.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "it reads the repository's own files"
)]

mod edges;
mod manifests;
mod sources;
mod texts;
mod tree;

/// Fails with all problems, if there are any.
#[track_caller]
fn none(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
