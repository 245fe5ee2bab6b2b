//! The internal port: probes, metrics, and what is logged.

use crate::readiness::Readiness;
use axum::{
    Json, Router,
    extract::{ConnectInfo, DefaultBodyLimit},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use fanfare_telemetry::{
    logs::{self, LevelFilter},
    metrics::{Format, Metrics},
};
use serde::Serialize;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

#[derive(Serialize)]
struct Answer {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Largest log filter, in bytes: some hundred directives.
const FILTER_BYTES: usize = 8 * 1024;

/// `/livez` (the process answers), `/readyz` (it can do its job), `/metrics`; `/log`, the log filter, read and set.
pub(crate) fn router(readiness: Arc<Readiness>, metrics: Metrics, filter: logs::Filter) -> Router {
    let ready = async move || {
        let reason = readiness.check().await.err();
        let status = if reason.is_none() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let ready = reason.is_none();
        (status, Json(Answer { ready, reason })).into_response()
    };
    let metrics = async move |headers: HeaderMap| scrape(metrics.clone(), &headers).await;
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .merge(log(filter))
}

/// A filter is a line of text, in the syntax of `--log`.
fn log(filter: logs::Filter) -> Router {
    let shown = filter.clone();
    let show = async move || format!("{}\n", shown.get());
    let set = async move |ConnectInfo(peer): ConnectInfo<SocketAddr>, wanted: String| {
        let wanted = wanted.trim();
        if let Err(error) = filter.set(wanted, most_for(peer.ip())) {
            return (StatusCode::BAD_REQUEST, format!("{error}\n"));
        }
        tracing::warn!(filter = wanted, "what is logged was changed");
        (StatusCode::OK, format!("{wanted}\n"))
    };
    Router::new()
        .route("/log", get(show).put(set))
        .layer(DefaultBodyLimit::max(FILTER_BYTES))
}

/// `trace` of some libraries shows what people write: it is for who is on the host, or may forward a pod's port.
const fn most_for(peer: IpAddr) -> LevelFilter {
    if peer.to_canonical().is_loopback() {
        LevelFilter::TRACE
    } else {
        LevelFilter::DEBUG
    }
}

/// The metrics in the format that the reader asks for.
async fn scrape(metrics: Metrics, headers: &HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let format = Format::of_accept(accept.unwrap_or_default());
    let Ok(text) = tokio::task::spawn_blocking(move || metrics.text_in(format)).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    ([(header::CONTENT_TYPE, format.content_type())], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_itself_is_shown_what_people_write() {
        for (peer, most) in [
            ("127.0.0.1", LevelFilter::TRACE),
            ("::1", LevelFilter::TRACE),
            ("::ffff:127.0.0.1", LevelFilter::TRACE),
            ("10.0.0.7", LevelFilter::DEBUG),
            ("::ffff:10.0.0.7", LevelFilter::DEBUG),
        ] {
            assert_eq!(most_for(peer.parse().unwrap()), most, "{peer}");
        }
    }
}
