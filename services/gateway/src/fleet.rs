//! What administrators ask of the whole fleet, over HTTP at any of its gateways: which sessions there are, that one ends,
//! that a node drains.

mod administrator;
mod ask;
mod drain_node;
mod end_session;
mod list_sessions;

use crate::node::Node;
use fanfare_http::{OpenApiRouter, SecuritySchemes};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    modifiers(&SecuritySchemes),
    tags((name = "fleet", description = "For administrators: sessions and nodes, wherever they are."))
)]
struct Api;

/// The routes under `/v1/fleet`.
pub(crate) fn router(node: Arc<Node>) -> OpenApiRouter {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(list_sessions::list_sessions))
        .routes(routes!(end_session::end_session))
        .routes(routes!(drain_node::drain_node))
        .with_state(node)
}
