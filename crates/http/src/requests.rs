//! What is measured of requests.

use crate::method;
use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use fanfare_telemetry::{
    metrics::Metrics,
    prometheus::{HistogramVec, IntCounterVec},
};
use tokio::time::Instant;

/// What stands for whatever is not known: a client must not make labels.
const OTHER: &str = "other";

/// Counts requests by route, method and class of status, and measures how long each route takes. Clones share it.
#[derive(Clone, Debug)]
pub struct Requests {
    count: IntCounterVec,
    seconds: HistogramVec,
}

impl Requests {
    /// Registers its metrics: once in a process.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            count: metrics.counters_by(
                "fanfare_http_requests_total",
                "Requests that were answered, by the template of their route, method and class of status.",
                &["route", "method", "status"],
            ),
            seconds: metrics.seconds_by(
                "fanfare_http_request_seconds",
                "From a request's head to its answer's, by the template of its route.",
                &["route"],
            ),
        }
    }

    /// Middleware: measures one request. It belongs inside the router, as a `layer`, where the route is known. A request
    /// whose client goes away before it is answered is not counted.
    pub async fn measure(self, request: Request, next: Next) -> Response {
        let route = request.extensions().get::<MatchedPath>().cloned();
        let method = method::known(request.method()).unwrap_or(OTHER);
        let began = Instant::now();
        let response = next.run(request).await;
        let route = route.as_ref().map_or(OTHER, MatchedPath::as_str);
        let status = match response.status().as_u16() {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.count.with_label_values(&[route, method, status]).inc();
        let seconds = began.elapsed().as_secs_f64();
        self.seconds.with_label_values(&[route]).observe(seconds);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body::Body, http::StatusCode, middleware, routing::get};
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn what_a_client_makes_up_makes_no_labels() {
        let metrics = Metrics::new();
        let requests = Requests::new(&metrics);
        let layer = middleware::from_fn(move |request: Request, next: Next| {
            requests.clone().measure(request, next)
        });
        let router = Router::new()
            .route("/v1/rooms/{room}", get(async || StatusCode::NOT_FOUND))
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(layer);
        for (method, path) in [
            ("GET", "/v1/rooms/a"),
            ("GET", "/v1/rooms/b?x=1"),
            ("BREW", "/v1/rooms/c"),
            ("GET", "/one"),
            ("GET", "/two"),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap();
        }
        let text = metrics.text();
        let counted: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("fanfare_http_requests_total"))
            .collect();
        assert_eq!(
            counted,
            [
                r#"{method="GET",route="/v1/rooms/{room}",status="4xx"} 2"#,
                r#"{method="GET",route="other",status="4xx"} 2"#,
                r#"{method="other",route="/v1/rooms/{room}",status="4xx"} 1"#,
            ]
        );
        assert!(text.contains(r#"fanfare_http_request_seconds_count{route="other"} 2"#));
    }
}
