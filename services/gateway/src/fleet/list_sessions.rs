//! `GET /v1/fleet/sessions`.

use super::{administrator::Administrator, ask::ask};
use crate::{control::LISTED_MAX, node::Node};
use axum::extract::State;
use fanfare_http::{Json, Params, Problem};
use fanfare_proto::{
    Timestamp,
    channel::is_id,
    subject,
    wire::{SessionReport, SessionsReply, SessionsRequest},
};
use fanfare_service::Flaw;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Sessions of a page when it is not said how many.
const LISTED: usize = 50;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Of this user only. Without it each gateway looks at all of its sessions.
    #[param(example = "7")]
    user: Option<String>,
    /// At most 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<String>,
}

/// Open sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsView {
    /// The newest first.
    items: Vec<SessionView>,
    /// How many there are at the gateways that have answered, with those over `limit`.
    total: u64,
    /// Whether there may be more at gateways that have not answered.
    incomplete: bool,
    /// Those of them that are known.
    missing: Vec<String>,
}

/// A session that has signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    #[schema(example = "6d1f0a9be2c34f5566778899")]
    session: String,
    user: String,
    node: String,
    #[schema(example = "/ws/notifications/")]
    path: String,
    /// As the proxy in front tells it, if that is trusted. Empty from a gateway of an older version.
    #[schema(example = "203.0.113.9")]
    address: String,
    #[schema(value_type = String, example = "2026-01-31T12:00:00.000Z")]
    connected_at: Timestamp,
}

/// List open sessions
///
/// Every gateway is asked, and waited for two seconds; `missing` names those that did not answer. There is no cursor:
/// sessions come and go, so ask for a user.
#[utoipa::path(
    get,
    path = "/v1/fleet/sessions",
    tag = "fleet",
    operation_id = "list_sessions",
    params(Query),
    responses(
        (status = 200, description = "The newest sessions.", body = SessionsView),
        (status = 400, description = "A parameter is wrong.", body = Problem),
        (status = 401, description = "No valid token or API key.", body = Problem),
        (status = 403, description = "It lacks the scope `admin`.", body = Problem),
        (status = 503, description = "The gateways cannot be asked.", body = Problem),
    ),
    security(("user_token" = []), ("api_key" = []))
)]
pub(crate) async fn list_sessions(
    State(node): State<Arc<Node>>,
    _administrator: Administrator,
    Params(query): Params<Query>,
) -> Result<Json<SessionsView>, Problem> {
    if query.user.as_deref().is_some_and(|user| !is_id(user)) {
        return Err(Flaw::bad("user", "must be the id of a user").into());
    }
    let limit = match query.limit.as_deref().map(str::parse) {
        None => LISTED,
        Some(Ok(limit)) if (1..=LISTED_MAX).contains(&limit) => limit,
        Some(_) => {
            let why = format!("must be a whole number from 1 to {LISTED_MAX}");
            return Err(Flaw::bad("limit", why).into());
        }
    };
    let request = SessionsRequest {
        user: query.user.unwrap_or_default(),
        newest: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let answers = ask::<SessionsReply>(&node, subject::GATEWAY_SESSIONS, &request).await?;
    let total = answers.replies.iter().map(total).sum();
    let mut sessions: Vec<SessionReport> = answers
        .replies
        .into_iter()
        .flat_map(|reply| reply.sessions)
        .collect();
    sessions.sort_by_key(|session| std::cmp::Reverse(session.connected_at_ms));
    sessions.truncate(limit);
    Ok(Json(SessionsView {
        items: sessions.into_iter().map(SessionView::from).collect(),
        total,
        incomplete: !answers.all_known || !answers.missing.is_empty(),
        missing: answers.missing,
    }))
}

/// A gateway of an older version tells no total, and all it has.
fn total(reply: &SessionsReply) -> u64 {
    u64::from(reply.total).max(reply.sessions.len() as u64)
}

impl From<SessionReport> for SessionView {
    fn from(report: SessionReport) -> Self {
        Self {
            session: report.session,
            user: report.user,
            node: report.node,
            path: report.path,
            address: report.address,
            connected_at: Timestamp::from_ms(report.connected_at_ms),
        }
    }
}
