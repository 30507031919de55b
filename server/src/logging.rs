//! The program's log: lines on standard error, or in a file of bounded size.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use summit_context::{Context, DiskFile, OpenMode};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::error::CommandError;
use crate::limits::LOG_FILE_BYTES_MAX;
use crate::settings::LogFormat;

/// The log's file, and the one that it becomes when it is full.
const FILE: &str = "summit.log";
const OLD_FILE: &str = "summit.log.1";

/// Where and how to log.
#[derive(Debug)]
pub struct Logging<'a> {
    /// A level or a filter.
    pub level: &'a str,
    /// How lines are written.
    pub format: LogFormat,
    /// A directory for the file; `None`: standard error.
    pub dir: Option<&'a Path>,
}

impl Logging<'_> {
    /// Installs it for the process.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn install(&self, context: &Context) -> Result<(), CommandError> {
        let filter = EnvFilter::try_new(self.level)
            .map_err(|error| CommandError::Usage(format!("log level: {error}")))?;
        let file = match self.dir {
            None => None,
            Some(dir) => Some(LogFile::open(context, dir).map_err(|error| {
                CommandError::Failed(format!("cannot log to {}: {error}", dir.display()))
            })?),
        };
        let on_terminal = file.is_none() && io::stderr().is_terminal();
        let is_text = match self.format {
            LogFormat::Text => true,
            LogFormat::Json => false,
            LogFormat::Auto => on_terminal,
        };
        let sink = Sink {
            file: file.map(|file| Arc::new(Mutex::new(file))),
        };
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(sink);
        if is_text {
            builder.with_ansi(on_terminal).with_target(false).init();
        } else {
            builder.json().flatten_event(true).with_ansi(false).init();
        }
        Ok(())
    }
}

/// Gives each log line a writer.
struct Sink {
    file: Option<Arc<Mutex<LogFile>>>,
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = LineWriter;

    fn make_writer(&'a self) -> LineWriter {
        match &self.file {
            None => LineWriter::StandardError(io::stderr()),
            Some(file) => LineWriter::File(Arc::clone(file)),
        }
    }
}

/// Writes one log line.
enum LineWriter {
    StandardError(io::Stderr),
    File(Arc<Mutex<LogFile>>),
}

impl Write for LineWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            LineWriter::StandardError(stderr) => stderr.write(buf),
            LineWriter::File(file) => {
                // what a panic left half done here is at worst one log line
                let mut file = file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                file.append(buf)?;
                Ok(buf.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            LineWriter::StandardError(stderr) => stderr.flush(),
            LineWriter::File(_) => Ok(()),
        }
    }
}

/// A file that is put aside when it is full.
struct LogFile {
    context: Context,
    dir: PathBuf,
    file: Box<dyn DiskFile>,
    bytes: u64,
}

impl LogFile {
    fn open(context: &Context, dir: &Path) -> io::Result<Self> {
        let disk = &context.disk;
        disk.create_dir_all(dir)?;
        let path = dir.join(FILE);
        let mode = if disk.exists(&path) {
            OpenMode::Write
        } else {
            OpenMode::Create
        };
        let file = disk.open(&path, mode)?;
        let bytes = file.len()?;
        Ok(LogFile {
            context: context.clone(),
            dir: dir.to_owned(),
            file,
            bytes,
        })
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let length = line.len() as u64;
        if self.bytes > 0 && self.bytes + length > LOG_FILE_BYTES_MAX {
            self.context
                .disk
                .rename(&self.dir.join(FILE), &self.dir.join(OLD_FILE))?;
            *self = LogFile::open(&self.context, &self.dir)?;
        }
        self.file.write_all_at(line, self.bytes)?;
        self.bytes += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_file_is_appended_to_and_put_aside_when_full() {
        let context = Context::system();
        let dir = tempfile::tempdir().unwrap();
        let read = |name: &str| context.disk.read(&dir.path().join(name)).unwrap();
        LogFile::open(&context, dir.path())
            .unwrap()
            .append(b"one\n")
            .unwrap();
        let mut file = LogFile::open(&context, dir.path()).unwrap();
        file.append(b"two\n").unwrap();
        assert_eq!(read(FILE), b"one\ntwo\n");
        let large = vec![b'x'; usize::try_from(LOG_FILE_BYTES_MAX).unwrap() - 8];
        file.append(&large).unwrap();
        assert!(!context.disk.exists(&dir.path().join(OLD_FILE)));
        file.append(b"three\n").unwrap();
        assert_eq!(read(FILE), b"three\n");
        assert_eq!(read(OLD_FILE).len() as u64, LOG_FILE_BYTES_MAX);
    }
}
