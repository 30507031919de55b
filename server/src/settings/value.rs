//! What a setting's text means. Each says what it accepts when it does not understand.

use std::fmt;

/// A host and a port to listen on or to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or a number; a v6 number without its brackets.
    pub host: String,
    /// The port; 0: any free one.
    pub port: u16,
}

impl Address {
    /// Parses `host:port` or `[v6]:port`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let accepted = "accepted is host:port, such as 127.0.0.1:5433 or [::1]:5433";
        let (host, port) = text.rsplit_once(':').ok_or(accepted)?;
        let port = port.parse().map_err(|_| accepted)?;
        let host = match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(v6) => v6,
            None if host.contains(':') => return Err(accepted.to_owned()),
            None => host,
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(accepted.to_owned());
        }
        Ok(Address {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// For machines, one object per line.
    Json,
}

impl LogFormat {
    /// Parses `text`, `json` or `auto`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(LogFormat::Auto),
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("accepted are text, json and auto".to_owned()),
        }
    }
}

/// The roles that there are.
pub const ROLES: [&str; 3] = ["broker", "correlation", "analytics"];

/// Parses roles; `all` is all of them.
pub fn parse_roles(text: &str) -> Result<Vec<String>, String> {
    let mut roles = Vec::new();
    for role in text.split(',').map(str::trim) {
        match role {
            "all" => roles.extend(ROLES.map(str::to_owned)),
            role if ROLES.contains(&role) => roles.push(role.to_owned()),
            _ => {
                return Err(format!(
                    "accepted are {} (comma-separated) and all",
                    ROLES.join(", ")
                ));
            }
        }
    }
    roles.sort_by_key(|role| ROLES.iter().position(|known| known == role));
    roles.dedup();
    Ok(roles)
}

/// Parses a node's number: a number, or a name that ends in one (`stream-broker-2`).
pub fn parse_node_id(text: &str) -> Result<u32, String> {
    let name = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &text[name.len()..];
    let ends_well = name.is_empty() || name.starts_with(|c: char| c.is_ascii_alphabetic());
    number.parse().ok().filter(|_| ends_well).ok_or_else(|| {
        "accepted is a number, or a name that ends in one, such as stream-broker-2".to_owned()
    })
}

/// Parses `true` or `false`.
pub fn parse_bool(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err("accepted are true and false".to_owned()),
    }
}

/// Parses a whole number within bounds.
pub fn parse_number(text: &str, min: u64, max: u64) -> Result<u64, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| format!("accepted is a whole number from {min} to {max}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        let address = Address::parse("127.0.0.1:5433").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("127.0.0.1", 5433));
        assert_eq!(Address::parse("[::1]:0").unwrap().to_string(), "[::1]:0");
        for wrong in [
            "5433",
            ":5433",
            "localhost",
            "localhost:",
            "a:70000",
            "::1:5433",
            "a b:1",
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_node_id_may_be_a_pod_name_that_ends_in_a_number() {
        assert_eq!(parse_node_id("7"), Ok(7));
        assert_eq!(parse_node_id("stream-broker-2"), Ok(2));
        assert_eq!(parse_node_id("broker12"), Ok(12));
        assert_eq!(parse_node_id("b-1-30"), Ok(30));
        for wrong in [
            "",
            "stream-broker",
            "-1",
            "1.5",
            "broker-",
            "99999999999",
            "broker-2a",
        ] {
            assert!(parse_node_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn roles_are_known_ones_without_repeats() {
        assert_eq!(parse_roles("all").unwrap(), ROLES);
        assert_eq!(
            parse_roles("analytics, broker,broker").unwrap(),
            ["broker", "analytics"]
        );
        assert!(parse_roles("boss").unwrap_err().contains("correlation"));
        assert!(parse_roles("").is_err());
    }
}
