//! Round trips over a directory.

use super::*;
use summit_backup::{BackupId, ExitCode, list, verify};

#[tokio::test]
async fn a_random_log_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    for seed in [1, 2, 3] {
        let log = random_log(seed, 500, 200);
        let info = back_up(&target, &log).await;
        assert!(info.objects > 5, "{info:?}");
        assert_eq!(info.entries, 500);
        let report = verify(&target, &Selection::Id(info.id.clone()))
            .await
            .unwrap();
        report.result().unwrap();
        assert_eq!(report.objects_good, info.objects);
        let (entries, result) = restored(&target, &Selection::Id(info.id.clone()), None).await;
        assert_eq!(entries, log.0);
        let result = result.unwrap();
        assert_eq!(result.backup, info);
        assert_eq!((result.entries, result.last), (500, Lsn::new(500)));
    }
    assert_eq!(list(&target).await.unwrap().backups.len(), 3);
}

#[tokio::test]
async fn a_restore_stops_after_the_position_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let log = random_log(4, 200, 200);
    back_up(&target, &log).await;
    for lsn in [0, 1, 57, 199, 200] {
        let to = Some(To::Lsn(Lsn::new(lsn)));
        let (entries, result) = restored(&target, &Selection::Latest, to).await;
        assert_eq!(entries, log.0[..usize::try_from(lsn).unwrap()]);
        assert_eq!(result.unwrap().last, Lsn::new(lsn));
    }
    let (entries, result) =
        restored(&target, &Selection::Latest, Some(To::Lsn(Lsn::new(201)))).await;
    let error = result.unwrap_err();
    assert!(entries.is_empty());
    assert_eq!(error.exit_code(), ExitCode::WrongUse);
    assert!(error.to_string().contains("positions 1 to 200"), "{error}");
}

#[tokio::test]
async fn a_restore_stops_after_the_time_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let log = random_log(5, 200, 200);
    back_up(&target, &log).await;
    for micros in [log.0[99].time.micros(), log.0[0].time.micros() - 1, NOW] {
        let time = CommitTime::from_micros(micros);
        let (entries, result) = restored(&target, &Selection::Latest, Some(To::Time(time))).await;
        let expected: Vec<Entry> = log
            .0
            .iter()
            .filter(|entry| entry.time <= time)
            .cloned()
            .collect();
        assert_eq!(entries, expected);
        assert_eq!(result.unwrap().entries, expected.len() as u64);
    }
    let time = CommitTime::from_micros(NOW + 1);
    let (_, result) = restored(&target, &Selection::Latest, Some(To::Time(time))).await;
    assert!(
        result
            .unwrap_err()
            .to_string()
            .contains("2026-11-24T15:30:00.000000Z")
    );
}

#[tokio::test]
async fn a_backup_may_end_before_the_log_does_and_start_late() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let log = random_log(6, 100, 200);
    let source = Arc::clone(&log) as Arc<dyn Log>;
    let at = Cut::at(Lsn::new(60));
    let info = create(
        &target,
        Arc::clone(&source),
        Lsn::new(11),
        at,
        options(4096),
    )
    .await
    .unwrap();
    assert_eq!((info.first, info.at, info.entries), (Lsn::new(11), at, 50));
    let (entries, _) = restored(&target, &Selection::Latest, None).await;
    assert_eq!(entries, log.0[10..60]);
    let beyond = Cut::at(Lsn::new(101));
    let error = create(&target, source, Lsn::new(1), beyond, options(4096))
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::WrongUse);
    assert!(error.hint().contains("100"), "{}", error.hint());
}

#[tokio::test]
async fn an_empty_database_has_a_backup_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let info = back_up(&target, &random_log(7, 0, 0)).await;
    assert_eq!((info.entries, info.objects, info.last_time), (0, 0, None));
    verify(&target, &Selection::Latest)
        .await
        .unwrap()
        .result()
        .unwrap();
    let (entries, result) = restored(&target, &Selection::Latest, None).await;
    assert!(entries.is_empty());
    assert_eq!(result.unwrap().last, Lsn::ZERO);
}

#[tokio::test]
async fn a_place_without_backups_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    assert_eq!(list(&target).await.unwrap().backups, []);
    let (_, result) = restored(&target, &Selection::Latest, None).await;
    let error = result.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::NothingToRestore);
    assert!(error.hint().contains("summit backup list"));
    let id: BackupId = "20261124T153000Z-000000ff".parse().unwrap();
    let error = verify(&target, &Selection::Id(id)).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::NothingToRestore);
    assert!(error.to_string().contains("20261124T153000Z-000000ff"));
}

#[tokio::test]
async fn an_error_of_the_taker_ends_a_restore() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    back_up(&target, &random_log(8, 100, 200)).await;
    let mut groups = 0;
    let error = restore(&target, &Selection::Latest, None, |_| {
        groups += 1;
        if groups == 2 {
            Err("the disk is full".into())
        } else {
            Ok(())
        }
    })
    .await
    .unwrap_err();
    assert_eq!(groups, 2);
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(error.exit_code(), ExitCode::Failed);
}

#[tokio::test]
async fn a_label_is_kept_and_a_bad_one_refused() {
    let dir = tempfile::tempdir().unwrap();
    let target = directory(&dir);
    let log = random_log(9, 3, 20);
    let mut with = options(4096);
    with.label = Some("before the \"big\" change".to_owned());
    let at = Cut::at(Lsn::new(3));
    create(
        &target,
        Arc::clone(&log) as _,
        Lsn::new(1),
        at,
        with.clone(),
    )
    .await
    .unwrap();
    let listed = list(&target).await.unwrap().backups;
    assert_eq!(
        listed[0].label.as_deref(),
        Some("before the \"big\" change")
    );
    assert_eq!(listed[0].database_id, "db-1");
    with.label = Some("two\nlines".to_owned());
    let error = create(&target, log, Lsn::new(1), at, with)
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::WrongUse);
}
