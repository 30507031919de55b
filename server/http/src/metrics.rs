//! The recorder behind the `metrics` macros of all crates.

use metrics_exporter_prometheus::PrometheusBuilder;
pub use metrics_exporter_prometheus::PrometheusHandle;

use crate::HttpError;

/// Installs the process's recorder. Call it once, before anything records.
///
/// # Errors
/// When a recorder is installed already.
pub fn install_metrics() -> Result<PrometheusHandle, HttpError> {
    let handle = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| HttpError::Metrics {
            message: error.to_string(),
        })?;
    metrics::describe_gauge!("summit_build_info", "Always 1; the version is a label.");
    metrics::gauge!("summit_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}
