//! Random statements over the base relations, and what must hold after each.

use rand::Rng;
use rand::rngs::StdRng;

use crate::bag::Bag;
use crate::base::{RELATIONS, Rows, SCHEMA, random_key};
use crate::database::{Client, Database};

/// Makes random statements. Knows nothing of views.
pub struct Operations {
    pub random: StdRng,
    rows: Rows,
    next_t: i32,
}

impl Operations {
    pub fn new(random: StdRng) -> Self {
        Operations {
            random,
            rows: Rows::new(),
            next_t: 0,
        }
    }

    /// Makes the base relations.
    pub async fn create(&self, client: &mut Client) {
        for statement in SCHEMA {
            client.run(statement).await;
        }
    }

    /// One random operation; answers what it did.
    pub async fn one(&mut self, client: &mut Client) -> String {
        match self.random.random_range(0..20) {
            0..=2 => {
                let rows = self.random.random_range(1..60);
                let batch = self.rows.e_batch(&mut self.random, rows);
                let pieces = [
                    batch.slice(0, rows / 2),
                    batch.slice(rows / 2, rows - rows / 2),
                ];
                let appended = client
                    .session
                    .append(&["e".to_owned()], pieces.to_vec())
                    .await;
                assert_eq!(appended, Ok(rows as u64));
                format!("append {rows} rows to e")
            }
            3..=4 => self.transaction(client).await,
            5 => self.rolled_back(client).await,
            6 => self.failing(client).await,
            _ => {
                let sql = self.write();
                client.run(&sql).await;
                sql
            }
        }
    }

    /// A statement that changes something and does not fail.
    fn write(&mut self) -> String {
        match self.random.random_range(0..12) {
            0..=2 => self.insert_s(),
            3..=4 => self.insert_e(),
            5..=6 => self.insert_t(),
            7 => self.insert_u(),
            8 | 9 => self.update(),
            _ => self.delete(),
        }
    }

    fn insert_s(&mut self) -> String {
        let rows: Vec<String> = (0..self.size())
            .map(|_| self.rows.s(&mut self.random))
            .collect();
        format!("INSERT INTO s VALUES {}", rows.join(", "))
    }

    fn insert_e(&mut self) -> String {
        let rows: Vec<String> = (0..self.size())
            .map(|_| self.rows.e(&mut self.random))
            .collect();
        format!("INSERT INTO e VALUES {}", rows.join(", "))
    }

    fn insert_t(&mut self) -> String {
        let rows: Vec<String> = (0..self.size())
            .map(|_| {
                self.next_t += 1;
                self.rows.t(&mut self.random, self.next_t)
            })
            .collect();
        format!("INSERT INTO t VALUES {}", rows.join(", "))
    }

    /// Few keys: it first takes away what is in the way, in the same transaction.
    fn insert_u(&mut self) -> String {
        let k = random_key(&mut self.random);
        let g = self.random.random_range(0..6);
        let row = self.rows.u(&mut self.random, k, g);
        format!(
            "BEGIN; DELETE FROM u WHERE k = '{k}' AND g = {g}; INSERT INTO u VALUES {row}; COMMIT"
        )
    }

    fn update(&mut self) -> String {
        let id = self.random.random_range(0..=self.next_t);
        let k = random_key(&mut self.random);
        match self.random.random_range(0..7) {
            0 => format!("UPDATE t SET a = a + 1 WHERE k = '{k}'"),
            1 => format!("UPDATE t SET k = '{k}', n = n * 2 WHERE id = {id}"),
            2 => format!("UPDATE t SET id = -id, a = NULL WHERE id = {id}"),
            3 => format!(
                "UPDATE u SET name = coalesce(name, '') || '!' WHERE k = '{k}' AND length(name) < 12"
            ),
            4 => format!(
                "UPDATE u SET f = f + 1 WHERE g < {}",
                self.random.random_range(0..6)
            ),
            5 => "UPDATE t SET d = d, a = a WHERE a > 3".to_owned(),
            _ => format!(
                "UPDATE t SET a = u.g FROM u WHERE u.k = t.k AND u.g = {} AND t.id > {id}",
                self.random.random_range(0..6)
            ),
        }
    }

    fn delete(&mut self) -> String {
        let id = self.random.random_range(0..=self.next_t);
        match self.random.random_range(0..5) {
            0 => format!("DELETE FROM t WHERE id = {id}"),
            1 => format!("DELETE FROM t WHERE id < {id} AND a % 3 = 1"),
            2 => format!("DELETE FROM u WHERE g = {}", self.random.random_range(0..6)),
            3 => format!(
                "DELETE FROM t WHERE k = '{}' OR k IS NULL",
                random_key(&mut self.random)
            ),
            _ => "DELETE FROM t WHERE id IN (SELECT max(id) FROM t)".to_owned(),
        }
    }

    /// Several statements over streams and tables in one entry.
    fn statements(&mut self) -> Vec<String> {
        (0..self.random.random_range(2..6))
            .map(|_| {
                loop {
                    let sql = self.write();
                    if !sql.starts_with("BEGIN") {
                        break sql;
                    }
                }
            })
            .collect()
    }

    async fn transaction(&mut self, client: &mut Client) -> String {
        let sql = format!("BEGIN; {}; COMMIT", self.statements().join("; "));
        client.run(&sql).await;
        sql
    }

    async fn rolled_back(&mut self, client: &mut Client) -> String {
        let before = bags(client).await;
        let sql = format!("BEGIN; {}; ROLLBACK", self.statements().join("; "));
        client.run(&sql).await;
        unchanged(&before, &bags(client).await, &sql);
        sql
    }

    /// A statement that fails in the middle of its rows or of its transaction.
    async fn failing(&mut self, client: &mut Client) -> String {
        let before = bags(client).await;
        let id = self.next_t + 1;
        let fine = self.rows.t(&mut self.random, id);
        let (code, sql) = match self.random.random_range(0..5) {
            0 => ("23505", format!("INSERT INTO t VALUES {fine}, {fine}")),
            1 => (
                "22012",
                format!("INSERT INTO t VALUES {fine}, ({id} + 1, 'a', 1 / ({id} - {id}), 0, NULL)"),
            ),
            2 => (
                "23505",
                format!(
                    "BEGIN; INSERT INTO s VALUES {}; INSERT INTO t VALUES {fine}; INSERT INTO t VALUES {fine}",
                    self.rows.s(&mut self.random)
                ),
            ),
            3 => (
                "23502",
                format!(
                    "INSERT INTO e SELECT nullif(id, {id}), NULL, k, a, NULL FROM (VALUES ({id}, 'a', 1), ({id} + 1, 'b', 2)) AS v (id, k, a)"
                ),
            ),
            _ => (
                "42P01",
                format!(
                    "BEGIN; {}; SELECT * FROM nowhere",
                    self.statements().join("; ")
                ),
            ),
        };
        let error = client.error(&sql).await;
        assert_eq!(error.code.0, code, "{sql}: {error:?}");
        if sql.starts_with("BEGIN") {
            assert_eq!(client.error("SELECT 1").await.code.0, "25P02");
            client.run("ROLLBACK").await;
        }
        unchanged(&before, &bags(client).await, &sql);
        sql
    }

    fn size(&mut self) -> usize {
        match self.random.random_range(0..8) {
            0 => self.random.random_range(10..40),
            1..=3 => 1,
            _ => self.random.random_range(1..8),
        }
    }
}

async fn bags(client: &mut Client) -> Vec<Bag> {
    let mut bags = Vec::new();
    for relation in RELATIONS {
        bags.push(client.bag(&format!("SELECT * FROM {relation}")).await);
    }
    bags
}

fn unchanged(before: &[Bag], after: &[Bag], sql: &str) {
    for ((before, after), relation) in before.iter().zip(after).zip(RELATIONS) {
        if let Some(difference) = before.difference(after) {
            panic!("{sql} changed {relation}: {difference}");
        }
    }
}

/// What every relation and view has, with what a stream keeps apart.
pub async fn everything(database: &Database, views: &[&str]) -> Vec<(String, Bag)> {
    let mut client = database.client();
    let mut all = Vec::new();
    let reads = RELATIONS.iter().chain(views).map(|name| (*name).to_owned());
    for name in reads.chain(["summit_late(s)".to_owned()]) {
        let bag = client.bag(&format!("SELECT * FROM {name}")).await;
        all.push((name, bag));
    }
    all
}
