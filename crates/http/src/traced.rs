//! `traceparent`.

use crate::method;
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use fanfare_proto::trace::{Context, TRACEPARENT};
use fanfare_telemetry::traces::{Kind, Traces};

/// Middleware: a span for each request that has a route, named by it, as a part of the caller's trace if he names one.
/// Neither the span nor the answer tells anything of the request but its method and route. Of a WebSocket it is the
/// handshake.
pub async fn traced(State(traces): State<Traces>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let Some(route) = route else {
        return next.run(request).await;
    };
    let method = method::known(request.method());
    let sent = request.headers().get(TRACEPARENT);
    let parent = sent.and_then(|sent| Context::parse(sent.to_str().ok()?));
    // For unknown ones the words of OpenTelemetry's conventions.
    let name = format!("{} {}", method.unwrap_or("HTTP"), route.as_str());
    let mut span = traces.enter(Kind::Server, name, parent);
    span.text("http.request.method", method.unwrap_or("_OTHER"));
    span.text("http.route", route.as_str());
    let response = span.around(next.run(request)).await;
    let status = response.status();
    span.number("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.fail("5xx");
    }
    response
}
