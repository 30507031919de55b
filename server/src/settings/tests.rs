use super::*;

const GIB: u64 = 1 << 30;

fn given() -> Given {
    Given {
        machine_bytes: Some(10 * GIB),
        ..Given::default()
    }
}

fn config(text: &str) -> Given {
    Given {
        config: Some((PathBuf::from("summit.toml"), text.to_owned())),
        ..given()
    }
}

fn environment(pairs: &[(&str, &str)]) -> Given {
    let environment = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    Given {
        environment,
        ..given()
    }
}

fn error(given: &Given) -> String {
    Settings::resolve(given)
        .map(|_| ())
        .unwrap_err()
        .to_string()
}

#[test]
fn without_a_word_the_defaults_of_the_contract_hold() {
    let settings = Settings::resolve(&given()).unwrap();
    assert_eq!(settings.data_dir, PathBuf::from("./summit-data"));
    assert_eq!(settings.log_dir, None);
    assert_eq!(settings.pg_addr.to_string(), "127.0.0.1:5433");
    assert_eq!(settings.flight_addr.to_string(), "127.0.0.1:50051");
    assert_eq!(settings.http_addr.to_string(), "127.0.0.1:3000");
    assert_eq!(settings.broker_addr.to_string(), "127.0.0.1:9092");
    assert_eq!(settings.node_id, 0);
    assert_eq!(settings.roles, ["broker", "correlation", "analytics"]);
    assert_eq!(settings.memory_limit_bytes, 6 * GIB);
    assert_eq!(settings.partitions_default, 6);
    assert!(!settings.insecure);
    assert!(settings.check_available().is_ok());
    assert!(
        settings
            .shown()
            .iter()
            .all(|shown| shown.source == "default")
    );
}

#[test]
fn command_line_beats_environment_beats_file_beats_default() {
    let file = "pg_addr = '127.0.0.1:1'\nhttp-addr = '127.0.0.1:1'\nflight_addr = '127.0.0.1:1'\nnum.partitions = 3";
    let mut given = config(file);
    given
        .environment
        .insert("SUMMIT_PG_ADDR".into(), "127.0.0.1:2".into());
    given
        .environment
        .insert("SUMMIT_HTTP_ADDR".into(), "127.0.0.1:2".into());
    given.flags.push(("pg_addr", "127.0.0.1:3".into()));
    let settings = Settings::resolve(&given).unwrap();
    assert_eq!((settings.pg_addr.port, settings.http_addr.port), (3, 2));
    assert_eq!(
        (settings.flight_addr.port, settings.partitions_default),
        (1, 3)
    );
    assert_eq!(
        settings.source("pg_addr").to_string(),
        "command line --pg-addr"
    );
    assert_eq!(
        settings.source("http_addr").to_string(),
        "environment SUMMIT_HTTP_ADDR"
    );
    assert_eq!(
        settings.source("flight_addr").to_string(),
        "config file summit.toml"
    );
    assert_eq!(settings.source("node_id"), Source::Default);
    given.sets.push("num.partitions=12".into());
    assert_eq!(Settings::resolve(&given).unwrap().partitions_default, 12);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    assert_eq!(
        error(&config("pg_adr = '127.0.0.1:1'")),
        "unknown setting \"pg_adr\" in configuration file summit.toml; the nearest known is \"pg_addr\""
    );
    let nested = error(&config("[log.retention]\nhour = 1"));
    assert!(nested.contains("\"log.retention.hour\""), "{nested}");
    assert!(nested.contains("\"log.retention.hours\""), "{nested}");
    let set = error(&Given {
        sets: vec!["num.partition=3".into()],
        ..given()
    });
    assert!(
        set.contains("in --set; the nearest known is \"num.partitions\""),
        "{set}"
    );
    let own = error(&Given {
        sets: vec!["data_dir=/x".into()],
        ..given()
    });
    assert!(own.contains("--data-dir"), "{own}");
    let no_pair = error(&Given {
        sets: vec!["num.partitions".into()],
        ..given()
    });
    assert!(no_pair.contains("KEY=VALUE"), "{no_pair}");
}

#[test]
fn a_wrong_value_names_the_setting_its_source_and_what_is_accepted() {
    assert_eq!(
        error(&environment(&[("SUMMIT_MEMORY_LIMIT", "plenty")])),
        "memory_limit (environment SUMMIT_MEMORY_LIMIT): \"plenty\" is not valid; accepted is a size such as 4GiB or 512MB, or a share of the machine such as 60%"
    );
    for (name, value) in [
        ("pg_addr", "5433"),
        ("node_id", "two"),
        ("role", "boss"),
        ("memory_limit", "1MiB"),
        ("memory_limit", "0%"),
        ("log_format", "xml"),
        ("log_level", "info,=,"),
        ("num.partitions", "0"),
        ("num.partitions", "1025"),
        ("insecure", "maybe"),
    ] {
        let given = Given {
            flags: vec![(name, value.to_owned())],
            ..given()
        };
        let message = error(&given);
        assert!(message.starts_with(name), "{message}");
        assert!(message.contains(value), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn a_file_that_is_no_toml_names_its_line() {
    let message = error(&config("node_id = 1\npg_addr = \n"));
    assert!(
        message.starts_with("configuration file summit.toml: line 2: "),
        "{message}"
    );
    let message = error(&config("node_id = 1.5"));
    assert!(
        message.starts_with("node_id (config file summit.toml)"),
        "{message}"
    );
}

#[test]
fn memory_limits_are_sizes_or_shares_of_the_machine() {
    let limit = |text: &str, machine_bytes| {
        let flags = vec![("memory_limit", text.to_owned())];
        let given = Given {
            flags,
            machine_bytes,
            ..Given::default()
        };
        Settings::resolve(&given).map(|settings| settings.memory_limit_bytes)
    };
    assert_eq!(limit("4GiB", None).unwrap(), 4 * GIB);
    assert_eq!(limit("25%", Some(8 * GIB)).unwrap(), 2 * GIB);
    assert!(limit("25%", None).unwrap_err().to_string().contains("4GiB"));
}

#[test]
fn the_broker_variables_make_an_address_and_a_number() {
    let settings = Settings::resolve(&environment(&[
        ("BROKER_ID", "stream-broker-2"),
        ("BROKER_HOST", "0.0.0.0"),
        ("BROKER_PORT", "9192"),
    ]))
    .unwrap();
    assert_eq!(settings.node_id, 2);
    assert_eq!(settings.broker_addr.to_string(), "0.0.0.0:9192");
    assert_eq!(
        settings.source("broker_addr").to_string(),
        "environment BROKER_HOST, BROKER_PORT"
    );
    let settings = Settings::resolve(&environment(&[("BROKER_PORT", "1")])).unwrap();
    assert_eq!(settings.broker_addr.to_string(), "127.0.0.1:1");
    let settings = Settings::resolve(&environment(&[("BROKER_HOST", "::1")])).unwrap();
    assert_eq!(settings.broker_addr.to_string(), "[::1]:9092");
}

#[test]
fn an_empty_variable_says_nothing() {
    let settings = Settings::resolve(&environment(&[
        ("BOOTSTRAP_SERVERS", ""),
        ("BROKER_ID", ""),
    ]))
    .unwrap();
    assert!(settings.check_available().is_ok());
    assert_eq!(settings.source("node_id"), Source::Default);
}

#[test]
fn settings_of_parts_that_do_not_exist_yet_are_refused_not_ignored() {
    let refused = |given: &Given| {
        Settings::resolve(given)
            .unwrap()
            .check_available()
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        refused(&environment(&[("BOOTSTRAP_SERVERS", "a:9092,b:9092")])).unwrap_err(),
        "a cluster of several nodes is not available yet: start one node without --peers (peers, environment BOOTSTRAP_SERVERS)"
    );
    for flags in [("store", "s3://bucket"), ("role", "broker")] {
        let given = Given {
            flags: vec![(flags.0, flags.1.to_owned())],
            ..given()
        };
        assert!(refused(&given).unwrap_err().contains("not available yet"));
    }
    for set in [
        "default.replication.factor=3",
        "min.insync.replicas=2",
        "log.retention.hours=1",
    ] {
        let given = Given {
            sets: vec![set.to_owned()],
            ..given()
        };
        assert!(
            refused(&given).unwrap_err().contains("not available yet"),
            "{set}"
        );
    }
    for fine in ["num.partitions=3", "log.retention.hours=168"] {
        let given = Given {
            sets: vec![fine.to_owned()],
            ..given()
        };
        assert!(refused(&given).is_ok(), "{fine}");
    }
    let all_by_name = vec![("role", "analytics,broker,correlation".to_owned())];
    assert!(
        refused(&Given {
            flags: all_by_name,
            ..given()
        })
        .is_ok()
    );
}

#[test]
fn the_printed_configuration_gives_the_same_settings_again() {
    let mut first = environment(&[("DATA_DIR", "/tmp/a \"b\""), ("BROKER_ID", "x-7")]);
    first.flags.push(("memory_limit", "50%".into()));
    first.sets.push("num.partitions=9".into());
    let first = Settings::resolve(&first).unwrap();
    let text = print_toml(&first);
    assert!(
        text.contains("num.partitions = 9  # command line --set\n"),
        "{text}"
    );
    assert!(
        text.contains("memory_limit = \"50%\"  # command line --memory-limit, 5.0 GiB\n"),
        "{text}"
    );
    assert!(
        text.contains("pg_addr = \"127.0.0.1:5433\"  # default\n"),
        "{text}"
    );
    assert!(
        text.contains("# peers = \"\"  # default, unset\n"),
        "{text}"
    );
    let second = Settings::resolve(&config(&text)).unwrap();
    for (a, b) in first.resolved.iter().zip(&second.resolved) {
        assert_eq!(a.value, b.value, "{}", a.spec.name);
    }
}
