//! A backup whose bytes are not what was written.

use std::path::{Path, PathBuf};

use super::commands::{backup, create, file_url, restore};
use crate::support::database::make;
use crate::support::pg::connect;
use crate::support::process::run;
use crate::support::server::TestServer;

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push(path);
        }
    }
}

#[tokio::test]
async fn a_flipped_byte_in_any_object_is_found_and_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    let url = file_url(&backups);
    let server = TestServer::start_in(&folder.path().join("data"));
    make(&connect(&server).await).await;
    create(&server, &url, "one");
    server.stop();
    run(backup("verify").args(["--from", &url])).ok();
    let mut objects = Vec::new();
    files(&backups, &mut objects);
    assert!(objects.len() >= 2, "{objects:?}");
    for (at, path) in objects.iter().enumerate() {
        let good = std::fs::read(path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        std::fs::write(path, bad).unwrap();
        let verified = run(backup("verify").args(["--from", &url]));
        assert_eq!(verified.code(), 3, "{}: {verified:#?}", path.display());
        let target = folder.path().join(format!("target-{at}"));
        let restored = run(&mut restore(&url, &target));
        assert_ne!(restored.code(), 0, "{}: {restored:#?}", path.display());
        assert!(
            !target.join("SUMMIT").exists(),
            "a database was made of {}",
            path.display()
        );
        // an object that is gone
        std::fs::remove_file(path).unwrap();
        let verified = run(backup("verify").args(["--from", &url]));
        assert!(
            [3, 4].contains(&verified.code()),
            "{}: {verified:#?}",
            path.display()
        );
        std::fs::write(path, good).unwrap();
    }
    run(backup("verify").args(["--from", &url])).ok();
    run(&mut restore(&url, &folder.path().join("good"))).ok();
}
