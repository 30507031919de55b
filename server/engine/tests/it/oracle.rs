//! At random points of random input each view is what its query gives in batch, and each
//! subscriber has been told so.
//!
//! `SUMMIT_SEED` runs one seed alone.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};

use crate::bag::{Bag, Row, Value, rows_of};
use crate::catalogue::{VIEWS, View};
use crate::database::{Client, Database, Stop};
use crate::follower::Follower;
use crate::operations::{Operations, everything};

/// Seeds of each of the two tests.
const SEEDS: u64 = 12;
const OPERATIONS: usize = 36;
/// Views of the catalogue that one seed has, beside what they need.
const VIEWS_AT_ONCE: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_view_is_what_its_query_gives() {
    seeds(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_view_is_what_its_query_gives_with_other_seeds() {
    seeds(1 + SEEDS).await;
}

async fn seeds(from: u64) {
    if let Ok(seed) = std::env::var("SUMMIT_SEED") {
        return run(seed.parse().expect("SUMMIT_SEED is a number")).await;
    }
    for seed in from..from + SEEDS {
        run(seed).await;
    }
}

/// One random life of a database.
async fn run(seed: u64) {
    println!("SUMMIT_SEED={seed}");
    let mut world = World::new(seed).await;
    for _ in 0..OPERATIONS {
        world.step().await;
    }
    world.check(VIEWS.len()).await;
}

struct World {
    database: Database,
    client: Client,
    other: Client,
    operations: Operations,
    random: StdRng,
    /// The catalogue's views that this seed has, in an order in which they can be made.
    chosen: Vec<&'static View>,
    /// Those that are there.
    made: Vec<&'static View>,
    followers: BTreeMap<&'static str, Follower>,
    /// Everything that was done, for a report.
    history: Vec<String>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let database = Database::new().await;
        let mut client = database.client();
        let operations = Operations::new(StdRng::seed_from_u64(seed));
        operations.create(&mut client).await;
        let mut random = StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9));
        World {
            other: database.client(),
            client,
            chosen: choose(seed, &mut random),
            database,
            operations,
            random,
            made: Vec::new(),
            followers: BTreeMap::new(),
            history: Vec::new(),
        }
    }

    async fn step(&mut self) {
        match self.random.random_range(0..40) {
            0..=10 => self.create().await,
            11 => self.drop_one().await,
            12 => self.restart().await,
            13..=16 => self.check(3).await,
            17..=18 => self.follow().await,
            _ => {}
        }
        let client = if self.random.random_range(0..4) == 0 {
            &mut self.other
        } else {
            &mut self.client
        };
        let done = self.operations.one(client).await;
        self.history.push(done);
    }

    /// Makes a view whose inputs are there.
    async fn create(&mut self) {
        let names: Vec<&str> = self.made.iter().map(|view| view.name).collect();
        let possible: Vec<&&'static View> = self
            .chosen
            .iter()
            .filter(|view| !names.contains(&view.name))
            .filter(|view| view.needs.iter().all(|need| names.contains(need)))
            .collect();
        let Some(view) = possible.choose(&mut self.random).map(|view| **view) else {
            return;
        };
        let sql = format!("CREATE MATERIALIZED VIEW {} AS {}", view.name, view.query);
        self.client.run(&sql).await;
        self.history.push(sql);
        self.made.push(view);
    }

    /// Drops a view with all that read it.
    async fn drop_one(&mut self) {
        let Some(view) = self.made.choose(&mut self.random).copied() else {
            return;
        };
        let mut gone = vec![view.name];
        for view in VIEWS {
            if view.needs.iter().any(|need| gone.contains(need)) {
                gone.push(view.name);
            }
        }
        let sql = format!("DROP MATERIALIZED VIEW {} CASCADE", view.name);
        self.client.run(&sql).await;
        self.history.push(sql);
        self.made.retain(|view| !gone.contains(&view.name));
        for name in gone {
            let Some(mut follower) = self.followers.remove(name) else {
                continue;
            };
            // One that follows the query of the view may go on.
            if follower.name() == name {
                let error = follower.end().await.expect("its relation is gone");
                assert_eq!(error.code.0, "42P01", "{error:?}");
            }
        }
    }

    async fn restart(&mut self) {
        let how = if self.random.random() {
            Stop::Crash
        } else {
            Stop::Shutdown
        };
        let names: Vec<&str> = self.made.iter().map(|view| view.name).collect();
        let before = everything(&self.database, &names).await;
        self.history.push(format!("-- {how:?}"));
        self.followers.clear();
        self.database.restart(how).await;
        self.client = self.database.client();
        self.other = self.database.client();
        let after = everything(&self.database, &names).await;
        for ((name, before), (_, after)) in before.iter().zip(&after) {
            if let Some(difference) = before.difference(after) {
                self.report(&format!("{name} is not what it was: {difference}"));
            }
        }
    }

    async fn follow(&mut self) {
        let Some(view) = self.made.choose(&mut self.random).copied() else {
            return;
        };
        // The view's changes, or its query's own.
        let what = if self.random.random() {
            view.name.to_owned()
        } else {
            format!("({})", view.query)
        };
        let follower = Follower::open(&mut self.client, &what).await;
        self.followers.insert(view.name, follower);
        self.history.push(format!("SUBSCRIBE {what}"));
    }

    /// Compares some views with their queries, and all followers with their views.
    async fn check(&mut self, views: usize) {
        let mut views: Vec<&'static View> = {
            let mut made = self.made.clone();
            made.shuffle(&mut self.random);
            made.into_iter().take(views).collect()
        };
        views.sort_by_key(|view| view.name);
        for view in views {
            let (kept, computed) = both(&mut self.client, view).await;
            if let Some(difference) = kept.difference(&computed) {
                self.report(&format!(
                    "{} ({}): the view has {difference}",
                    view.name, view.query
                ));
            }
        }
        self.client.run("SET read_consistency = 'strict'").await;
        let lsn = self.client.number("SELECT summit_lsn()").await;
        let mut followers = std::mem::take(&mut self.followers);
        for (name, follower) in &mut followers {
            follower.reach(lsn).await;
            let view = self.client.bag(&format!("SELECT * FROM {name}")).await;
            if let Some(difference) = view.difference(&follower.bag()) {
                self.report(&format!(
                    "{name}: the view, unlike its follower: {difference}"
                ));
            }
        }
        self.followers = followers;
        self.client.run("RESET read_consistency").await;
    }

    fn report(&self, what: &str) -> ! {
        for done in &self.history {
            println!("{done};");
        }
        panic!("{what}");
    }
}

/// Some views and all that they need, in the catalogue's order. Seeds that follow each other
/// have all of the catalogue together.
fn choose(seed: u64, random: &mut StdRng) -> Vec<&'static View> {
    let mut names: Vec<&str> = (0..VIEWS_AT_ONCE / 2)
        .map(|at| {
            VIEWS[(usize::try_from(seed).expect("small") * VIEWS_AT_ONCE / 2 + at) % VIEWS.len()]
                .name
        })
        .collect();
    names.extend(
        VIEWS
            .choose_multiple(random, VIEWS_AT_ONCE / 2)
            .map(|view| view.name),
    );
    for view in VIEWS.iter().rev() {
        if names.contains(&view.name) {
            names.extend(view.needs);
        }
    }
    VIEWS
        .iter()
        .filter(|view| names.contains(&view.name))
        .collect()
}

/// A view, and its query in batch, read by one statement at one position.
async fn both(client: &mut Client, view: &View) -> (Bag, Bag) {
    let sql = format!(
        "SELECT 0 AS side, v.* FROM {} AS v UNION ALL SELECT 1, q.* FROM ({}) AS q",
        view.name, view.query
    );
    let batches = match client.try_run(&sql).await {
        Ok(batches) => batches,
        Err(error) => panic!("{sql}: {error:?}"),
    };
    let (kept, computed): (Vec<Row>, Vec<Row>) = rows_of(&batches)
        .into_iter()
        .partition(|row| row[0] == Value::Text("0".to_owned()));
    let without_side = |rows: Vec<Row>| -> Bag {
        Bag::new(rows.into_iter().map(|row| row[1..].to_vec()).collect())
    };
    (without_side(kept), without_side(computed))
}
