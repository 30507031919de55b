//! A database with something of everything, and its contents to compare.

use tokio_postgres::Client;

use super::pg::{rows, run};

/// Streams, a table, views, a view on a view, late rows.
pub const SCHEMA: &str = "
    CREATE STREAM orders (id INT NOT NULL, ts TIMESTAMPTZ NOT NULL, customer INT, amount NUMERIC(10,2),
        WATERMARK FOR ts AS ts - INTERVAL '1 hour') PARTITION BY (customer) WITH (partitions = 3);
    CREATE TABLE customers (id INT PRIMARY KEY, name TEXT NOT NULL, city TEXT);
    CREATE MATERIALIZED VIEW by_customer AS
        SELECT customer, count(*) AS orders, sum(amount) AS total FROM orders GROUP BY customer;
    CREATE MATERIALIZED VIEW by_city AS
        SELECT c.city, sum(b.orders) AS orders, sum(b.total) AS total
        FROM by_customer b JOIN customers c ON c.id = b.customer GROUP BY c.city;
    CREATE MATERIALIZED VIEW hourly AS
        SELECT window_start, count(*) AS n, max(amount) AS most
        FROM orders WINDOW TUMBLE (ts, INTERVAL '1 hour') GROUP BY window_start, window_end;
    CREATE VIEW large AS SELECT id, amount FROM orders WHERE amount > 50;
";

/// Queries that give all of it, in an order of its own.
const CONTENTS: &[&str] = &[
    "SELECT * FROM orders ORDER BY id",
    "SELECT id, watermark FROM summit_late(orders) ORDER BY id",
    "SELECT * FROM customers ORDER BY id",
    "SELECT * FROM by_customer ORDER BY customer",
    "SELECT * FROM by_city ORDER BY city",
    "SELECT * FROM hourly ORDER BY window_start",
    "SELECT * FROM large ORDER BY id",
    "SELECT name, rows, late_rows FROM summit.streams ORDER BY name",
    "SELECT stream, partition, start_offset, end_offset FROM summit.partitions ORDER BY 1, 2",
    "SELECT name, definition FROM summit.views ORDER BY name",
];

/// Each view next to its query over what is stored.
const VIEWS: &[(&str, &str)] = &[
    (
        "SELECT customer, orders, total FROM by_customer ORDER BY 1",
        "SELECT customer, count(*), sum(amount) FROM orders GROUP BY customer ORDER BY 1",
    ),
    (
        "SELECT city, orders, total FROM by_city ORDER BY 1",
        "SELECT c.city, count(*), sum(o.amount) FROM orders o JOIN customers c ON c.id = o.customer
         GROUP BY c.city ORDER BY 1",
    ),
    (
        "SELECT window_start, n, most FROM hourly ORDER BY 1",
        "SELECT date_trunc('hour', ts), count(*), max(amount) FROM orders GROUP BY 1 ORDER BY 1",
    ),
];

/// Makes the relations, and fills them with rows `1..=200`.
pub async fn make(client: &Client) {
    run(client, SCHEMA).await;
    run(
        client,
        "INSERT INTO customers VALUES (0, 'Ann', 'Oslo'), (1, 'Bob', 'Rome'), (2, 'Cid', NULL)",
    )
    .await;
    add_orders(client, 1, 200).await;
    run(client, "UPDATE customers SET city = 'Bonn' WHERE id = 2").await;
    run(client, "DELETE FROM customers WHERE id = 1").await;
    run(client, "INSERT INTO customers VALUES (3, 'Dan', 'Oslo')").await;
    // far behind the watermark
    run(
        client,
        "INSERT INTO orders VALUES (100000, '2020-01-01 00:00:00+00', 1, 1)",
    )
    .await;
}

/// Adds orders `from..=to`, an insert for each ten.
pub async fn add_orders(client: &Client, from: u32, to: u32) {
    let rows: Vec<String> = (from..=to)
        .map(|id| {
            let (hour, minute) = (id / 60, id % 60);
            let (customer, euros, cents) = (id % 5, id % 90, id % 100);
            format!("({id}, TIMESTAMPTZ '2024-05-01 00:00:00+00' + INTERVAL '{hour} hours {minute} minutes', {customer}, {euros}.{cents:02})")
        })
        .collect();
    for ten in rows.chunks(10) {
        run(
            client,
            &format!("INSERT INTO orders VALUES {}", ten.join(", ")),
        )
        .await;
    }
}

/// Everything that is in it.
pub async fn contents(client: &Client) -> Vec<(&'static str, Vec<String>)> {
    let mut all = Vec::new();
    for sql in CONTENTS {
        all.push((*sql, rows(client, sql).await));
    }
    all
}

/// Checks that each view is what its query gives.
pub async fn views_equal_their_queries(client: &Client) {
    for (view, query) in VIEWS {
        assert_eq!(
            rows(client, view).await,
            rows(client, query).await,
            "{view}"
        );
    }
}
