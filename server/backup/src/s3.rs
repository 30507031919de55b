//! How to reach S3.

use std::env;
use std::fmt;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::limits::{CONNECT_TIMEOUT, REQUEST_TIMEOUT, RETRIES_MAX, RETRY_TIMEOUT};

/// What is needed to reach a bucket. [`Default`] knows nothing; [`S3Settings::from_env`]
/// reads the usual variables.
#[derive(Clone, Default)]
pub struct S3Settings {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: Option<String>,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Option<String>,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
    /// `AWS_REGION`, or else `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`, or else `AWS_ENDPOINT_URL`. `http://` needs nothing more.
    pub endpoint: Option<String>,
    /// Whether the other `AWS_*` variables count too (container and web-identity roles).
    pub ambient: bool,
}

impl S3Settings {
    /// From the environment.
    pub fn from_env() -> Self {
        let get = |name| env::var(name).ok().filter(|value| !value.is_empty());
        S3Settings {
            access_key_id: get("AWS_ACCESS_KEY_ID"),
            secret_access_key: get("AWS_SECRET_ACCESS_KEY"),
            session_token: get("AWS_SESSION_TOKEN"),
            region: get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")),
            endpoint: get("AWS_ENDPOINT_URL_S3").or_else(|| get("AWS_ENDPOINT_URL")),
            ambient: true,
        }
    }

    /// What must not appear in any text.
    pub(crate) fn secrets(&self) -> Vec<String> {
        [
            &self.secret_access_key,
            &self.session_token,
            &self.access_key_id,
        ]
        .into_iter()
        .flatten()
        .filter(|secret| !secret.is_empty())
        .cloned()
        .collect()
    }

    pub(crate) fn bucket(&self, bucket: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
        let client = ClientOptions::new()
            .with_timeout(REQUEST_TIMEOUT)
            .with_connect_timeout(CONNECT_TIMEOUT);
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_TIMEOUT,
        };
        let mut builder = if self.ambient {
            AmazonS3Builder::from_env()
        } else {
            AmazonS3Builder::new()
        }
        .with_client_options(client)
        .with_retry(retry)
        .with_bucket_name(bucket);
        if let Some(value) = &self.access_key_id {
            builder = builder.with_access_key_id(value);
        }
        if let Some(value) = &self.secret_access_key {
            builder = builder.with_secret_access_key(value);
        }
        if let Some(value) = &self.session_token {
            builder = builder.with_token(value);
        }
        if let Some(value) = &self.region {
            builder = builder.with_region(value);
        }
        if let Some(value) = &self.endpoint {
            builder = builder
                .with_endpoint(value.trim_end_matches('/'))
                .with_allow_http(value.starts_with("http://"));
        }
        Ok(Arc::new(builder.build()?))
    }
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
