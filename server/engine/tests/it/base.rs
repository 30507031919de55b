//! The streams and tables that the catalogue's views read.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use rand::Rng;
use rand::rngs::StdRng;

/// A stream with a watermark, a partitioned stream, and two tables.
pub const SCHEMA: &[&str] = &[
    "CREATE STREAM s (id BIGINT NOT NULL, ts TIMESTAMPTZ, k TEXT, a INT, n NUMERIC(10,2), \
     f DOUBLE PRECISION, ok BOOLEAN, WATERMARK FOR ts AS ts - INTERVAL '5 minutes')",
    "CREATE STREAM e (id BIGINT NOT NULL, ts TIMESTAMP, k TEXT, b INT, x DOUBLE PRECISION) \
     PARTITION BY (k) WITH (partitions = 3)",
    "CREATE TABLE t (id INT PRIMARY KEY, k TEXT, a INT, n NUMERIC(12,3), d DATE)",
    "CREATE TABLE u (k TEXT, g INT, name TEXT, f DOUBLE PRECISION, PRIMARY KEY (k, g))",
    "CREATE VIEW plain_s AS SELECT id, k, a * 2 AS a2, n FROM s WHERE a IS NOT NULL",
    "CREATE VIEW plain_tu AS SELECT t.id, t.k, u.name, u.g FROM t JOIN u ON t.k = u.k",
];

/// The names of what holds rows.
pub const RELATIONS: &[&str] = &["s", "e", "t", "u"];

const KEYS: &[&str] = &["a", "b", "c", "dd", "E"];

/// 2024-01-01 00:00:00 UTC.
const START_MICROS: i64 = 1_704_067_200_000_000;
const SECOND: i64 = 1_000_000;

/// Makes rows; event time goes on with their number, with steps back.
pub struct Rows {
    next_id: i64,
}

impl Rows {
    pub fn new() -> Self {
        Rows { next_id: 0 }
    }

    fn id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Event time: forwards on the whole, out of order, now and then behind the watermark.
    fn micros(&self, random: &mut StdRng) -> i64 {
        let back = match random.random_range(0..20) {
            0 => random.random_range(300..2000),
            1..=6 => random.random_range(0..300),
            _ => 0,
        };
        START_MICROS + (self.next_id * 20 - back) * SECOND
    }

    pub fn s(&mut self, random: &mut StdRng) -> String {
        let id = self.id();
        let micros = self.micros(random);
        let ts = nullable(random, 20, |_| timestamp(micros));
        let k = key(random);
        let a = nullable(random, 5, |random| random.random_range(-9..20).to_string());
        let n = nullable(random, 6, |random| hundredths(random, 500_000));
        let f = nullable(random, 6, |random| float(random).to_string());
        let ok = nullable(random, 4, |random| random.random::<bool>().to_string());
        format!("({id}, {ts}, {k}, {a}, {n}, {f}, {ok})")
    }

    pub fn e(&mut self, random: &mut StdRng) -> String {
        let id = self.id();
        let ts = timestamp(self.micros(random));
        let k = key(random);
        let b = nullable(random, 5, |random| random.random_range(0..12).to_string());
        let x = nullable(random, 5, |random| float(random).to_string());
        format!("({id}, {ts}, {k}, {b}, {x})")
    }

    /// Rows of `e` as a front end with Arrow sends them; without the column `b`, at times.
    pub fn e_batch(&mut self, random: &mut StdRng, rows: usize) -> RecordBatch {
        let ids: Vec<i64> = (0..rows).map(|_| self.id()).collect();
        let ts: Vec<i64> = ids.iter().map(|_| self.micros(random)).collect();
        let keys: Vec<Option<&str>> = ids
            .iter()
            .map(|_| {
                (random.random_range(0..8) > 0).then(|| KEYS[random.random_range(0..KEYS.len())])
            })
            .collect();
        let x: Vec<Option<f64>> = ids
            .iter()
            .map(|_| (random.random_range(0..5) > 0).then(|| float(random)))
            .collect();
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("x", Arc::new(Float64Array::from(x))),
            ("k", Arc::new(StringArray::from(keys))),
            ("ts", Arc::new(TimestampMicrosecondArray::from(ts))),
        ];
        if random.random() {
            let b: Vec<Option<i32>> = ids
                .iter()
                .map(|_| (random.random_range(0..5) > 0).then(|| random.random_range(0..12)))
                .collect();
            columns.push(("b", Arc::new(Int32Array::from(b))));
        }
        columns.push(("id", Arc::new(Int64Array::from(ids))));
        RecordBatch::try_from_iter_with_nullable(
            columns
                .into_iter()
                .map(|(name, column)| (name, column, true)),
        )
        .expect("columns of one length")
    }

    pub fn t(&mut self, random: &mut StdRng, id: i32) -> String {
        let k = key(random);
        let a = nullable(random, 5, |random| random.random_range(-5..10).to_string());
        let n = nullable(random, 5, |random| hundredths(random, 100_000));
        let d = nullable(random, 5, |random| {
            format!("DATE '2024-01-{:02}'", random.random_range(1..20))
        });
        format!("({id}, {k}, {a}, {n}, {d})")
    }

    pub fn u(&mut self, random: &mut StdRng, k: &str, g: i32) -> String {
        let name = nullable(random, 6, |random| {
            format!("'name {}'", random.random_range(0..6))
        });
        let f = nullable(random, 5, |random| float(random).to_string());
        format!("('{k}', {g}, {name}, {f})")
    }
}

pub fn random_key(random: &mut StdRng) -> &'static str {
    KEYS[random.random_range(0..KEYS.len())]
}

fn key(random: &mut StdRng) -> String {
    nullable(random, 8, |random| format!("'{}'", random_key(random)))
}

/// Positive, so that sums lose no digits; a third has no exact form.
fn float(random: &mut StdRng) -> f64 {
    f64::from(random.random_range(1..3000))
        / if random.random_range(0..3) == 0 {
            7.0
        } else {
            4.0
        }
}

fn hundredths(random: &mut StdRng, max: i64) -> String {
    let hundredths = random.random_range(-max..max);
    format!(
        "{}{}.{:02}",
        if hundredths < 0 { "-" } else { "" },
        hundredths.abs() / 100,
        hundredths.abs() % 100
    )
}

fn timestamp(micros: i64) -> String {
    format!("to_timestamp_micros({micros})")
}

fn nullable(random: &mut StdRng, one_in: u32, make: impl FnOnce(&mut StdRng) -> String) -> String {
    if random.random_range(0..one_in) == 0 {
        "NULL".to_owned()
    } else {
        make(random)
    }
}
