//! What prune removes and what it never does.

use super::*;
use std::fs;

use summit_backup::{PruneOptions, list, prune, verify};

fn keeping(keep_days: u32, now: i64, dry_run: bool) -> PruneOptions {
    PruneOptions {
        keep_days,
        now: CommitTime::from_micros(now),
        dry_run,
    }
}

#[tokio::test]
async fn old_backups_go_and_the_newest_always_stays() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let log = random_log(30, 60, 200);
    let mut ids = Vec::new();
    for days in [10, 8, 3] {
        ids.push(back_up_at(&target, &log, NOW - days * DAY).await.id);
    }
    let planned = prune(&target, keeping(7, NOW, true)).await.unwrap();
    assert_eq!(planned.backups, ids[..2]);
    assert_eq!(
        list(&target).await.unwrap().backups.len(),
        3,
        "a dry run removes nothing"
    );
    assert_eq!(
        prune(&target, keeping(7, NOW, false)).await.unwrap(),
        planned
    );
    let left = list(&target).await.unwrap().backups;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, ids[2]);
    // years later it is still the newest
    let report = prune(&target, keeping(0, NOW + 1000 * DAY, false))
        .await
        .unwrap();
    assert_eq!(report, summit_backup::PruneReport::default());
    verify(&target, &Selection::Latest)
        .await
        .unwrap()
        .result()
        .unwrap();
    let data = dir.path().join("backups/data");
    let objects = walk(&data);
    assert!(
        objects.iter().all(|name| name.contains(ids[2].as_str())),
        "{objects:?}"
    );
}

#[tokio::test]
async fn what_unfinished_backups_left_behind_goes_after_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let log = random_log(31, 60, 200);
    let unfinished = back_up_at(&target, &log, NOW - 5 * DAY).await;
    let manifest = dir
        .path()
        .join(format!("backups/manifests/{}.json", unfinished.id));
    fs::remove_file(&manifest).unwrap();
    let kept = back_up(&target, &log).await;
    // the files are as old as this machine's clock says, so "now" must follow it
    let written = Context::system().clock.now_micros().max(NOW);
    let report = prune(&target, keeping(7, written + DAY / 2, false))
        .await
        .unwrap();
    assert_eq!(report.unfinished, []);
    let report = prune(&target, keeping(7, written + 2 * DAY, false))
        .await
        .unwrap();
    assert_eq!(report.unfinished, [unfinished.id]);
    assert_eq!(report.objects, unfinished.objects);
    assert_eq!(report.bytes, unfinished.bytes);
    assert_eq!(list(&target).await.unwrap().backups, [kept]);
    verify(&target, &Selection::Latest)
        .await
        .unwrap()
        .result()
        .unwrap();
}

#[tokio::test]
async fn a_backup_with_a_damaged_manifest_is_left_for_a_person() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let log = random_log(32, 60, 200);
    let damaged = back_up_at(&target, &log, NOW - 50 * DAY).await;
    let manifest = dir
        .path()
        .join(format!("backups/manifests/{}.json", damaged.id));
    fs::write(manifest, "{").unwrap();
    back_up(&target, &log).await;
    let before = walk(&dir.path().join("backups/data"));
    let report = prune(&target, keeping(1, NOW + 1000 * DAY, false))
        .await
        .unwrap();
    assert_eq!(report.damaged, [damaged.id]);
    assert_eq!((report.objects, report.unfinished), (0, vec![]));
    assert_eq!(walk(&dir.path().join("backups/data")), before);
}

fn walk(dir: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(walk(&path));
        } else {
            names.push(path.display().to_string());
        }
    }
    names.sort();
    names
}
