//! Backups on a real S3 server.

use super::commands::{backup, create, list, restore};
use crate::support::database::{contents, make, views_equal_their_queries};
use crate::support::pg::{connect, refused, rows};
use crate::support::process::run;
use crate::support::s3::S3Server;
use crate::support::server::{TestServer, command};

#[tokio::test]
async fn a_database_goes_to_s3_and_comes_back() {
    const URL: &str = "s3://backups/some/prefix";
    let s3 = S3Server::start();
    let environment = s3.environment();
    let folder = tempfile::tempdir().unwrap();
    let mut program = command();
    program.envs(environment.clone());
    let server = TestServer::start_with(&folder.path().join("data"), program);
    let client = connect(&server).await;
    make(&client).await;
    let before = contents(&client).await;
    let (id, lsn) = create(&server, URL, "to s3");
    let made = rows(&client, &format!("BACKUP INTO '{URL}'")).await;
    assert_eq!(made.len(), 1);
    let listed = list(URL, &environment);
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .any(|backup| backup["id"] == id.as_str() && backup["lsn"] == lsn),
        "{listed:?}"
    );
    // a bucket that is not there is said at once
    let error = refused(&client, "BACKUP INTO 's3://nothere/x'").await;
    assert!(error.message().contains("nothere"), "{error:?}");
    server.stop_with_log();

    run(backup("verify")
        .args(["--from", URL, "--id", &id])
        .envs(environment.clone()))
    .ok();
    let restored = folder.path().join("restored");
    run(restore(URL, &restored)
        .args(["--id", &id])
        .envs(environment.clone()))
    .ok();
    let copy = TestServer::start_in(&restored);
    let client = connect(&copy).await;
    assert_eq!(contents(&client).await, before);
    views_equal_their_queries(&client).await;
    drop(client);
    copy.stop();
    let pruned = run(backup("prune")
        .args(["--from", URL, "--keep-days", "0", "--yes"])
        .envs(environment.clone()))
    .ok();
    assert!(pruned.contains("deleted"), "{pruned}");
    assert_eq!(list(URL, &environment).len(), 1);
}
