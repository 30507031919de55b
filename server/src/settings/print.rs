//! `--print-config`: the settings as a configuration file that gives the same again.

use std::fmt::Write;

use super::memory::{parse_share, show_size};
use super::{Resolved, Settings};

/// TOML, each setting with its meaning and where its value came from.
pub fn print_toml(settings: &Settings) -> String {
    let mut out = String::from(
        "# Settings of summit start, with where each value came from; what wins, first to last:\n",
    );
    out.push_str("# command line, environment, configuration file (--config), default.\n");
    for resolved in &settings.resolved {
        let Resolved {
            spec,
            value,
            source,
        } = resolved;
        let mut origin = source.to_string();
        if spec.name == "memory_limit" && value.as_deref().is_some_and(|v| parse_share(v).is_some())
        {
            let _ = write!(origin, ", {}", show_size(settings.memory_limit_bytes));
        }
        let origin = origin.replace('\n', " ");
        let _ = write!(out, "\n# {}\n", spec.description);
        let _ = match value {
            Some(value) => writeln!(out, "{} = {}  # {origin}", spec.name, toml_value(value)),
            None => writeln!(out, "# {} = \"\"  # {origin}, unset", spec.name),
        };
    }
    out
}

/// Numbers and booleans bare, the rest quoted.
fn toml_value(text: &str) -> String {
    let plain = |text: &str| {
        text.parse::<i64>()
            .is_ok_and(|number| number.to_string() == text)
            || matches!(text, "true" | "false")
    };
    if plain(text) {
        text.to_owned()
    } else {
        toml::Value::String(text.to_owned()).to_string()
    }
}
