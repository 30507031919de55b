//! All files of text.

use super::manifests::packages;
use super::none;
use super::tree::{File, files};

/// Words that name one machine or a way to it, written so that this file does not hold them.
fn words() -> Vec<String> {
    let paths = ["root", "work", "home"].map(|name| format!("/{name}/"));
    let hosts = [
        ("index.", "crates.io"),
        ("static.", "crates.io"),
        ("pypi", ".org"),
        ("files.python", "hosted.org"),
        ("registry.", "npmjs"),
        ("deb.", "debian.org"),
    ];
    paths
        .into_iter()
        .chain(hosts.map(|(a, b)| format!("{a}{b}")))
        .collect()
}

fn of_one_machine(files: &[File]) -> Vec<String> {
    let words = words();
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.path != "Cargo.lock") {
        for (at, line) in file.text.lines().enumerate() {
            for word in &words {
                // "framework/x" or "network/y" in running text is none
                let found = line.match_indices(word.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "._-".contains(c))
                });
                if found {
                    problems.push(format!("{}:{}: names {word}", file.path, at + 1));
                }
            }
        }
    }
    problems
}

fn not_in_architecture<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let missing = names.filter(|name| !text.contains(&format!("`{name}`")));
    missing
        .map(|name| format!("docs/architecture.md does not name `{name}`"))
        .collect()
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    none(of_one_machine(&files()));
    for word in words() {
        let bad = File {
            path: "docs/x.md".to_owned(),
            text: format!("see {word}here"),
        };
        assert_eq!(of_one_machine(&[bad]).len(), 1, "{word}");
    }
}

#[test]
fn the_architecture_names_every_package() {
    let files = files();
    let architecture = files
        .iter()
        .find(|file| file.path == "docs/architecture.md");
    let text = &architecture.expect("docs/architecture.md is there").text;
    let packages = packages();
    none(not_in_architecture(
        text,
        packages.iter().map(|package| package.name.as_str()),
    ));
    assert_eq!(
        not_in_architecture("only `summit-log`", ["summit-log", "summit-pg"].into_iter()).len(),
        1
    );
}
