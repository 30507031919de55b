//! `summit`: the program.
//!
//! It reads settings, puts engine and front ends together and runs them; `summit sql` and the
//! other commands are here too.
//!
//! It is not: a library. Nothing here computes: the engine does, behind
//! [`summit_session::Server`].

mod cli;
mod client;
mod demo;
mod error;
mod limits;
mod logging;
mod node;
mod output;
mod settings;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
