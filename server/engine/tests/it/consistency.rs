//! Many at once: totals hold, writes are read, the first writer wins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use summit_context::spawn_task;

use crate::database::{Client, Database};

const ACCOUNTS: i64 = 8;
const TOTAL: i64 = ACCOUNTS * 100;
const WRITERS: u64 = 3;
const TRANSFERS: usize = 15;

async fn accounts(client: &mut Client) {
    client
        .run("CREATE TABLE accounts (id INT PRIMARY KEY, branch INT, balance BIGINT NOT NULL)")
        .await;
    client
        .run("CREATE STREAM transfers (source INT, target INT, amount BIGINT)")
        .await;
    client
        .run("CREATE MATERIALIZED VIEW branches AS SELECT branch, sum(balance) AS balance FROM accounts GROUP BY branch")
        .await;
    client
        .run("CREATE MATERIALIZED VIEW bank AS SELECT count(*) AS n, sum(balance) AS balance FROM branches")
        .await;
    client
        .run("CREATE MATERIALIZED VIEW moved AS SELECT sum(amount) AS amount FROM transfers")
        .await;
    client
        .run("INSERT INTO accounts SELECT v.id, v.id % 3, 100 FROM generate_series(1, 8) AS v (id)")
        .await;
}

/// Moves money, again and again until it is the first writer; answers how often it was not.
async fn transfer(client: &mut Client, random: &mut StdRng) -> usize {
    let source = random.random_range(1..=ACCOUNTS);
    let target = 1 + (source + random.random_range(0..ACCOUNTS - 1)) % ACCOUNTS;
    let amount = random.random_range(1..20);
    for lost in 0.. {
        let written = client
            .try_run(&format!(
                "BEGIN; UPDATE accounts SET balance = balance - {amount} WHERE id = {source}; \
                 UPDATE accounts SET balance = balance + {amount} WHERE id = {target}; \
                 INSERT INTO transfers VALUES ({source}, {target}, {amount}); COMMIT"
            ))
            .await;
        match written {
            Ok(_) => return lost,
            Err(error) => {
                assert_eq!(error.code.0, "40001", "{error:?}");
                client.run("ROLLBACK").await;
            }
        }
    }
    unreachable!("somebody is first in the end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_hold_at_every_moment() {
    let database = Database::new().await;
    accounts(&mut database.client()).await;
    let writing = Arc::new(AtomicUsize::new(usize::try_from(WRITERS).expect("few")));
    let mut tasks = Vec::new();
    for seed in 0..WRITERS {
        let mut client = database.client();
        let writing = Arc::clone(&writing);
        tasks.push(spawn_task("writer", async move {
            let mut random = StdRng::seed_from_u64(seed);
            for _ in 0..TRANSFERS {
                transfer(&mut client, &mut random).await;
            }
            writing.fetch_sub(1, Ordering::Relaxed);
        }));
    }
    for consistency in ["session", "strict", "latest"] {
        let mut client = database.client();
        let writing = Arc::clone(&writing);
        tasks.push(spawn_task("reader", async move {
            client
                .run(&format!("SET read_consistency = '{consistency}'"))
                .await;
            while writing.load(Ordering::Relaxed) > 0 {
                reads(&mut client).await;
            }
            reads(&mut client).await;
        }));
    }
    for task in tasks {
        task.await.expect("no task fails");
    }
    let mut client = database.client();
    client.run("SET read_consistency = 'strict'").await;
    let count = i64::try_from(TRANSFERS).expect("few") * i64::try_from(WRITERS).expect("few");
    assert_eq!(client.number("SELECT count(*) FROM transfers").await, count);
}

async fn reads(client: &mut Client) {
    let total = client.number("SELECT sum(balance) FROM accounts").await;
    assert_eq!(total, TOTAL, "the table");
    let total = client.number("SELECT sum(balance) FROM branches").await;
    assert_eq!(total, TOTAL, "the view");
    // All at one position: the table, a view of it, a view of the view.
    let joined = client
        .lines(
            "SELECT a.balance, b.balance, bank.balance, coalesce(moved.amount = t.amount, true) \
             FROM (SELECT sum(balance) AS balance FROM accounts) AS a \
             CROSS JOIN (SELECT sum(balance) AS balance FROM branches) AS b \
             CROSS JOIN bank CROSS JOIN moved \
             CROSS JOIN (SELECT sum(amount) AS amount FROM transfers) AS t",
        )
        .await;
    assert_eq!(joined, [format!("{TOTAL}|{TOTAL}|{TOTAL}|true")]);
    let differences = client
        .number(
            "SELECT count(*) FROM branches AS b JOIN (SELECT branch, sum(balance) AS balance \
             FROM accounts GROUP BY branch) AS a ON a.branch = b.branch \
             WHERE a.balance <> b.balance",
        )
        .await;
    assert_eq!(differences, 0);
}

#[tokio::test]
async fn a_session_reads_its_own_writes_in_views() {
    let database = Database::new().await;
    let mut client = database.client();
    accounts(&mut client).await;
    for amount in 1..40_i64 {
        let sql = format!("INSERT INTO transfers VALUES (1, 2, {amount})");
        client.run(&sql).await;
        let moved = client.number("SELECT amount FROM moved").await;
        assert_eq!(moved, amount * (amount + 1) / 2);
    }
}

#[tokio::test]
async fn a_strict_reader_sees_what_others_were_told_is_done() {
    let database = Database::new().await;
    let mut client = database.client();
    accounts(&mut client).await;
    let mut reader = database.client();
    reader.run("SET read_consistency = 'strict'").await;
    for count in 1..40 {
        client.run("INSERT INTO transfers VALUES (1, 2, 1)").await;
        assert_eq!(reader.number("SELECT amount FROM moved").await, count);
    }
}

#[tokio::test]
async fn the_first_writer_wins() {
    let database = Database::new().await;
    let mut first = database.client();
    let mut second = database.client();
    accounts(&mut first).await;
    first
        .run("BEGIN; UPDATE accounts SET balance = 1 WHERE id = 1")
        .await;
    second
        .run("BEGIN; UPDATE accounts SET balance = 2 WHERE id = 1; INSERT INTO transfers VALUES (1, 1, 1)")
        .await;
    first.run("COMMIT").await;
    let error = second.error("COMMIT").await;
    assert_eq!(error.code.0, "40001", "{error:?}");
    assert_eq!(
        second
            .number("SELECT balance FROM accounts WHERE id = 1")
            .await,
        1
    );
    assert_eq!(second.number("SELECT count(*) FROM transfers").await, 0);

    // Others' rows are no conflict; nor are both appending to a stream.
    first.run("BEGIN; UPDATE accounts SET balance = 3 WHERE id = 1; INSERT INTO transfers VALUES (1, 1, 1)").await;
    second.run("BEGIN; UPDATE accounts SET balance = 4 WHERE id = 2; INSERT INTO transfers VALUES (2, 2, 2)").await;
    first.run("COMMIT").await;
    second.run("COMMIT").await;
    assert_eq!(
        second
            .lines("SELECT id, balance FROM accounts WHERE id < 3")
            .await,
        ["1|3", "2|4"]
    );
}

#[tokio::test]
async fn of_two_that_insert_one_key_the_second_fails() {
    let database = Database::new().await;
    let mut first = database.client();
    let mut second = database.client();
    accounts(&mut first).await;
    first
        .run("BEGIN; INSERT INTO accounts VALUES (9, 0, 1)")
        .await;
    second
        .run("BEGIN; INSERT INTO accounts VALUES (9, 0, 2)")
        .await;
    first.run("COMMIT").await;
    let error = second.error("COMMIT").await;
    assert_eq!(error.code.0, "23505", "{error:?}");
    assert_eq!(
        second
            .number("SELECT balance FROM accounts WHERE id = 9")
            .await,
        1
    );
}
