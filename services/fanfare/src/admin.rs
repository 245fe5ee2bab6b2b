//! The internal port: probes and metrics.

use crate::readiness::Readiness;
use axum::{
    Json, Router,
    http::{StatusCode, header},
    response::IntoResponse as _,
    routing::get,
};
use fanfare_telemetry::metrics::Metrics;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct Answer {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// `/livez` (the process answers), `/readyz` (it can do its job), `/metrics`.
pub(crate) fn router(readiness: Arc<Readiness>, metrics: Metrics) -> Router {
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
    let metrics = async move || {
        let content_type = [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )];
        (content_type, metrics.text()).into_response()
    };
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}
