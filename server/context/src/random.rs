//! Randomness.

/// A source of random numbers.
pub trait Random: Send + Sync {
    /// A number that nobody can guess.
    fn next_u64(&self) -> u64;
}

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

#[expect(clippy::disallowed_methods, reason = "this is the seam")]
impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        rand::random()
    }
}
