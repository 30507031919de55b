//! Backups of a running server, and databases made from them.

mod commands;
mod damage;
mod restore;
mod s3;
