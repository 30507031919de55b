//! The files of the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::none;

/// What may lie in the top folder.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".github",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "connectors",
    "deploy",
    "docker",
    "docs",
    "rustfmt.toml",
    "server",
    "sql",
    "sqllogictest",
    "tests",
];
/// What is there and not kept: builds, data, and what editors make.
const NOT_KEPT: &[&str] = &[".git", "target", "summit-data", "__pycache__"];

/// A file with its text.
pub struct File {
    /// From the top folder, with `/`.
    pub path: String,
    pub text: String,
}

/// The top folder.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// All files of text that are kept, sorted by path.
pub fn files() -> Vec<File> {
    let mut files = Vec::new();
    walk(&top(), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(
        files.len() > 50,
        "the repository has more files than {}",
        files.len()
    );
    files
}

/// Those whose name ends so.
pub fn files_with(ending: &str) -> Vec<File> {
    files()
        .into_iter()
        .filter(|file| file.path.ends_with(ending))
        .collect()
}

fn walk(folder: &Path, prefix: &str, into: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().expect("names are UTF-8");
        if NOT_KEPT.contains(&name.as_str()) || name.ends_with(".tmp") {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), &format!("{path}/"), into);
        } else if let Ok(text) = String::from_utf8(std::fs::read(entry.path()).unwrap()) {
            into.push(File { path, text });
        }
    }
}

fn unknown_in_top<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: BTreeSet<&str> = paths.filter_map(|path| path.split('/').next()).collect();
    let unknown = names.into_iter().filter(|name| !TOP.contains(name));
    unknown
        .map(|name| format!("{name}: does not belong in the top folder"))
        .collect()
}

#[test]
fn the_top_folder_holds_only_what_belongs_there() {
    none(unknown_in_top(
        files().iter().map(|file| file.path.as_str()),
    ));
    assert_eq!(
        unknown_in_top(["server/src/main.rs", "notes.md", "notes.md"].into_iter()).len(),
        1
    );
}

#[test]
fn no_folder_has_a_mod_rs() {
    let found = |files: &[File]| -> Vec<String> {
        let modules = files.iter().filter(|file| file.path.ends_with("/mod.rs"));
        modules
            .map(|file| format!("{}: name it after its folder", file.path))
            .collect()
    };
    none(found(&files()));
    let bad = File {
        path: "server/x/mod.rs".to_owned(),
        text: String::new(),
    };
    assert_eq!(found(&[bad]).len(), 1);
}
