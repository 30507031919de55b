//! The engine's bounds.

/// Threads for queries, at least: a query that computes long without yielding holds as many as
/// there are cores, and others must still find one.
pub const QUERY_THREADS_MIN: usize = 16;
/// Sessions at once, over all front ends.
pub const SESSIONS_MAX: usize = 1024;
/// Bytes that one transaction may write: it is one log entry.
pub const TRANSACTION_BYTES_MAX: usize = summit_log::limits::ENTRY_BYTES_MAX - (1 << 20);
/// Times that a statement is run again after another transaction was first.
pub const CONFLICT_RETRIES_MAX: usize = 16;
/// Bytes of changes that may wait for one subscriber; past it the subscription ends.
pub const SUBSCRIPTION_BYTES_MAX: usize = 64 << 20;
/// Steps that may wait for one subscriber; past it the subscription ends.
pub const SUBSCRIPTION_STEPS_MAX: usize = 65_536;
/// Subscriptions at once.
pub const SUBSCRIPTIONS_MAX: usize = 1024;
/// Log entries that one step of the views takes: bounds the memory of a step.
pub const STEP_ENTRIES_MAX: u64 = 4096;
/// Rows of input that operators take at once.
pub const STEP_CHUNK_ROWS: usize = 65_536;
/// Bytes of entries that are applied before readers are told.
pub const APPLY_BYTES_MAX: usize = 8 << 20;
