//! Sources in Rust.

use super::none;
use super::tree::{File, files_with};

const LINES_MAX: usize = 1000;
const LINES_WARN: usize = 600;

/// Whether a file holds only tests.
fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("tests/")
        || path.starts_with("sqllogictest/")
        || path.contains("/tests/")
        || name == "tests.rs"
        || name.ends_with("_test.rs")
        || name.ends_with("_tests.rs")
}

fn too_long(files: &[File], lines_max: usize) -> Vec<String> {
    let long = files
        .iter()
        .filter(|file| !is_test(&file.path) && file.text.lines().count() > lines_max);
    long.map(|file| {
        format!(
            "{}: {} lines, at most {lines_max}",
            file.path,
            file.text.lines().count()
        )
    })
    .collect()
}

/// What must not be left in sources, written so that this file does not hold it.
fn leftovers() -> Vec<String> {
    let macros = ["todo", "unimplemented", "dbg"].map(|name| format!("{name}!("));
    let others = ["#[ign", "XX", "FIX"].into_iter().zip(["ore", "X:", "ME"]);
    macros
        .into_iter()
        .chain(others.map(|(a, b)| format!("{a}{b}")))
        .collect()
}

fn left_over(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            for word in leftovers() {
                if line.contains(&word) {
                    problems.push(format!("{}:{}: {word}", file.path, at + 1));
                }
            }
        }
    }
    problems
}

fn without_docs(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.path.ends_with("/src/lib.rs"))
    {
        let docs: Vec<&str> = file
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        if docs.is_empty() {
            problems.push(format!("{}: begins without //! docs", file.path));
        } else if !docs.iter().any(|line| line.contains("It is not:")) {
            problems.push(format!(
                "{}: its docs do not say what it is not (\"It is not:\")",
                file.path
            ));
        }
    }
    problems
}

#[test]
fn no_source_is_longer_than_1000_lines() {
    let files = files_with(".rs");
    for long in too_long(&files, LINES_WARN) {
        println!("warning: {long}");
    }
    none(too_long(&files, LINES_MAX));
    let long = File {
        path: "server/src/x.rs".to_owned(),
        text: "\n".repeat(1001),
    };
    assert_eq!(too_long(&[long], LINES_MAX).len(), 1);
}

#[test]
fn nothing_unfinished_is_left_in_sources() {
    none(left_over(&files_with(".rs")));
    for word in leftovers() {
        let bad = File {
            path: "server/src/x.rs".to_owned(),
            text: format!("fn f() {{\n    {word}\n}}"),
        };
        assert_eq!(left_over(&[bad]).len(), 1, "{word}");
    }
}

#[test]
fn every_library_says_what_it_is_and_what_it_is_not() {
    none(without_docs(&files_with(".rs")));
    let bad = |text: &str| {
        without_docs(&[File {
            path: "x/src/lib.rs".to_owned(),
            text: text.to_owned(),
        }])
        .len()
    };
    assert_eq!(bad("mod x;\n"), 1);
    assert_eq!(bad("//! Something.\nmod x; // It is not: docs\n"), 1);
    assert_eq!(
        bad("//! Something.\n//!\n//! It is not: else.\nmod x;\n"),
        0
    );
}
