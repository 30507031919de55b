//! The engine as a front end sees it: views against their queries in batch, restarts,
//! subscriptions, transactions and the data directory.

mod bag;
mod base;
mod catalogue;
mod consistency;
mod database;
mod directories;
mod failures;
mod follower;
mod operations;
mod oracle;
mod restarts;
mod subscriptions;
