//! The command line: what can be asked, and who does it.

mod backup;
mod check;
mod sql;
mod start;

use std::fmt::Display;
use std::future::Future;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use summit_context::Context;

use crate::demo;
use crate::error::CommandError;
use crate::logging::Logging;
use crate::output::say;
use crate::settings::LogFormat;

/// Summit: a streaming database that speaks SQL. Events come in, views follow.
#[derive(Debug, Parser)]
#[command(
    name = "summit",
    version,
    propagate_version = true,
    after_help = "Examples:\n  summit demo            see it move, with real flight data\n  summit start           run a node\n  summit sql -c 'SHOW VIEWS'\n\nExit status: 0 done, 1 failed, 2 wrong use."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node in the foreground until SIGTERM or Ctrl-C.
    Start(Box<start::StartArgs>),
    /// Run a node on a temporary directory and replay real flight data into it.
    Demo(demo::DemoArgs),
    /// Run SQL on a node and print what it answers.
    Sql(sql::SqlArgs),
    /// Make, list, verify, restore and prune backups.
    Backup(backup::BackupArgs),
    /// Read a stopped node's files and report damage; changes nothing.
    Check(check::CheckArgs),
}

/// Does what the command line asks.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // help and version are errors to clap, and status 0
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, CommandError::Silent(_)) {
                say(format!("summit: {}\n", one_line(&error)));
            }
            ExitCode::from(error.status())
        }
    }
}

fn run(command: Command) -> Result<(), CommandError> {
    let context = Context::system();
    match command {
        Command::Start(args) => start::run(*args, context),
        Command::Demo(args) => demo::run(args, context),
        Command::Sql(args) => on_runtime(sql::run(args)),
        Command::Backup(args) => {
            quiet_logging(&context)?;
            on_runtime(backup::run(args, context))
        }
        Command::Check(args) => {
            quiet_logging(&context)?;
            check::run(&args, &context)
        }
    }
}

/// Runs a command on a runtime of its own.
pub fn on_runtime<F>(future: F) -> Result<(), CommandError>
where
    F: Future<Output = Result<(), CommandError>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("summit-io")
        .build()
        .map_err(|error| CommandError::Failed(format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(future);
    // a thread may still wait for a line from the terminal, which nobody needs any more
    runtime.shutdown_background();
    result
}

/// For commands whose log is only for when something is wrong.
fn quiet_logging(context: &Context) -> Result<(), CommandError> {
    let level = std::env::var("RUST_LOG")
        .ok()
        .filter(|level| !level.is_empty());
    let level = level.as_deref().unwrap_or("warn");
    Logging {
        level,
        format: LogFormat::Auto,
        dir: None,
    }
    .install(context)
}

fn one_line(error: &impl Display) -> String {
    error
        .to_string()
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn commands() -> Vec<clap::Command> {
        fn walk(command: &clap::Command, into: &mut Vec<clap::Command>) {
            into.push(command.clone());
            for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
                walk(inner, into);
            }
        }
        let mut all = Vec::new();
        walk(&Cli::command(), &mut all);
        all
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in commands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("Example"), "{}", command.get_name());
            assert!(help.contains("summit "), "{}", command.get_name());
        }
    }

    #[test]
    fn every_setting_with_a_flag_can_be_given_to_start() {
        let start = commands()
            .into_iter()
            .find(|c| c.get_name() == "start")
            .unwrap();
        for spec in crate::settings::SPECS {
            let crate::settings::Flag::Own(flag) = spec.flag else {
                continue;
            };
            let long = flag.trim_start_matches("--");
            let arg = start
                .get_arguments()
                .find(|arg| arg.get_long() == Some(long));
            let help = arg
                .unwrap_or_else(|| panic!("{flag}"))
                .get_help()
                .unwrap()
                .to_string();
            for said in [spec.environment, spec.default.filter(|d| *d != "false")]
                .into_iter()
                .flatten()
            {
                assert!(help.contains(said), "{flag} does not say {said}: {help}");
            }
        }
    }
}
