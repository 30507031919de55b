//! Tests of the whole: each starts the real program as a process of its own and talks to it
//! as users do.
//!
//! One binary, because linking costs. `cargo test -p summit --test e2e -- faults` runs a part.
//! Scripts in Python run in a virtual environment that the first run makes below the target
//! directory; `psql` has to be installed (`.ci/run` does it).

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests look at the machine from outside the program"
)]

mod support;

mod backup;
mod clients;
mod demo;
mod faults;
