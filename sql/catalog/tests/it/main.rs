//! Tests of the catalog.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod catalog;
mod definitions;
mod types;
