//! `summit sql`: a small client for machines without psql.

mod input;
mod run;

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;

use crate::client::{Connection, Splitter};
use crate::error::CommandError;
use crate::limits::STATEMENT_BYTES_MAX;
use crate::output::{print, say};

use input::{Input, Line};
use run::{Ending, Runner};

/// What `summit sql` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  summit sql -c 'SELECT count(*) FROM flights'\n  summit sql schema.sql\n  summit sql -c 'SUBSCRIBE TO departures_hourly'     rows as they come, Ctrl-C ends it\n  summit sql -c 'COPY flights FROM STDIN (FORMAT csv)' < flights.csv\n  summit sql                                         a prompt on a terminal\n\nExit status: 0 done, 1 a statement failed (the rest is not run), 2 wrong use."
)]
pub struct SqlArgs {
    /// Statements to run; standard input is then only for COPY
    #[arg(short = 'c', value_name = "TEXT", conflicts_with = "file")]
    command: Option<String>,
    /// A file of statements; - is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The node's PostgreSQL address
    #[arg(
        long,
        value_name = "ADDR",
        env = "SUMMIT_PG_ADDR",
        default_value = "127.0.0.1:5433"
    )]
    addr: String,
    /// The user's name
    #[arg(long, short = 'U', value_name = "NAME", default_value = "summit")]
    user: String,
    /// The database's name
    #[arg(long, short = 'd', value_name = "NAME", default_value = "summit")]
    database: String,
}

/// Runs statements and prints what they give.
pub async fn run(args: SqlArgs) -> Result<(), CommandError> {
    // a wrong file name shows before a connection is made
    let file = args.file.as_deref().filter(|path| path.as_os_str() != "-");
    let mut input = match file {
        Some(path) => Input::file(path)?,
        None => Input::standard(),
    };
    let connection = Connection::open(&args.addr, &args.user, &args.database).await?;
    let mut runner = Runner::new(connection)?;
    let result = if let Some(text) = &args.command {
        match runner.run(text, "", &mut input).await? {
            Ending::Done => Ok(()),
            Ending::Failed => Err(CommandError::Silent(1)),
        }
    } else if args.file.is_none() && std::io::stdin().is_terminal() {
        prompt(&mut runner, &mut input, &args).await
    } else {
        script(&mut runner, &mut input).await
    };
    runner.close().await;
    result
}

/// Runs a script; stops at the first error.
async fn script(runner: &mut Runner, input: &mut Input) -> Result<(), CommandError> {
    let mut splitter = Splitter::default();
    loop {
        let line = input.next().await?;
        if let Some(Line { text }) = &line {
            splitter.push(text);
        }
        check_length(&splitter)?;
        let at_end = line.is_none();
        loop {
            let statement = match splitter.next_statement() {
                Some(statement) => statement,
                None if at_end => match splitter.finish() {
                    Some(rest) => rest,
                    None => return Ok(()),
                },
                None => break,
            };
            let place = input.place();
            if runner.run(&statement, &place, input).await? == Ending::Failed {
                return Err(CommandError::Silent(1));
            }
        }
    }
}

/// Asks for statements until the end of input or `\q`.
async fn prompt(
    runner: &mut Runner,
    input: &mut Input,
    args: &SqlArgs,
) -> Result<(), CommandError> {
    say(format!(
        "summit sql {}, connected to {}. Statements end with ;  \\q or Ctrl-D ends.\n",
        env!("CARGO_PKG_VERSION"),
        args.addr
    ));
    let mut splitter = Splitter::default();
    loop {
        let sign = if splitter.is_empty() { "=>" } else { "->" };
        print(format!("{}{sign} ", args.database))?;
        let line = tokio::select! {
            line = input.next() => line?,
            () = runner.interrupted() => {
                splitter.clear();
                print("\n")?;
                continue;
            }
        };
        let Some(Line { text }) = line else {
            return print("\n");
        };
        if splitter.is_empty() && text.trim_start().starts_with('\\') {
            match text.trim() {
                "\\q" => return Ok(()),
                other => say(format!(
                    "{other} is psql's; here there are SHOW STREAMS, SHOW TABLES, SHOW VIEWS and \\q\n"
                )),
            }
            continue;
        }
        splitter.push(&text);
        check_length(&splitter)?;
        while let Some(statement) = splitter.next_statement() {
            // an error ends what was typed on one line, not the conversation
            if runner.run(&statement, "", input).await? == Ending::Failed {
                splitter.clear();
            }
        }
        if splitter.is_empty() {
            splitter.clear();
        }
    }
}

fn check_length(splitter: &Splitter) -> Result<(), CommandError> {
    if splitter.len() <= STATEMENT_BYTES_MAX {
        return Ok(());
    }
    Err(CommandError::Failed(format!(
        "a statement is longer than {} MiB; is a quote or a semicolon missing?",
        STATEMENT_BYTES_MAX >> 20
    )))
}
