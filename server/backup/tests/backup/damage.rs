//! Backups that are not as they were written.

use super::*;
use std::fs;
use std::path::PathBuf;

use summit_backup::{ExitCode, list, verify};

struct Damaged {
    _dir: tempfile::TempDir,
    target: Target,
    info: BackupInfo,
    log: Arc<MemoryLog>,
    root: PathBuf,
}

async fn backup() -> Damaged {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let log = random_log(20, 200, 200);
    let info = back_up(&target, &log).await;
    let root = dir.path().join("backups");
    Damaged {
        _dir: dir,
        target,
        info,
        log,
        root,
    }
}

impl Damaged {
    fn object(&self, number: usize) -> PathBuf {
        self.root
            .join(format!("data/{}/{number:06}.entries", self.info.id))
    }

    fn manifest(&self) -> PathBuf {
        self.root.join(format!("manifests/{}.json", self.info.id))
    }

    /// Verifying and restoring both find damage that names `object`; nothing of that object
    /// is handed on.
    async fn found(&self, object: &str) {
        let id = Selection::Id(self.info.id.clone());
        let error = match verify(&self.target, &id).await {
            Ok(report) => report.result().unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.exit_code(), ExitCode::Damage);
        assert!(error.to_string().contains(object), "{error}");
        let (entries, result) = restored(&self.target, &id, None).await;
        let error = result.unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Damage);
        assert!(error.to_string().contains(object), "{error}");
        assert!(entries.len() < 200);
        assert_eq!(entries, self.log.0[..entries.len()]);
    }
}

#[tokio::test]
async fn a_flipped_byte_anywhere_is_found_and_named() {
    let damaged = backup().await;
    let path = damaged.object(2);
    let good = fs::read(&path).unwrap();
    for at in [0, 9, 11, 15, 40, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        damaged.found("000002.entries").await;
    }
    fs::write(&path, good).unwrap();
    verify(&damaged.target, &Selection::Latest)
        .await
        .unwrap()
        .result()
        .unwrap();
}

#[tokio::test]
async fn a_missing_a_short_and_a_swapped_object_are_found_and_named() {
    let damaged = backup().await;
    let path = damaged.object(3);
    let good = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    damaged.found("000003.entries: is missing").await;
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    damaged.found("000003.entries: has").await;
    fs::write(&path, fs::read(damaged.object(2)).unwrap()).unwrap();
    damaged.found("000003.entries").await;
}

#[tokio::test]
async fn all_damage_is_reported_not_only_the_first() {
    let damaged = backup().await;
    fs::remove_file(damaged.object(1)).unwrap();
    fs::write(damaged.object(3), "").unwrap();
    let report = verify(&damaged.target, &Selection::Latest).await.unwrap();
    assert_eq!(report.damage.len(), 2);
    assert_eq!(report.objects_good, damaged.info.objects - 2);
    assert!(
        report
            .result()
            .unwrap_err()
            .to_string()
            .contains("and 1 more")
    );
}

#[tokio::test]
async fn a_damaged_manifest_is_never_passed_over_for_an_older_backup() {
    let damaged = backup().await;
    let older = back_up_at(&damaged.target, &damaged.log, NOW - DAY).await;
    let path = damaged.manifest();
    let good = fs::read_to_string(&path).unwrap();
    for text in [
        good[..good.len() / 2].to_owned(),
        String::new(),
        good.replace("\"entries\": 200", "\"entries\": 0"),
        good.replace("\"version\": 1", "\"version\": 2"),
        "{}".to_owned(),
    ] {
        fs::write(&path, text).unwrap();
        damaged
            .found(&format!("manifests/{}.json", damaged.info.id))
            .await;
        let (entries, result) = restored(&damaged.target, &Selection::Latest, None).await;
        assert_eq!(result.unwrap_err().exit_code(), ExitCode::Damage);
        assert!(entries.is_empty());
        let listing = list(&damaged.target).await.unwrap();
        assert_eq!(listing.backups, std::slice::from_ref(&older));
        assert_eq!(listing.damaged[0].0, damaged.info.id);
    }
    let (entries, _) = restored(&damaged.target, &Selection::Id(older.id), None).await;
    assert_eq!(entries, damaged.log.0);
}

#[tokio::test]
async fn an_interrupted_backup_is_never_listed() {
    let damaged = backup().await;
    // what a process leaves behind that died before the manifest
    fs::remove_file(damaged.manifest()).unwrap();
    assert_eq!(list(&damaged.target).await.unwrap().backups, []);
    let (entries, result) = restored(&damaged.target, &Selection::Latest, None).await;
    assert!(entries.is_empty());
    assert_eq!(result.unwrap_err().exit_code(), ExitCode::NothingToRestore);
}
