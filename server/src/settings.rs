//! The node's settings: command line beats environment beats file beats default.

mod memory;
mod print;
mod spec;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use summit_engine::ShownSetting;

use crate::limits::MEMORY_LIMIT_BYTES_MIN;

pub use memory::machine_bytes;
pub use print::print_toml;
pub use spec::{Flag, SPECS, Spec};
pub use value::{Address, LogFormat};

/// What is wrong with the settings: always the user's to mend.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A name that does not exist.
    #[error("unknown setting \"{name}\" in {place}; the nearest known is \"{nearest}\"")]
    Unknown {
        /// The name.
        name: String,
        /// Where it was.
        place: String,
        /// One that exists.
        nearest: &'static str,
    },
    /// A value that is not understood.
    #[error("{name} ({source_of}): \"{value}\" is not valid; {accepted}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Where the value came from.
        source_of: Source,
        /// The value.
        value: String,
        /// What is accepted.
        accepted: String,
    },
    /// The configuration file cannot be read.
    #[error("configuration file {path}: {message}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// A `--set` that is not one.
    #[error("{0}")]
    Set(String),
    /// A setting of a part that does not exist yet.
    #[error("{what} is not available yet: {action} ({name}, {source_of})")]
    NotYet {
        /// The part.
        what: &'static str,
        /// What to do.
        action: &'static str,
        /// The setting.
        name: &'static str,
        /// Where the value came from.
        source_of: Source,
    },
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The configuration file.
    ConfigFile(PathBuf),
    /// A variable of the environment, or two.
    Environment(String),
    /// The command line.
    CommandLine(String),
}

impl Source {
    /// Its kind, as `SHOW ALL` says it.
    pub fn kind(&self) -> &'static str {
        match self {
            Source::Default => "default",
            Source::ConfigFile(_) => "config file",
            Source::Environment(_) => "environment",
            Source::CommandLine(_) => "command line",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::ConfigFile(path) => write!(f, "config file {}", path.display()),
            Source::Environment(name) => write!(f, "environment {name}"),
            Source::CommandLine(flag) => write!(f, "command line {flag}"),
        }
    }
}

/// What was said, by place.
#[derive(Debug, Default)]
pub struct Given {
    /// Names and values of flags.
    pub flags: Vec<(&'static str, String)>,
    /// `KEY=VALUE` of each `--set`.
    pub sets: Vec<String>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The configuration file and what is in it.
    pub config: Option<(PathBuf, String)>,
    /// Bytes of memory of the machine or container, when it could be found out.
    pub machine_bytes: Option<u64>,
}

/// A setting with its value.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Which.
    pub spec: &'static Spec,
    /// Its value as it was given; `None`: unset.
    pub value: Option<String>,
    /// Where the value came from.
    pub source: Source,
}

/// The node's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Directory of the database's files.
    pub data_dir: PathBuf,
    /// Directory for the program's log; `None`: standard error.
    pub log_dir: Option<PathBuf>,
    /// A level or a filter.
    pub log_level: String,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Where PostgreSQL clients connect.
    pub pg_addr: Address,
    /// Where Flight clients connect.
    pub flight_addr: Address,
    /// Where HTTP clients connect.
    pub http_addr: Address,
    /// Where Kafka clients will connect.
    pub broker_addr: Address,
    /// The node's number.
    pub node_id: u32,
    /// What the node does.
    pub roles: Vec<String>,
    /// Memory for queries and state.
    pub memory_limit_bytes: u64,
    /// Whether addresses that others reach may be listened on.
    pub insecure: bool,
    /// Partitions of a stream that does not say.
    pub partitions_default: u32,
    /// All of them with their sources, in the order of [`SPECS`].
    pub resolved: Vec<Resolved>,
}

impl Settings {
    /// Settles what was said.
    ///
    /// # Errors
    /// An unknown name or a value that is not understood.
    pub fn resolve(given: &Given) -> Result<Self, SettingsError> {
        let mut values: BTreeMap<&'static str, (String, Source)> = BTreeMap::new();
        if let Some((path, text)) = &given.config {
            for (name, value) in read_config(path, text)? {
                values.insert(name, (value, Source::ConfigFile(path.clone())));
            }
        }
        for (name, value, variable) in read_environment(&given.environment) {
            values.insert(name, (value, Source::Environment(variable)));
        }
        for (name, value) in &given.flags {
            let flag = match spec::find(name).map(|spec| spec.flag) {
                Some(Flag::Own(flag)) => flag,
                _ => "--set",
            };
            values.insert(name, (value.clone(), Source::CommandLine(flag.to_owned())));
        }
        for pair in &given.sets {
            let (name, value) = read_set(pair)?;
            values.insert(name, (value, Source::CommandLine("--set".to_owned())));
        }
        let resolved = SPECS
            .iter()
            .map(|spec| match values.remove(spec.name) {
                Some((value, source)) => Resolved {
                    spec,
                    value: Some(value),
                    source,
                },
                None => Resolved {
                    spec,
                    value: spec.default.map(str::to_owned),
                    source: Source::Default,
                },
            })
            .collect();
        Settings::from_resolved(resolved, given.machine_bytes)
    }

    /// Refuses settings of parts that do not exist yet, rather than ignoring them.
    ///
    /// # Errors
    /// [`SettingsError::NotYet`].
    pub fn check_available(&self) -> Result<(), SettingsError> {
        const PARTS: [(&str, &str, &str); 8] = [
            (
                "peers",
                "a cluster of several nodes",
                "start one node without --peers",
            ),
            (
                "store",
                "a store outside the data directory",
                "start without --store",
            ),
            (
                "role",
                "a node with only some of the roles",
                "start with --role all",
            ),
            (
                "default.replication.factor",
                "replication",
                "a single node keeps 1 copy, leave it at 1",
            ),
            (
                "min.insync.replicas",
                "replication",
                "a single node keeps 1 copy, leave it at 1",
            ),
            (
                "log.retention.hours",
                "retention",
                "rows are kept for ever, leave it at 168",
            ),
            (
                "log.segment.bytes",
                "another size of segments",
                "leave it at 1073741824",
            ),
            (
                "auto.create.topics.enable",
                "the Kafka protocol",
                "leave it at true",
            ),
        ];
        for (name, what, action) in PARTS {
            let Some(resolved) = self.resolved.iter().find(|r| r.spec.name == name) else {
                continue;
            };
            let at_default = match name {
                "role" => self.roles.len() == value::ROLES.len(),
                _ => resolved.value.as_deref() == resolved.spec.default,
            };
            if !at_default {
                return Err(SettingsError::NotYet {
                    what,
                    action,
                    name: resolved.spec.name,
                    source_of: resolved.source.clone(),
                });
            }
        }
        Ok(())
    }

    /// Where a setting's value came from.
    pub fn source(&self, name: &str) -> Source {
        let found = self
            .resolved
            .iter()
            .find(|resolved| resolved.spec.name == name);
        found.map_or(Source::Default, |resolved| resolved.source.clone())
    }

    /// All settings as `SHOW ALL` lists them.
    pub fn shown(&self) -> Vec<ShownSetting> {
        self.resolved
            .iter()
            .map(|resolved| ShownSetting {
                name: resolved.spec.name.to_owned(),
                value: resolved.value.clone().unwrap_or_default(),
                description: resolved.spec.description.to_owned(),
                source: resolved.source.kind().to_owned(),
            })
            .collect()
    }

    fn from_resolved(
        resolved: Vec<Resolved>,
        machine_bytes: Option<u64>,
    ) -> Result<Self, SettingsError> {
        let values = Values(&resolved);
        for (name, max) in [
            ("default.replication.factor", 1 << 15),
            ("min.insync.replicas", 1 << 15),
            ("log.retention.hours", u64::MAX >> 1),
            ("log.segment.bytes", u64::MAX >> 1),
        ] {
            values.parse(name, |text| value::parse_number(text, 1, max))?;
        }
        values.parse("auto.create.topics.enable", value::parse_bool)?;
        Ok(Settings {
            data_dir: PathBuf::from(values.text("data_dir")),
            log_dir: values.optional("log_dir").map(PathBuf::from),
            log_level: values.parse("log_level", parse_log_level)?,
            log_format: values.parse("log_format", LogFormat::parse)?,
            pg_addr: values.parse("pg_addr", Address::parse)?,
            flight_addr: values.parse("flight_addr", Address::parse)?,
            http_addr: values.parse("http_addr", Address::parse)?,
            broker_addr: values.parse("broker_addr", Address::parse)?,
            node_id: values.parse("node_id", value::parse_node_id)?,
            roles: values.parse("role", value::parse_roles)?,
            memory_limit_bytes: values.parse("memory_limit", |text| {
                parse_memory_limit(text, machine_bytes)
            })?,
            insecure: values.parse("insecure", value::parse_bool)?,
            partitions_default: values
                .parse("num.partitions", |text| value::parse_number(text, 1, 1024))?
                .try_into()
                .expect("at most 1024"),
            resolved,
        })
    }
}

/// Access to values by name.
struct Values<'a>(&'a [Resolved]);

impl Values<'_> {
    fn find(&self, name: &str) -> &Resolved {
        self.0
            .iter()
            .find(|resolved| resolved.spec.name == name)
            .expect("there is one for each of SPECS, and names here are of SPECS")
    }

    fn optional(&self, name: &str) -> Option<&str> {
        self.find(name).value.as_deref()
    }

    fn text(&self, name: &str) -> &str {
        self.optional(name).unwrap_or_default()
    }

    fn parse<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, SettingsError> {
        let resolved = self.find(name);
        parse(self.text(name)).map_err(|accepted| SettingsError::Value {
            name: resolved.spec.name,
            source_of: resolved.source.clone(),
            value: self.text(name).to_owned(),
            accepted,
        })
    }
}

fn parse_log_level(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "accepted are error, warn, info, debug, trace and filters such as info,summit_pg=debug ({error})"
        )),
    }
}

fn parse_memory_limit(text: &str, machine_bytes: Option<u64>) -> Result<u64, String> {
    let bytes = match (memory::parse_share(text), machine_bytes) {
        (Some(percent), Some(machine)) => (machine as f64 * percent / 100.0) as u64,
        (Some(_), None) => {
            return Err("this machine does not tell its memory, so a share means nothing; give a size such as 4GiB".to_owned());
        }
        (None, _) => memory::parse_size(text).ok_or(
            "accepted is a size such as 4GiB or 512MB, or a share of the machine such as 60%",
        )?,
    };
    if bytes < MEMORY_LIMIT_BYTES_MIN {
        return Err(format!(
            "that is {}, and the least is {}",
            memory::show_size(bytes),
            memory::show_size(MEMORY_LIMIT_BYTES_MIN)
        ));
    }
    Ok(bytes)
}

fn read_config(path: &Path, text: &str) -> Result<Vec<(&'static str, String)>, SettingsError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        SettingsError::File {
            path: path.to_owned(),
            message: format!("line {line}: {}", error.message().replace('\n', ", ")),
        }
    })?;
    let mut flat = Vec::new();
    flatten("", &table, &mut flat);
    let mut found = Vec::new();
    for (name, value) in flat {
        let spec = spec::find(&name).ok_or_else(|| SettingsError::Unknown {
            nearest: spec::nearest(&name),
            name: name.clone(),
            place: format!("configuration file {}", path.display()),
        })?;
        let text = config_text(value).ok_or_else(|| SettingsError::Value {
            name: spec.name,
            source_of: Source::ConfigFile(path.to_owned()),
            value: value.to_string(),
            accepted: "accepted is a string, a number, true, false or a list of strings".to_owned(),
        })?;
        found.push((spec.name, text));
    }
    Ok(found)
}

/// `log.retention.hours = 1` is a table in a table in TOML, and one name here.
fn flatten<'a>(prefix: &str, table: &'a toml::Table, into: &mut Vec<(String, &'a toml::Value)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, into),
            value => into.push((name, value)),
        }
    }
}

fn config_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            items.map(|items| items.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// Name, value and variable of what the environment says. An empty variable says nothing:
/// compose files write `NAME=` for "not set".
fn read_environment(environment: &BTreeMap<String, String>) -> Vec<(&'static str, String, String)> {
    let get = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let mut found = Vec::new();
    for spec in SPECS {
        if let Some(variable) = spec.environment
            && let Some(value) = get(variable)
        {
            found.push((spec.name, value.clone(), variable.to_owned()));
        }
    }
    let (host, port) = (get("BROKER_HOST"), get("BROKER_PORT"));
    let variable = match (host, port) {
        (None, None) => return found,
        (Some(_), None) => "BROKER_HOST",
        (None, Some(_)) => "BROKER_PORT",
        (Some(_), Some(_)) => "BROKER_HOST, BROKER_PORT",
    };
    let host = host.map_or("127.0.0.1", String::as_str);
    let port = port.map_or("9092", String::as_str);
    let host = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    found.push(("broker_addr", format!("{host}:{port}"), variable.to_owned()));
    found
}

fn read_set(pair: &str) -> Result<(&'static str, String), SettingsError> {
    let Some((name, value)) = pair.split_once('=') else {
        return Err(SettingsError::Set(format!(
            "--set takes KEY=VALUE, such as --set num.partitions=12, not \"{pair}\""
        )));
    };
    let (name, value) = (name.trim(), value.trim());
    match spec::find(name) {
        Some(Spec {
            name,
            flag: Flag::Set,
            ..
        }) => Ok((name, value.to_owned())),
        Some(Spec {
            name,
            flag: Flag::Own(flag),
            ..
        }) => Err(SettingsError::Set(format!(
            "--set {name}: this setting has a flag of its own, {flag}"
        ))),
        None => Err(SettingsError::Unknown {
            name: name.to_owned(),
            place: "--set".to_owned(),
            nearest: spec::nearest(name),
        }),
    }
}

#[cfg(test)]
mod tests;
