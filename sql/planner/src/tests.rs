//! Planning tests: statements in, plans and errors as text out.

mod creates;
mod database;
mod errors;
mod executes;
mod joins;
mod meanings;
mod queries;
mod refusals;
mod selects;
mod values;
mod views;
mod writes;
