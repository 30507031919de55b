//! Which package may use which.

use super::manifests::{Package, packages};
use super::none;

/// Our packages and those of ours that each may name. Edges point downwards.
const ALLOWED: &[(&str, &[&str])] = &[
    ("summit-context", &[]),
    ("summit-log", &["context"]),
    ("summit-storage", &["context", "log"]),
    ("summit-parser", &[]),
    ("summit-session", &["parser"]),
    ("summit-catalog", &["parser", "log", "storage"]),
    ("summit-planner", &["catalog", "parser", "log"]),
    ("summit-dataflow", &["planner", "parser", "log", "storage"]),
    ("summit-backup", &["context", "log"]),
    (
        "summit-engine",
        &[
            "context", "log", "storage", "parser", "session", "catalog", "planner", "dataflow",
            "backup",
        ],
    ),
    ("summit-pg", &["session", "context"]),
    ("summit-flight", &["session", "context"]),
    ("summit-http", &["session", "context"]),
    (
        "summit",
        &[
            "context", "log", "storage", "parser", "session", "catalog", "planner", "dataflow",
            "backup", "engine", "pg", "flight", "http",
        ],
    ),
];

/// Libraries that only some packages may name, because they are slow to build or tie a
/// package to a protocol.
const ONLY_IN: &[(&str, &[&str])] = &[
    (
        "datafusion",
        &["summit-planner", "summit-dataflow", "summit-engine"],
    ),
    (
        "sqlparser",
        &[
            "summit-parser",
            "summit-catalog",
            "summit-planner",
            "summit-engine",
        ],
    ),
    ("pgwire", &["summit-pg"]),
    ("arrow-flight", &["summit-flight"]),
    ("tonic", &["summit-flight"]),
    ("axum", &["summit-http"]),
    (
        "object_store",
        &["summit-backup", "summit-engine", "summit-storage"],
    ),
    ("clap", &["summit"]),
];

/// Arrow is nothing that these may know.
const NO_ARROW: &[&str] = &[
    "summit-context",
    "summit-log",
    "summit-parser",
    "summit-backup",
    "summit-http",
];

fn problems(packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages {
        let (path, name) = (&package.path, package.name.as_str());
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            problems.push(format!("{path}: {name} is not in the table of edges"));
            continue;
        };
        for dependency in &package.dependencies {
            let ours = dependency.strip_prefix("summit-");
            if ours.is_some_and(|ours| !allowed.contains(&ours)) {
                problems.push(format!("{path}: {name} must not use {dependency}"));
            }
            let only = ONLY_IN.iter().find(|(library, _)| library == dependency);
            if only.is_some_and(|(_, only)| !only.contains(&name)) {
                problems.push(format!("{path}: {name} must not name {dependency}"));
            }
            let is_arrow = ["arrow", "parquet", "datafusion"].contains(&dependency.as_str());
            if is_arrow && NO_ARROW.contains(&name) {
                problems.push(format!("{path}: {name} must not know Arrow ({dependency})"));
            }
        }
    }
    problems
}

#[test]
fn packages_use_only_those_below_them() {
    let packages = packages();
    none(problems(&packages));
    for (name, _) in ALLOWED {
        assert!(
            packages.iter().any(|package| package.name == *name),
            "{name} is gone: take it out of the table"
        );
    }
}

#[test]
fn a_wrong_edge_is_noticed() {
    let package = |name: &str, dependencies: &[&str]| Package {
        path: "x".to_owned(),
        name: name.to_owned(),
        dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        problems: Vec::new(),
    };
    assert_eq!(
        problems(&[package("summit-log", &["summit-storage"])]).len(),
        1
    );
    assert_eq!(
        problems(&[package("summit-log", &["arrow", "datafusion"])]).len(),
        3
    );
    assert_eq!(
        problems(&[package("summit-pg", &["summit-engine", "summit-flight"])]).len(),
        2
    );
    assert_eq!(problems(&[package("summit-new", &[])]).len(), 1);
    assert_eq!(
        problems(&[package("summit-storage", &["summit-log", "arrow", "bytes"])]).len(),
        0
    );
}

#[test]
fn the_table_of_edges_has_no_circle() {
    // each names only packages that come before it, or the order of the table is wrong
    let at = |name: &str| {
        ALLOWED
            .iter()
            .position(|(known, _)| known.strip_prefix("summit-") == Some(name))
    };
    for (index, (name, allowed)) in ALLOWED.iter().enumerate() {
        for used in *allowed {
            assert!(at(used).is_some_and(|used| used < index), "{name} → {used}");
        }
    }
}
