//! `DELETE /v1/fleet/sessions/{id}`.

use super::{administrator::Administrator, ask::ask};
use crate::{node::Node, session::SessionId};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use fanfare_http::Problem;
use fanfare_proto::{
    CloseCode, ErrorCode, subject,
    wire::{KickCommand, KickReply},
};
use std::sync::Arc;

const ABSENT: &str = "there is no such session; it may have ended";

/// End a session
///
/// It is closed with 4040, wherever it is: its client is told that it was removed, and does not come back by itself. To
/// keep a user out, revoke his tokens as well.
#[utoipa::path(
    delete,
    path = "/v1/fleet/sessions/{id}",
    tag = "fleet",
    operation_id = "end_session",
    params(("id" = String, Path, description = "The session, as `welcome` and the list name it.", example = "6d1f0a9be2c34f5566778899")),
    responses(
        (status = 204, description = "It was there, and is closed."),
        (status = 401, description = "No valid token or API key.", body = Problem),
        (status = 403, description = "It lacks the scope `admin`.", body = Problem),
        (status = 404, description = "No gateway has such a session.", body = Problem),
        (status = 503, description = "None that has answered has it, and not all have.", body = Problem),
    ),
    security(("user_token" = []), ("api_key" = []))
)]
pub(crate) async fn end_session(
    State(node): State<Arc<Node>>,
    administrator: Administrator,
    Path(session): Path<String>,
) -> Result<StatusCode, Problem> {
    if SessionId::parse(&session).is_none() {
        return Err(Problem::new(ErrorCode::NotFound, ABSENT));
    }
    let command = KickCommand {
        session,
        close_code: CloseCode::Removed.as_u16().into(),
        ..KickCommand::default()
    };
    let answers = ask::<KickReply>(&node, subject::GATEWAY_KICK, &command).await?;
    let Some(reply) = answers.replies.iter().find(|reply| reply.closed > 0) else {
        return Err(answers.none_has_it(ABSENT));
    };
    let session = command.session;
    tracing::info!(%administrator, session, node = reply.node, "a session was ended");
    Ok(StatusCode::NO_CONTENT)
}
