//! The database: sessions, transactions and the life of views.
//!
//! The engine puts the parts together and computes nothing itself: the log orders, storage
//! and catalog apply, the dataflow keeps views, DataFusion answers queries. Front ends reach
//! it through [`summit_session::Server`].
//!
//! It is not: aware of any protocol.

mod apply;
mod backup;
mod commit;
mod data_dir;
mod engine;
mod error;
pub mod limits;
mod options;
mod pending;
mod provider;
mod query_runtime;
mod restore;
mod session;
mod settings;
mod state;
mod status;
mod subscriptions;
mod system;
mod transaction;
mod views;

pub use engine::Engine;
pub use error::OpenError;
pub use options::{EngineOptions, ShownSetting};
pub use restore::{RestoreOptions, RestoreReport, RestoreTo, restore};
