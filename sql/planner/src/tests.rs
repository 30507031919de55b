//! Planning tests: statements in, plans and errors as text out.

mod creates;
mod database;
mod errors;
mod queries;
mod refusals;
mod values;
mod views;
mod writes;
