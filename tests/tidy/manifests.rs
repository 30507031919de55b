//! Cargo.toml of each package.

use toml::{Table, Value};

use super::none;
use super::tree::{File, files_with};

const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// A package of the workspace.
pub struct Package {
    /// The file.
    pub path: String,
    pub name: String,
    /// Names of what it uses, tests apart.
    pub dependencies: Vec<String>,
    pub problems: Vec<String>,
}

/// All packages.
pub fn packages() -> Vec<Package> {
    let files = files_with("Cargo.toml");
    let packages = files.iter().filter(|file| file.path != "Cargo.toml");
    packages.map(package).collect()
}

fn package(file: &File) -> Package {
    let path = &file.path;
    let table: Table = file
        .text
        .parse()
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut problems = Vec::new();
    let name = table["package"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        if table["package"]
            .get(key)
            .is_none_or(|value| !is_inherited(value))
        {
            problems.push(format!(
                "{path}: package.{key} must be {key}.workspace = true"
            ));
        }
    }
    if table.get("lints").is_none_or(|lints| !is_inherited(lints)) {
        problems.push(format!("{path}: needs [lints] workspace = true"));
    }
    let mut dependencies = Vec::new();
    for kind in KINDS {
        let Some(used) = table.get(*kind).and_then(Value::as_table) else {
            continue;
        };
        for (dependency, how) in used {
            if !is_inherited(how) {
                problems.push(format!("{path}: {dependency}.workspace = true, its version belongs in the workspace's table"));
            }
            if *kind == "dependencies" {
                dependencies.push(dependency.clone());
            }
        }
    }
    if table.contains_key("target") {
        problems.push(format!(
            "{path}: dependencies of single targets are not allowed"
        ));
    }
    Package {
        path: path.clone(),
        name,
        dependencies,
        problems,
    }
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn workspace_problems(text: &str, paths: &[String]) -> Vec<String> {
    let table: Table = text.parse().unwrap();
    let mut problems = Vec::new();
    let members = table["workspace"]["members"].as_array().unwrap();
    for path in paths {
        let folder = path.trim_end_matches("/Cargo.toml");
        if !members.iter().any(|member| member.as_str() == Some(folder)) {
            problems.push(format!("{folder}: is no member of the workspace"));
        }
    }
    for (name, how) in table["workspace"]["dependencies"].as_table().unwrap() {
        let is_ours = how.get("path").is_some();
        let version = how
            .as_str()
            .or_else(|| how.get("version").and_then(Value::as_str));
        if !is_ours && version.is_none_or(|version| version.contains('*')) {
            problems.push(format!("{name}: needs a version"));
        }
        if how.get("git").is_some() {
            problems.push(format!("{name}: from git"));
        }
    }
    problems
}

#[test]
fn packages_take_versions_and_lints_from_the_workspace() {
    none(
        packages()
            .into_iter()
            .flat_map(|package| package.problems)
            .collect(),
    );
    let bad = "[package]\nname = \"x\"\nversion = \"1\"\n[dependencies]\nserde = \"1\"\n[dev-dependencies]\nrand.workspace = true\n";
    let bad = package(&File {
        path: "server/x/Cargo.toml".to_owned(),
        text: bad.to_owned(),
    });
    assert_eq!(bad.dependencies, ["serde"]);
    // five keys, the lints, serde
    assert_eq!(bad.problems.len(), 7, "{:?}", bad.problems);
}

#[test]
fn every_package_is_a_member_and_every_dependency_has_a_version() {
    let top = files_with("Cargo.toml")
        .into_iter()
        .find(|file| file.path == "Cargo.toml")
        .unwrap();
    let paths: Vec<String> = packages().into_iter().map(|package| package.path).collect();
    none(workspace_problems(&top.text, &paths));
    let bad = "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nx = { git = \"y\" }\nz = \"*\"\n";
    assert_eq!(
        workspace_problems(bad, &["b/Cargo.toml".to_owned()]).len(),
        4
    );
}
