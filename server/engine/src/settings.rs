//! Session settings.

use std::collections::BTreeMap;
use std::time::Duration;

use summit_catalog::{SqlError, SqlState};

/// The version of PostgreSQL that clients take us for: it selects the SQL that they send.
pub(crate) const SERVER_VERSION: &str = concat!("15.0 (Summit ", env!("CARGO_PKG_VERSION"), ")");

/// How fresh reads must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadConsistency {
    /// The session's own writes.
    Session,
    /// Everything acknowledged anywhere before the read began.
    Strict,
    /// What there is.
    Latest,
}

/// What a setting accepts.
#[derive(Clone, Copy)]
enum Accepts {
    Anything,
    ReadOnly,
    Milliseconds,
    /// These, in lower case; the first is what the rest mean where they are synonyms.
    OneOf(&'static [&'static str]),
    /// Only these have a meaning here; the hint says what to do about others.
    Only(&'static [&'static str], &'static str),
}

struct Known {
    name: &'static str,
    default: &'static str,
    accepts: Accepts,
    /// Whether clients are told of it (ParameterStatus).
    reported: bool,
    description: &'static str,
}

macro_rules! known {
    ($name:literal, $default:expr, $accepts:expr, $reported:literal, $description:literal) => {
        Known {
            name: $name,
            default: $default,
            accepts: $accepts,
            reported: $reported,
            description: $description,
        }
    };
}

const BOOL: Accepts = Accepts::OneOf(&["on", "off", "true", "false", "yes", "no", "1", "0"]);

const KNOWN: &[Known] = &[
    known!(
        "application_name",
        "",
        Accepts::Anything,
        true,
        "Name of the client's application."
    ),
    known!(
        "bytea_output",
        "hex",
        Accepts::Only(&["hex"], "bytea is shown in hexadecimal."),
        false,
        "How bytea is shown."
    ),
    known!(
        "client_encoding",
        "UTF8",
        Accepts::Only(&["utf8", "utf-8", "unicode", "sql_ascii"], "Text is UTF-8."),
        true,
        "The client's character set."
    ),
    known!(
        "client_min_messages",
        "notice",
        Accepts::Anything,
        false,
        "Least severity of messages to the client; has no effect."
    ),
    known!(
        "DateStyle",
        "ISO, MDY",
        Accepts::Only(
            &["iso, mdy", "iso", "iso, dmy", "iso, ymd"],
            "Dates are shown as in ISO 8601."
        ),
        true,
        "How dates are shown."
    ),
    known!(
        "default_transaction_isolation",
        "read committed",
        Accepts::OneOf(&[
            "read committed",
            "read uncommitted",
            "repeatable read",
            "serializable"
        ]),
        false,
        "Isolation of new transactions; all are read committed."
    ),
    known!(
        "default_transaction_read_only",
        "off",
        BOOL,
        true,
        "Whether new transactions only read; has no effect."
    ),
    known!(
        "extra_float_digits",
        "1",
        Accepts::Anything,
        false,
        "Floats are always shown in their shortest exact form."
    ),
    known!(
        "idle_in_transaction_session_timeout",
        "0",
        Accepts::Milliseconds,
        false,
        "Has no effect."
    ),
    known!(
        "in_hot_standby",
        "off",
        Accepts::ReadOnly,
        true,
        "Whether the server is a standby."
    ),
    known!(
        "integer_datetimes",
        "on",
        Accepts::ReadOnly,
        true,
        "Timestamps are integers."
    ),
    known!(
        "IntervalStyle",
        "postgres",
        Accepts::Only(&["postgres"], "Intervals are shown in PostgreSQL's style."),
        true,
        "How intervals are shown."
    ),
    known!(
        "is_superuser",
        "on",
        Accepts::ReadOnly,
        true,
        "Whether the user may do everything."
    ),
    known!(
        "lock_timeout",
        "0",
        Accepts::Milliseconds,
        false,
        "Has no effect: there are no locks."
    ),
    known!(
        "read_consistency",
        "session",
        Accepts::OneOf(&["session", "strict", "latest"]),
        false,
        "What a read waits for: the session's own writes (session), everything acknowledged before it (strict), nothing (latest)."
    ),
    known!(
        "search_path",
        "\"$user\", public",
        Accepts::Only(
            &["\"$user\", public", "public", "\"$user\",public"],
            "Name the schema: schema.relation."
        ),
        false,
        "Where names without a schema are looked up."
    ),
    known!(
        "server_encoding",
        "UTF8",
        Accepts::ReadOnly,
        true,
        "The server's character set."
    ),
    known!(
        "server_version",
        SERVER_VERSION,
        Accepts::ReadOnly,
        true,
        "The version."
    ),
    known!(
        "server_version_num",
        "150000",
        Accepts::ReadOnly,
        false,
        "The version as a number."
    ),
    known!(
        "session_authorization",
        "summit",
        Accepts::ReadOnly,
        true,
        "The user."
    ),
    known!(
        "standard_conforming_strings",
        "on",
        Accepts::Only(&["on", "true"], "Write E'...' for escapes."),
        true,
        "Backslashes in '...' are ordinary."
    ),
    known!(
        "statement_timeout",
        "0",
        Accepts::Milliseconds,
        false,
        "Time that a statement may take, waits of reads included; 0: no limit."
    ),
    known!(
        "synchronous_commit",
        "on",
        Accepts::Only(
            &["on", "local", "remote_write", "remote_apply", "true"],
            "Every commit waits for its fsync; acknowledging before it is not available yet."
        ),
        false,
        "Whether a commit waits until it is durable."
    ),
    known!(
        "TimeZone",
        "UTC",
        Accepts::Only(
            &["utc", "etc/utc", "gmt", "zulu", "uct"],
            "timestamptz is shown in UTC; use AT TIME ZONE in the query."
        ),
        true,
        "Time zone of shown timestamps."
    ),
    known!(
        "transaction_isolation",
        "read committed",
        Accepts::OneOf(&[
            "read committed",
            "read uncommitted",
            "repeatable read",
            "serializable"
        ]),
        false,
        "Isolation of this transaction; all are read committed."
    ),
    known!(
        "transaction_read_only",
        "off",
        BOOL,
        false,
        "Has no effect."
    ),
];

/// A setting, as `SHOW ALL` lists it.
pub(crate) struct Shown {
    pub name: &'static str,
    pub value: String,
    pub description: &'static str,
}

/// A session's settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    changed: BTreeMap<&'static str, String>,
    user: String,
}

impl Settings {
    /// The defaults.
    pub(crate) fn new(user: &str) -> Self {
        Settings {
            changed: BTreeMap::new(),
            user: user.to_owned(),
        }
    }

    /// A setting's value.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        find(name).map(|known| self.value(known))
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// `42704` for an unknown name, `22023` for a value that it does not accept, `0A000` for
    /// one that has no effect here though a user would expect it.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), SqlError> {
        let known = find(name).ok_or_else(|| unknown(name))?;
        let value = match known.accepts {
            Accepts::Anything => value.to_owned(),
            Accepts::ReadOnly => {
                return Err(SqlError::new(
                    SqlState("55P02"),
                    format!("parameter \"{}\" cannot be changed", known.name),
                ));
            }
            Accepts::Milliseconds => {
                milliseconds(value).ok_or_else(|| {
                    invalid(known.name, value, "a time such as 500, '2s' or '1min'")
                })?;
                value.to_owned()
            }
            Accepts::OneOf(values) => {
                let lower = value.to_lowercase();
                if !values.contains(&lower.as_str()) {
                    return Err(invalid(known.name, value, &values.join(", ")));
                }
                lower
            }
            Accepts::Only(values, why) => {
                if !values.contains(&value.to_lowercase().as_str()) {
                    return Err(SqlError::unsupported(
                        format!("{} cannot be set to \"{value}\"", known.name),
                        why,
                    ));
                }
                if known.name == "client_encoding" || known.name == "TimeZone" {
                    known.default.to_owned()
                } else {
                    value.to_owned()
                }
            }
        };
        self.changed.insert(known.name, value);
        Ok(())
    }

    /// Back to the default.
    pub(crate) fn reset(&mut self, name: &str) -> Result<(), SqlError> {
        let known = find(name).ok_or_else(|| unknown(name))?;
        self.changed.remove(known.name);
        Ok(())
    }

    /// All back to the defaults.
    pub(crate) fn reset_all(&mut self) {
        self.changed.clear();
    }

    /// All, sorted by name.
    pub(crate) fn all(&self) -> Vec<Shown> {
        KNOWN
            .iter()
            .map(|known| Shown {
                name: known.name,
                value: self.value(known),
                description: known.description,
            })
            .collect()
    }

    /// Those that clients are told of.
    pub(crate) fn reported(&self) -> Vec<(&'static str, String)> {
        KNOWN
            .iter()
            .filter(|known| known.reported)
            .map(|known| (known.name, self.value(known)))
            .collect()
    }

    pub(crate) fn read_consistency(&self) -> ReadConsistency {
        match self.changed.get("read_consistency").map(String::as_str) {
            Some("strict") => ReadConsistency::Strict,
            Some("latest") => ReadConsistency::Latest,
            _ => ReadConsistency::Session,
        }
    }

    pub(crate) fn statement_timeout(&self) -> Option<Duration> {
        let value = self.changed.get("statement_timeout")?;
        milliseconds(value)
            .filter(|ms| *ms > 0)
            .map(Duration::from_millis)
    }

    fn value(&self, known: &Known) -> String {
        match self.changed.get(known.name) {
            Some(value) => value.clone(),
            None if known.name == "session_authorization" => self.user.clone(),
            None => known.default.to_owned(),
        }
    }
}

fn find(name: &str) -> Option<&'static Known> {
    KNOWN
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(name))
}

fn milliseconds(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn invalid(name: &str, value: &str, accepted: &str) -> SqlError {
    SqlError::new(
        SqlState::INVALID_PARAMETER,
        format!("invalid value for parameter \"{name}\": \"{value}\""),
    )
    .hint(format!("Available values: {accepted}."))
}

/// The error for a setting that does not exist.
pub(crate) fn unknown(name: &str) -> SqlError {
    let error = SqlError::new(
        SqlState::UNDEFINED_OBJECT,
        format!("unrecognized configuration parameter \"{name}\""),
    );
    let near = KNOWN
        .iter()
        .map(|known| {
            (
                strsim::damerau_levenshtein(&known.name.to_lowercase(), &name.to_lowercase()),
                known.name,
            )
        })
        .filter(|(distance, _)| *distance <= 3)
        .min();
    match near {
        Some((_, known)) => error.hint(format!("Perhaps you meant \"{known}\".")),
        None => error.hint("SHOW ALL lists the settings."),
    }
}
