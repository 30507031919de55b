//! `summit demo`: its final tables, computed again from the same files without Summit.

use std::path::Path;
use std::process::Command;

use crate::support::process::{run, run_with_input};
use crate::support::python;
use crate::support::server::command;

#[test]
fn the_final_tables_equal_those_computed_from_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(command()
        .args(["demo", "--once"])
        .current_dir(folder.path()))
    .ok();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    // Once by hand from the rows, once by DataFusion in batch from the same SQL.
    check("compare.py", &demo.join("data"), &shown);
    check("batch.py", &demo, &shown);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "it leaves nothing behind: {left:?}");
}

fn check(script: &str, files: &Path, shown: &str) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/demo");
    let compared = run_with_input(
        Command::new(python::bin().join("python"))
            .arg("-B")
            .arg(scripts.join(script))
            .arg(files),
        shown,
    )
    .ok();
    assert_eq!(
        compared.lines().last(),
        Some("6 tables are equal"),
        "{script}: {compared}"
    );
}
