//! Paths and their answers.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use summit_session::Server;

use crate::exposition::{resident_bytes, status_text};
use crate::limits::{BODY_BYTES_MAX, REQUEST_TIMEOUT};
use crate::pages::{Health, Index, Nodes, PATHS, Problem, Rebalanced, Topics};

/// What requests are answered from.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) server: Arc<dyn Server>,
    pub(crate) metrics: PrometheusHandle,
}

/// The router of all paths.
pub(crate) fn router(sources: Sources) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/api/metrics", get(metrics))
        .route("/api/topics", get(topics))
        .route("/api/nodes", get(nodes))
        .route("/api/rebalance", post(rebalance))
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown_path)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(in_time))
        .with_state(sources)
}

async fn index(State(sources): State<Sources>) -> Response {
    let version = sources.server.status().version;
    Json(Index {
        name: "summit",
        version,
        paths: PATHS,
    })
    .into_response()
}

async fn health(State(sources): State<Sources>) -> Response {
    let status = sources.server.status();
    let code = if status.ready.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    fresh((code, Json(Health::of(&status))).into_response())
}

async fn metrics(State(sources): State<Sources>) -> Response {
    let mut text = sources.metrics.render();
    text.push_str(&status_text(&sources.server.status(), resident_bytes()));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    fresh(([(header::CONTENT_TYPE, kind)], text).into_response())
}

async fn topics(State(sources): State<Sources>) -> Response {
    fresh(Json(Topics::of(&sources.server.status())).into_response())
}

async fn nodes(State(sources): State<Sources>) -> Response {
    fresh(Json(Nodes::of(&sources.server.status())).into_response())
}

async fn rebalance(body: Result<Bytes, BytesRejection>) -> Response {
    match body {
        Ok(_) => Json(Rebalanced { moved: [] }).into_response(),
        Err(rejection) => problem(
            rejection.status(),
            rejection.body_text(),
            format!("this path needs no body; the limit is {BODY_BYTES_MAX} bytes"),
        ),
    }
}

async fn unknown_path(uri: Uri) -> Response {
    // echoed as JSON; the path is at most as long as the request's head may be
    let error = format!("there is no path {}", uri.path());
    let body = Problem {
        error,
        hint: "use one of these paths".to_owned(),
        paths: &PATHS,
    };
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let allowed: Vec<&str> = PATHS
        .iter()
        .filter_map(|entry| entry.split_once(' '))
        .filter(|(_, path)| *path == uri.path())
        .map(|(method, _)| method)
        .collect();
    let allowed = if allowed.is_empty() {
        "GET".to_owned()
    } else {
        allowed.join(", ")
    };
    problem(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{} does not take {method}", uri.path()),
        format!("use {allowed}"),
    )
}

/// Answers in time, or says that it did not.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => problem(
            StatusCode::REQUEST_TIMEOUT,
            format!(
                "the request took longer than {} seconds",
                REQUEST_TIMEOUT.as_secs()
            ),
            "send the whole request at once, or try again".to_owned(),
        ),
    }
}

fn problem(code: StatusCode, error: String, hint: String) -> Response {
    (
        code,
        Json(Problem {
            error,
            hint,
            paths: &[],
        }),
    )
        .into_response()
}

/// Answers about this moment must not be kept by what is between us and the client.
fn fresh(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
