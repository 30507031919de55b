//! The data directory belongs to one engine, and to Summit.

use std::path::Path;
use std::sync::Arc;

use summit_engine::OpenError;
use tempfile::TempDir;

use crate::database::{Database, open};

#[tokio::test]
async fn a_directory_that_is_in_use_is_refused() {
    let database = Database::new().await;
    let mut client = database.client();
    let refused = open(database.path()).await.expect_err("it is in use");
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused:?}");
    assert!(
        refused.to_string().contains("is in use by another process"),
        "{refused}"
    );
    // The one that has it goes on.
    client.run("CREATE TABLE a (id INT PRIMARY KEY)").await;
}

#[tokio::test]
async fn a_directory_with_other_files_is_refused_and_left_alone() {
    let dir = TempDir::new().expect("a directory");
    write(&dir.path().join("thesis.doc"), "chapter 1");
    let refused = open(dir.path()).await.expect_err("it is not ours");
    assert!(
        matches!(&refused, OpenError::Foreign { found, .. } if found == "thesis.doc"),
        "{refused:?}"
    );
    assert_eq!(names(dir.path()), ["thesis.doc"]);
}

#[tokio::test]
async fn a_file_in_the_directorys_place_is_refused() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("data");
    write(&path, "");
    let refused = open(&path).await.expect_err("it is a file");
    assert!(matches!(refused, OpenError::DataDir { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_directory_of_another_format_is_refused() {
    let dir = TempDir::new().expect("a directory");
    let engine = open(dir.path()).await.expect("a new database");
    engine.shutdown().await;
    drop(engine);
    write(
        &dir.path().join("SUMMIT"),
        r#"{"format":999,"database_id":"x"}"#,
    );
    let refused = open(dir.path()).await.expect_err("it is too new");
    assert!(
        refused.to_string().contains("it has format 999"),
        "{refused}"
    );
}

#[tokio::test]
async fn shutting_down_twice_is_shutting_down_once() {
    let dir = TempDir::new().expect("a directory");
    let engine = open(dir.path()).await.expect("a new database");
    engine.shutdown().await;
    engine.shutdown().await;
    assert_eq!(Arc::strong_count(&engine), 1);
}

#[expect(clippy::disallowed_methods, reason = "what somebody else left there")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
}

#[expect(clippy::disallowed_methods, reason = "what somebody else finds there")]
fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(path)
        .expect("a directory")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}
