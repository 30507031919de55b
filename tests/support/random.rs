//! Random choices that can be made again.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::SeedableRng;
use rand::rngs::StdRng;

/// A generator whose seed is printed when the test fails; `SUMMIT_TEST_SEED` sets it.
pub fn seeded(test: &str) -> StdRng {
    let given = std::env::var("SUMMIT_TEST_SEED").ok();
    let seed = match given {
        Some(text) => text.parse().expect("SUMMIT_TEST_SEED is a number"),
        None => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_nanos() as u64,
    };
    println!("{test}: SUMMIT_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
