//! Views whose queries fail on their data.

use crate::database::{Database, Stop};

const SCHEMA: &str = "CREATE STREAM s (id INT, a INT); CREATE TABLE t (id INT PRIMARY KEY, a INT)";

#[tokio::test]
async fn a_view_that_fails_on_a_later_row_stops_alone() {
    let mut database = Database::new().await;
    let mut client = database.client();
    client.run(SCHEMA).await;
    client
        .run("CREATE MATERIALIZED VIEW bad AS SELECT id, 10 / a AS q FROM s")
        .await;
    client
        .run("CREATE MATERIALIZED VIEW on_bad AS SELECT sum(q) AS sq FROM bad")
        .await;
    client
        .run("CREATE MATERIALIZED VIEW good AS SELECT count(*) AS c FROM s")
        .await;
    client.run("INSERT INTO s VALUES (1, 5), (2, 2)").await;
    let last_good = client.number("SELECT summit_lsn()").await;
    assert_eq!(client.lines("SELECT * FROM bad").await, ["1|2", "2|5"]);
    client.run("INSERT INTO s VALUES (3, 1), (4, 0)").await;
    client.run("INSERT INTO s VALUES (5, 5)").await;

    assert_eq!(client.lines("SELECT * FROM good").await, ["5"]);
    for view in ["bad", "on_bad"] {
        let error = client.error(&format!("SELECT * FROM {view}")).await;
        assert_eq!(error.code.0, "55000", "{error:?}");
        assert!(error.message.contains("division by zero"), "{error:?}");
        assert!(error.hint.is_some(), "{error:?}");
    }
    let states = "SELECT name, state, lsn FROM summit.views WHERE state = 'failed'";
    let failed = client.lines(states).await;
    let bad = format!("bad|failed|{last_good}");
    assert!(failed.contains(&bad), "{failed:?}, not {bad}");
    assert!(database.status().relations.iter().any(|relation| {
        relation.name == "bad"
            && relation
                .failed
                .as_ref()
                .is_some_and(|why| why.contains("zero"))
    }));

    // It stays so over a restart, and can be dropped.
    drop(client);
    database.restart(Stop::Crash).await;
    let mut client = database.client();
    assert_eq!(client.lines("SELECT * FROM good").await, ["5"]);
    let error = client.error("SELECT * FROM bad").await;
    assert_eq!(error.code.0, "55000", "{error:?}");
    client.run("DROP MATERIALIZED VIEW bad CASCADE").await;
    client
        .run("CREATE MATERIALIZED VIEW bad AS SELECT id, 10 / a AS q FROM s WHERE a <> 0")
        .await;
    assert_eq!(client.number("SELECT count(*) FROM bad").await, 4);
}

#[tokio::test]
async fn a_view_that_fails_on_rows_that_are_there_is_not_made() {
    let database = Database::new().await;
    let mut client = database.client();
    client.run(SCHEMA).await;
    client.run("INSERT INTO t VALUES (1, 4), (2, 0)").await;
    let sql = "CREATE MATERIALIZED VIEW bad AS SELECT id, 8 / a AS q FROM t";
    let error = client.error(sql).await;
    assert_eq!(error.code.0, "22012", "{error:?}");
    assert!(
        error.message.contains("\"bad\" cannot be built"),
        "{error:?}"
    );
    assert_eq!(client.error("SELECT * FROM bad").await.code.0, "42P01");
    assert_eq!(client.number("SELECT count(*) FROM summit.views").await, 0);
    client.run("DELETE FROM t WHERE a = 0").await;
    client.run(sql).await;
    assert_eq!(client.lines("SELECT * FROM bad").await, ["1|2"]);
}

#[tokio::test]
async fn a_subscription_ends_with_the_error_of_its_query() {
    let database = Database::new().await;
    let mut client = database.client();
    client.run(SCHEMA).await;
    let rows = client
        .subscribe("SUBSCRIBE (SELECT 6 / a AS q FROM s)")
        .await;
    let mut follower = crate::follower::Follower::of("query", rows.expect("it opens"));
    let mut writer = database.client();
    writer.run("INSERT INTO s VALUES (1, 0)").await;
    let error = follower.end().await.expect("an error");
    assert_eq!(error.code.0, "22012", "{error:?}");
}
