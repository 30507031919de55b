//! From Arrow to PostgreSQL's text and binary forms: a column is prepared once per batch,
//! rows are then written from the prepared columns.

mod binary;
mod column;
mod text;

pub(crate) use column::Column;

use crate::calendar::Zone;

/// The form of a value on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Binary,
}

impl Format {
    pub(crate) fn code(self) -> i16 {
        match self {
            Format::Text => 0,
            Format::Binary => 1,
        }
    }
}

/// The session's settings that change how values look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) zone: Zone,
}
