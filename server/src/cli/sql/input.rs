//! Lines of a file or of standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use summit_context::spawn_blocking;
use tokio::task::JoinHandle;

use crate::error::CommandError;
use crate::limits::STATEMENT_BYTES_MAX;

/// A line, with its end.
#[derive(Debug)]
pub struct Line {
    /// The line.
    pub text: String,
}

type Source = Box<dyn BufRead + Send>;
type Reading = JoinHandle<(Source, io::Result<Option<Line>>)>;

/// Lines of a file or of standard input.
pub struct Input {
    /// For messages; empty for standard input.
    name: String,
    line_number: u64,
    source: Option<Source>,
    /// A read under way: a terminal cannot be told to stop reading.
    reading: Option<Reading>,
}

impl Input {
    /// Standard input.
    pub fn standard() -> Self {
        Input::new(String::new(), Box::new(BufReader::new(io::stdin())))
    }

    /// A file.
    ///
    /// # Errors
    /// When it cannot be opened.
    #[expect(
        clippy::disallowed_methods,
        reason = "a file of the user's, maybe a pipe: nothing of the database's to simulate"
    )]
    pub fn file(path: &Path) -> Result<Self, CommandError> {
        let name = path.display().to_string();
        let refuse =
            |error: io::Error| CommandError::Failed(format!("cannot read {name}: {error}"));
        let file = File::open(path).map_err(refuse)?;
        if file.metadata().map_err(refuse)?.is_dir() {
            return Err(CommandError::Failed(format!(
                "cannot read {name}: it is a directory"
            )));
        }
        Ok(Input::new(name.clone(), Box::new(BufReader::new(file))))
    }

    fn new(name: String, source: Source) -> Self {
        Input {
            name,
            line_number: 0,
            source: Some(source),
            reading: None,
        }
    }

    /// The next line; `None` at the end. Losing the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Line>, CommandError> {
        if self.reading.is_none() {
            let Some(mut source) = self.source.take() else {
                return Ok(None);
            };
            self.reading = Some(spawn_blocking("input", move || {
                let line = read_line(&mut source);
                (source, line)
            }));
        }
        let reading = self
            .reading
            .as_mut()
            .expect("set above when it was not there");
        let read = reading.await;
        self.reading = None;
        let (source, line) =
            read.map_err(|error| CommandError::Failed(format!("cannot read: {error}")))?;
        let line = line.map_err(|error| {
            let name = if self.name.is_empty() {
                "standard input"
            } else {
                &self.name
            };
            let number = self.line_number + 1;
            CommandError::Failed(format!("cannot read line {number} of {name}: {error}"))
        })?;
        if line.is_some() {
            self.source = Some(source);
            self.line_number += 1;
        }
        Ok(line)
    }

    /// File and line, to go before an error: `FILE:LINE: `.
    pub fn place(&self) -> String {
        if self.name.is_empty() {
            return String::new();
        }
        format!("{}:{}: ", self.name, self.line_number)
    }
}

fn read_line(source: &mut Source) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    let limit = STATEMENT_BYTES_MAX as u64 + 1;
    source.take(limit).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() > STATEMENT_BYTES_MAX {
        let message = format!("it is longer than {} MiB", STATEMENT_BYTES_MAX >> 20);
        return Err(io::Error::other(message));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Line { text })),
        Err(_) => Err(io::Error::other("it is not UTF-8 text")),
    }
}
