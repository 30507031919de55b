//! Positions.

use std::fmt;

/// A position in a database's log. Totally ordered, dense from 1, never reused.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(u64);

impl Lsn {
    /// Before the first entry.
    pub const ZERO: Lsn = Lsn(0);
    /// After every entry there can be.
    pub const MAX: Lsn = Lsn(u64::MAX);

    /// The position with this number.
    pub const fn new(value: u64) -> Self {
        Lsn(value)
    }

    /// The number of this position.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position after this one.
    pub const fn next(self) -> Self {
        Lsn(self.0 + 1)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A consistent position over all log groups of a database: everything up to and including
/// it. Of one group today, so it holds one [`Lsn`]; what takes a position takes a `Cut`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cut(Lsn);

impl Cut {
    /// Before the first entry.
    pub const ZERO: Cut = Cut(Lsn::ZERO);

    /// Everything up to and including `lsn`.
    pub const fn at(lsn: Lsn) -> Self {
        Cut(lsn)
    }

    /// The last position of the database's (only) group in this cut.
    pub const fn lsn(self) -> Lsn {
        self.0
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When the leader committed an entry: microseconds since 1970-01-01 UTC. Never goes back
/// from one entry to the next.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitTime(i64);

impl CommitTime {
    /// From microseconds since 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        CommitTime(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }
}
