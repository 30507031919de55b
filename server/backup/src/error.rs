//! What can go wrong with a backup, and who must act.

use std::fmt;

use summit_log::LogError;

/// How a command line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// All well.
    Done = 0,
    /// It did not work.
    Failed = 1,
    /// It was asked for in a wrong way.
    WrongUse = 2,
    /// A backup is damaged.
    Damage = 3,
    /// There is no such backup.
    NothingToRestore = 4,
    /// The place to restore to holds something.
    TargetNotEmpty = 5,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        std::process::ExitCode::from(code as u8)
    }
}

/// Something in a backup that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The object's name below the backup's URL.
    pub object: String,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.what)
    }
}

/// An error of a backup. No text of it holds credentials.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The user's: what was asked for makes no sense.
    #[error("{message}")]
    WrongUse {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The operator's: the store refused or did not answer, after all retries.
    #[error("cannot {action} {object} in {url}: {reason}")]
    Store {
        /// What was tried, as "read".
        action: &'static str,
        /// On which object, below the URL.
        object: String,
        /// The backup's URL, without credentials.
        url: String,
        /// What the store said.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// The operator's: the store overwrites what it was told not to.
    #[error(
        "{url} ignores conditional writes (If-None-Match): two writers could overwrite each \
         other's backups"
    )]
    NoConditionalWrites {
        /// The backup's URL.
        url: String,
    },
    /// The operator's: bytes in the store are not what was written.
    #[error("backup {id} in {url} is damaged: {}", summary(damage))]
    Damaged {
        /// The backup's URL.
        url: String,
        /// The backup.
        id: String,
        /// What was found, in the order of the objects.
        damage: Vec<Damage>,
    },
    /// The user's: there is no such backup.
    #[error("{message}")]
    NothingToRestore {
        /// What was looked for and where.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The user's: the place to restore to holds something.
    #[error("{path} is not empty")]
    TargetNotEmpty {
        /// The place.
        path: String,
    },
    /// The source log's.
    #[error("cannot read the database's log: {0}")]
    Source(#[from] LogError),
    /// Ours or the operator's: the log gave other entries than it should.
    #[error("the database's log ends or skips: expected position {expected}, found {found}")]
    SourceGap {
        /// The position that should come.
        expected: u64,
        /// What came.
        found: String,
    },
    /// Whoever takes the restored entries failed.
    #[error("cannot keep the restored entries from position {lsn}: {reason}")]
    Sink {
        /// The first position that was not kept.
        lsn: u64,
        /// What the taker said.
        reason: String,
    },
    /// Nobody's: the runtime is shutting down.
    #[error("the backup's work was interrupted by shutdown")]
    Interrupted,
}

impl BackupError {
    /// How a command line ends with this error.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            BackupError::WrongUse { .. } => ExitCode::WrongUse,
            BackupError::Damaged { .. } => ExitCode::Damage,
            BackupError::NothingToRestore { .. } => ExitCode::NothingToRestore,
            BackupError::TargetNotEmpty { .. } => ExitCode::TargetNotEmpty,
            BackupError::Store { .. }
            | BackupError::NoConditionalWrites { .. }
            | BackupError::Source(_)
            | BackupError::SourceGap { .. }
            | BackupError::Sink { .. }
            | BackupError::Interrupted => ExitCode::Failed,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &str {
        match self {
            BackupError::WrongUse { hint, .. } | BackupError::NothingToRestore { hint, .. } => hint,
            BackupError::Store { hint, .. } => hint,
            BackupError::NoConditionalWrites { .. } => {
                "use a store that honours If-None-Match, or allow it when this is the only writer"
            }
            BackupError::Damaged { .. } => {
                "choose another backup (summit backup list), and make a new one"
            }
            BackupError::TargetNotEmpty { .. } => "restore into a new or empty directory",
            BackupError::Source(_) | BackupError::SourceGap { .. } => {
                "run summit check on the data directory"
            }
            BackupError::Sink { .. } => "see the reason; then restore into a new directory",
            BackupError::Interrupted => "try again",
        }
    }

    pub(crate) fn wrong_use(message: impl Into<String>, hint: impl Into<String>) -> Self {
        BackupError::WrongUse {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

fn summary(damage: &[Damage]) -> String {
    match damage {
        [] => "unknown damage".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}
