//! summit-pg
