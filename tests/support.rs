//! What the tests share.

pub mod database;
pub mod pg;
pub mod process;
pub mod python;
pub mod random;
pub mod s3;
pub mod server;
