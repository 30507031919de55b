//! The same entries, the same state: random transactions, failing ones too.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::StdRng;
use summit_log::{Cut, Lsn};
use summit_storage::{
    Applied, RelationId, RelationWrite, StorageError, StreamSpec, TableSpec, WatermarkSpec,
};

use crate::support::{
    Fixture, Row, all, append, batch, encoded, random, row, schema, table_write, weighted,
};

const STREAMS: [u32; 2] = [1, 2];
const TABLES: [u32; 2] = [3, 4];

fn fixture(tail_bytes: usize) -> Fixture {
    let fixture = Fixture::new(tail_bytes);
    for id in STREAMS {
        let watermark = (id == 1).then_some(WatermarkSpec {
            column: 0,
            delay_micros: 20,
        });
        let spec = StreamSpec {
            schema: schema(),
            partitions: 3,
            watermark,
        };
        fixture
            .storage
            .create_stream(RelationId(id), spec, Lsn::ZERO)
            .unwrap();
    }
    for id in TABLES {
        let spec = TableSpec {
            schema: schema(),
            primary_key: vec![1],
        };
        fixture
            .storage
            .create_table(RelationId(id), spec, Lsn::ZERO)
            .unwrap();
    }
    fixture
}

fn any_rows(random: &mut StdRng, now: i64) -> Vec<Row> {
    (0..random.random_range(1..30))
        .map(|_| {
            row(
                now + random.random_range(-40..10),
                random.random_range(0..50),
            )
        })
        .collect()
}

/// What a table should hold.
type Model = BTreeMap<i64, Row>;

fn any_table_write(random: &mut StdRng, model: &mut Model, id: u32, now: i64) -> RelationWrite {
    let held: Vec<Row> = model.values().cloned().collect();
    let mut deletes: Vec<Row> = held
        .into_iter()
        .filter(|_| random.random_bool(0.2))
        .collect();
    if random.random_bool(0.1) {
        // one that is not there: a conflict
        deletes.push(row(-1, random.random_range(0..60)));
    }
    let mut inserts: Vec<Row> = Vec::new();
    for delete in &deletes {
        if random.random_bool(0.5) {
            inserts.push(row(now, delete.1));
        }
    }
    for _ in 0..random.random_range(0..4) {
        // often a duplicate
        inserts.push(row(now, random.random_range(0..60)));
    }
    for delete in &deletes {
        model.remove(&delete.1);
    }
    model.extend(inserts.iter().map(|row| (row.1, row.clone())));
    let rows = |rows: Vec<Row>| (!rows.is_empty()).then(|| batch(&rows));
    table_write(id, rows(deletes), rows(inserts))
}

fn outcome(result: Result<Applied, StorageError>) -> String {
    match result {
        Ok(applied) => format!("{applied:?}"),
        Err(error) => error.to_string(),
    }
}

/// All that a reader can see, memory apart.
fn seen(fixture: &Fixture, at: Cut) -> Vec<(u32, Vec<Vec<u8>>)> {
    let mut seen = Vec::new();
    for id in STREAMS {
        let reader = fixture
            .storage
            .read_stream(RelationId(id), Cut::ZERO, at, None)
            .unwrap();
        seen.push((id, encoded(&all(&schema(), reader))));
        let late = fixture.storage.read_late(RelationId(id), at).unwrap();
        seen.push((id, encoded(&all(&late.schema().clone(), late))));
    }
    for id in TABLES {
        let snapshot = fixture.storage.table_snapshot(RelationId(id), at).unwrap();
        let mut rows: Vec<_> = snapshot
            .batches(None)
            .flat_map(|rows| encoded(&rows.unwrap()))
            .collect();
        rows.sort();
        seen.push((id, rows));
    }
    seen
}

/// An entry's position and rows with weights.
type EntryChange = (u64, Vec<(Vec<u8>, i64)>);

fn changes(fixture: &Fixture, id: u32, after: Cut) -> Vec<EntryChange> {
    fixture
        .storage
        .changes(RelationId(id), after, fixture.last())
        .unwrap()
        .map(|change| {
            let change = change.unwrap();
            (change.lsn.get(), weighted(&change.change))
        })
        .collect()
}

fn check(seed: u64) {
    let mut random = random(seed);
    let first = fixture(usize::MAX);
    let mut models: BTreeMap<u32, Model> = TABLES.map(|id| (id, Model::new())).into();
    let mut outcomes = Vec::new();
    let mut failed = 0;
    for now in 0..400 {
        let mut writes = Vec::new();
        let mut after = models.clone();
        for id in STREAMS {
            if random.random_bool(0.5) {
                let parts = (0..3)
                    .filter(|_| random.random_bool(0.6))
                    .collect::<Vec<u32>>()
                    .into_iter()
                    .map(|partition| (partition, batch(&any_rows(&mut random, now))))
                    .collect();
                writes.push(append(id, parts));
            }
        }
        for id in TABLES {
            if random.random_bool(0.5) {
                let model = after.get_mut(&id).unwrap();
                writes.push(any_table_write(&mut random, model, id, now));
            }
        }
        let result = first.write(writes);
        match &result {
            Ok(_) => models = after,
            Err(_) => failed += 1,
        }
        outcomes.push(outcome(result));
        if random.random_bool(0.1) {
            let horizon = random.random_range(0..=now as u64);
            first.storage.compact(Cut::at(Lsn::new(horizon))).unwrap();
        }
    }
    assert!(failed > 20 && failed < 300, "{failed} failed");
    for (id, model) in &models {
        let rows: Vec<Row> = model.values().cloned().collect();
        let mut rows = encoded(&batch(&rows));
        rows.sort();
        let last = seen(&first, first.last());
        assert_eq!(last.iter().find(|(held, _)| held == id).unwrap().1, rows);
    }

    for tail_bytes in [0, 20_000] {
        let again = fixture(tail_bytes);
        let mut middle = None;
        for entry in first.log.entries() {
            again.log.push(entry.payload.clone());
            let result = again.apply(entry.lsn, entry.time, &entry.payload);
            assert_eq!(outcome(result), outcomes[entry.lsn.get() as usize - 1]);
            if entry.lsn == Lsn::new(399) {
                middle = Some(seen(&again, Cut::at(entry.lsn)));
            }
        }
        assert_eq!(seen(&again, again.last()), seen(&first, first.last()));
        assert_eq!(seen(&again, Cut::at(Lsn::new(399))), middle.unwrap());
        for id in STREAMS.into_iter().chain(TABLES) {
            for after in [0, 1, 200, 399, 400] {
                let after = Cut::at(Lsn::new(after));
                assert_eq!(changes(&again, id, after), changes(&first, id, after));
            }
            let (mut one, mut other) = (
                again.storage.stats(RelationId(id)).unwrap(),
                first.storage.stats(RelationId(id)).unwrap(),
            );
            (one.memory_bytes, other.memory_bytes) = (0, 0);
            assert_eq!(one, other);
            let watermark = |fixture: &Fixture| {
                (0..=400)
                    .map(|at| {
                        fixture
                            .storage
                            .watermark(RelationId(id), Cut::at(Lsn::new(at)))
                            .unwrap()
                    })
                    .collect::<Vec<_>>()
            };
            if STREAMS.contains(&id) {
                assert_eq!(watermark(&again), watermark(&first));
            }
        }
    }
}

#[test]
fn a_replay_gives_the_same_state_wherever_rows_are_read_from() {
    for seed in 100..103 {
        check(seed);
    }
}

#[test]
fn changes_of_a_table_that_are_not_in_memory_any_more_come_from_the_log() {
    let fixture = fixture(0);
    // 40 times 0.8 MB: more than a changelog keeps
    let text = "x".repeat(8000);
    for n in 0..40_i64 {
        let rows: Vec<Row> = (0..100)
            .map(|k| (Some(n), n * 100 + k, None, Some(text.clone())))
            .collect();
        fixture
            .write(vec![table_write(3, None, Some(batch(&rows)))])
            .unwrap();
    }
    let first = &changes(&fixture, 3, Cut::ZERO);
    assert_eq!(first.len(), 40);
    assert!(*fixture.log.reads.lock().unwrap() > 0);
    for (at, (lsn, rows)) in first.iter().enumerate() {
        assert_eq!((*lsn, rows.len()), (at as u64 + 1, 100));
    }
}
