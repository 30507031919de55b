//! HTTP: health for load balancers, metrics for Prometheus, and the state of the node and
//! its streams as JSON.
//!
//! | path | answers |
//! | --- | --- |
//! | `GET /health` | 200 when the node can serve, 503 with the reason otherwise |
//! | `GET /api/metrics`, `GET /metrics` | Prometheus text |
//! | `GET /api/topics` | streams with their partitions |
//! | `GET /api/nodes` | nodes, their roles, whether they live |
//! | `POST /api/rebalance` | what it moves: nothing on a single node |
//! | `GET /` | this list as JSON |
//!
//! Every answer but the metrics is JSON, errors too: `{"error":…,"hint":…}`.
//!
//! It is not: a way to run SQL, and it has no TLS and no authentication.
//!
//! Limits: see [`limits`].

mod error;
mod exposition;
pub mod limits;
mod metrics;
mod pages;
mod routes;
mod serve;

pub use error::HttpError;
pub use metrics::{PrometheusHandle, install_metrics};
pub use serve::{HttpOptions, serve};
