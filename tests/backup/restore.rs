//! A restored database is the one that was backed up.

use super::commands::{backup, create, file_url, list, restore};
use crate::support::database::{add_orders, contents, make, views_equal_their_queries};
use crate::support::pg::{connect, refused, rows, run as run_sql, value};
use crate::support::process::run;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_restored_database_equals_the_one_that_was_backed_up() {
    let folder = tempfile::tempdir().unwrap();
    let url = file_url(&folder.path().join("backups"));
    let server = TestServer::start_in(&folder.path().join("data"));
    let client = connect(&server).await;
    make(&client).await;
    let before = contents(&client).await;
    let lsn: u64 = value(&client, "SELECT summit_lsn()").await.parse().unwrap();
    let (id, at) = create(&server, &url, "first");
    assert_eq!(at, lsn);
    // what comes later is not in it
    add_orders(&client, 201, 260).await;
    run_sql(
        &client,
        "DROP MATERIALIZED VIEW hourly; CREATE TABLE later (k INT PRIMARY KEY)",
    )
    .await;

    let listed = list(&url, &[]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["id"], id.as_str());
    assert_eq!(listed[0]["lsn"], lsn);
    assert_eq!(listed[0]["label"], "first");
    let table = run(backup("list").args(["--from", &url])).ok();
    assert!(table.contains(&id) && table.contains("first"), "{table}");
    let verified = run(backup("verify").args(["--from", &url, "--id", &id])).ok();
    assert!(verified.contains(&id), "{verified}");

    let restored = folder.path().join("restored");
    let said = run(&mut restore(&url, &restored)).ok();
    assert!(
        said.contains(&id) && said.contains("summit start --data-dir"),
        "{said}"
    );
    let copy = TestServer::start_in(&restored);
    let copy_client = connect(&copy).await;
    assert_eq!(contents(&copy_client).await, before);
    assert_eq!(
        value(&copy_client, "SELECT summit_lsn()").await,
        lsn.to_string()
    );
    views_equal_their_queries(&copy_client).await;
    assert_eq!(
        refused(&copy_client, "SELECT * FROM later")
            .await
            .code()
            .code(),
        "42P01"
    );
    // it goes on by itself, and so does the first
    add_orders(&copy_client, 500, 520).await;
    views_equal_their_queries(&copy_client).await;
    assert_eq!(rows(&client, "SELECT count(*) FROM orders").await, ["260"]);
    copy.kill();
    let copy = TestServer::start_in(&restored);
    assert_eq!(
        rows(&connect(&copy).await, "SELECT count(*) FROM orders").await,
        ["221"]
    );
    copy.stop();
    server.stop();
}

#[tokio::test]
async fn a_restore_goes_to_any_lsn_of_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let url = file_url(&folder.path().join("backups"));
    let server = TestServer::start_in(&folder.path().join("data"));
    let client = connect(&server).await;
    run_sql(
        &client,
        "CREATE STREAM s (k INT); CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n, sum(k) AS k FROM s",
    )
    .await;
    let mut expected = Vec::new();
    for k in 1..=30 {
        run_sql(&client, &format!("INSERT INTO s VALUES ({k})")).await;
        expected.push((
            value(&client, "SELECT summit_lsn()").await,
            rows(&client, "SELECT n, k FROM m").await,
        ));
    }
    create(&server, &url, "all");
    server.stop();
    for (lsn, content) in expected.iter().step_by(13) {
        let restored = folder.path().join(format!("to-{lsn}"));
        run(restore(&url, &restored).args(["--to-lsn", lsn])).ok();
        let copy = TestServer::start_in(&restored);
        let client = connect(&copy).await;
        assert_eq!(
            &rows(&client, "SELECT n, k FROM m").await,
            content,
            "at {lsn}"
        );
        assert_eq!(&value(&client, "SELECT summit_lsn()").await, lsn);
        copy.stop();
    }
    let beyond = run(restore(&url, &folder.path().join("beyond")).args(["--to-lsn", "999999"]));
    beyond.failed_with_one_line(2, &["999999", "1 to "]);
}

#[tokio::test]
async fn sql_makes_and_lists_backups_too() {
    let folder = tempfile::tempdir().unwrap();
    let url = file_url(&folder.path().join("backups"));
    let server = TestServer::start_in(&folder.path().join("data"));
    let client = connect(&server).await;
    make(&client).await;
    let made = rows(
        &client,
        &format!("BACKUP INTO '{url}' WITH (label = 'nightly')"),
    )
    .await;
    assert_eq!(made.len(), 1, "{made:?}");
    let id = made[0].split('|').next().unwrap();
    let shown = rows(&client, &format!("SHOW BACKUPS IN '{url}'")).await;
    assert!(
        shown.len() == 1 && shown[0].contains(id) && shown[0].contains("nightly"),
        "{shown:?}"
    );
    let verified = rows(&client, &format!("VERIFY BACKUP '{id}' IN '{url}'"))
        .await
        .join("\n");
    assert!(verified.contains(id), "{verified}");
    assert_eq!(list(&url, &[])[0]["id"], id);
    // a backup while others write is still one position
    let (id, _) = create(&server, &url, "second");
    assert_eq!(list(&url, &[]).len(), 2);
    let restored = folder.path().join("restored");
    run(restore(&url, &restored).args(["--id", &id])).ok();
    let copy = TestServer::start_in(&restored);
    views_equal_their_queries(&connect(&copy).await).await;
    copy.stop();
    server.stop();
}

#[tokio::test]
async fn a_restore_writes_only_into_an_empty_directory_and_only_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let url = file_url(&folder.path().join("backups"));
    let target = folder.path().join("target");
    let nothing = run(&mut restore(&url, &target));
    nothing.failed_with_one_line(4, &[]);
    assert!(!target.join("SUMMIT").exists());
    let server = TestServer::start_in(&folder.path().join("data"));
    run_sql(&connect(&server).await, "CREATE STREAM s (k INT)").await;
    create(&server, &url, "one");
    std::fs::create_dir_all(&target).unwrap();
    std::fs::write(target.join("mine"), "mine").unwrap();
    run(&mut restore(&url, &target)).failed_with_one_line(5, &[target.to_str().unwrap()]);
    let used = run(&mut restore(&url, server.data_dir()));
    used.failed_with_one_line(5, &[server.data_dir().to_str().unwrap()]);
    let unknown =
        run(restore(&url, &folder.path().join("x")).args(["--id", "20200101T000000Z-00000000"]));
    unknown.failed_with_one_line(4, &["20200101T000000Z-00000000"]);
    assert_eq!(run(&mut backup("restore")).code(), 2);
    run(restore("gopher://x/y", &folder.path().join("x"))
        .args(["--id", "20200101T000000Z-00000000"]))
    .failed_with_one_line(2, &["gopher"]);
    server.stop();
}

#[tokio::test]
async fn prune_lists_first_deletes_with_yes_and_keeps_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let url = file_url(&folder.path().join("backups"));
    let server = TestServer::start_in(&folder.path().join("data"));
    make(&connect(&server).await).await;
    let (first, _) = create(&server, &url, "first");
    // ids tell backups of different seconds apart
    let second_of = |id: &str| id.split('-').next().map(str::to_owned);
    let (mut second, _) = create(&server, &url, "second");
    let mut older = vec![first.clone()];
    while second_of(&second) == second_of(&first) {
        older.push(second);
        second = create(&server, &url, "second").0;
    }
    let young = run(backup("prune").args(["--from", &url, "--keep-days", "7", "--yes"])).ok();
    assert!(!young.contains(&first), "{young}");
    let would = run(backup("prune").args(["--from", &url, "--keep-days", "0"])).ok();
    assert!(
        would.contains("would delete") && would.contains(&first) && !would.contains(&second),
        "{would}"
    );
    assert_eq!(list(&url, &[]).len(), older.len() + 1);
    let deleted = run(backup("prune").args(["--from", &url, "--keep-days", "0", "--yes"])).ok();
    assert!(older.iter().all(|id| deleted.contains(id)), "{deleted}");
    let left = list(&url, &[]);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["id"], second.as_str());
    run(backup("verify").args(["--from", &url])).ok();
    server.stop();
}
