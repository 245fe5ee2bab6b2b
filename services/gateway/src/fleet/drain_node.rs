//! `POST /v1/fleet/nodes/{node}/drain`.

use super::{administrator::Administrator, ask::ask};
use crate::node::Node;
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use fanfare_http::Problem;
use fanfare_proto::{
    ErrorCode,
    channel::is_id,
    subject,
    wire::{DrainCommand, DrainReply},
};
use std::sync::Arc;

const ABSENT: &str = "there is no such node";

/// Drain a node
///
/// As its SIGTERM does: it takes no new clients, tells each of its own when to come back, elsewhere, and ends. Where
/// something starts it again, as Kubernetes does, that is a restart.
#[utoipa::path(
    post,
    path = "/v1/fleet/nodes/{node}/drain",
    tag = "fleet",
    operation_id = "drain_node",
    params(("node" = String, Path, description = "The node, as `welcome` and `system_info` name it.")),
    responses(
        (status = 202, description = "It drains."),
        (status = 401, description = "No valid token or API key.", body = Problem),
        (status = 403, description = "It lacks the scope `admin`.", body = Problem),
        (status = 404, description = "No gateway has this name.", body = Problem),
        (status = 503, description = "It has not answered, or may be one of those that have not.", body = Problem),
    ),
    security(("user_token" = []), ("api_key" = []))
)]
pub(crate) async fn drain_node(
    State(node): State<Arc<Node>>,
    administrator: Administrator,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    if !is_id(&name) {
        return Err(Problem::new(ErrorCode::NotFound, ABSENT));
    }
    let command = DrainCommand { node: name };
    // This one may be meant: its process ends once its requests have been answered, and this is one.
    let answers = ask::<DrainReply>(&node, subject::GATEWAY_DRAIN, &command).await?;
    if !answers.replies.iter().any(|reply| reply.drains) {
        return Err(answers.none_has_it(ABSENT));
    }
    tracing::info!(%administrator, node = command.node, "a node was asked to drain");
    Ok(StatusCode::ACCEPTED)
}
