//! `POST /v1/auth/tokens`

use super::{
    bad,
    caller::{Caller, Right},
    tokens::Secret,
};
use crate::{app::Shared, metrics::Issue, settings::TOKEN_TTL_MAX, user};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_proto::channel::is_id;
use fanfare_tokens::Identity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct MintRequest {
    /// Id of one of the caller's own users; it need not have an account here.
    #[schema(example = "42")]
    user: String,
    /// For people.
    name: Option<String>,
    /// The groups whose notifications he gets.
    #[serde(default)]
    groups: Vec<String>,
    /// Channel patterns with `r`, `w` or `rw`.
    #[serde(default)]
    #[schema(example = json!({"topic:news.*": "r"}))]
    channels: BTreeMap<String, String>,
    /// 1 to 86,400; as long as an access token of a login when it is not said.
    ttl_seconds: Option<u64>,
}

/// A token for one of the caller's users.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MintReply {
    access_token: String,
    /// Seconds that it lives.
    expires_in: u64,
}

/// Makes a token for one of the caller's own users.
///
/// Its bearer reads his own notifications and his groups', and what `channels` says. It never carries a scope.
#[utoipa::path(
    post,
    path = "/v1/auth/tokens",
    tag = "auth",
    security(("bearer" = [])),
    request_body = MintRequest,
    responses(
        (status = 200, body = MintReply),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, description = "Not with this key: it needs the scope tokens:mint", body = Problem),
        (status = 429, description = "The user was signed out twice within a second: again after `Retry-After`", body = Problem),
    )
)]
pub(crate) async fn mint(
    State(app): State<Shared>,
    caller: Caller,
    Json(request): Json<MintRequest>,
) -> Result<Secret<MintReply>, Problem> {
    caller.require(Right::Mint)?;
    if !is_id(&request.user) {
        return Err(bad(
            "user is an id of 1 to 128 characters of A-Z a-z 0-9 _ - . @ :",
        ));
    }
    user::check_groups(&request.groups).map_err(bad)?;
    let channels = user::rights(&request.channels).map_err(bad)?;
    if let Some(name) = &request.name {
        user::check_name(name).map_err(bad)?;
    }
    let expires_in = request
        .ttl_seconds
        .unwrap_or_else(|| app.settings.access_ttl.as_secs());
    if !(1..=TOKEN_TTL_MAX.as_secs()).contains(&expires_in) {
        return Err(bad("ttl_seconds is 1 to 86400"));
    }
    let issued_at_ms = app.issue_date_ms(&request.user).await?;
    let identity = Identity {
        user: request.user,
        name: request.name,
        groups: request.groups,
        channels,
        issued_at_ms,
        expires_at_ms: issued_at_ms.saturating_add_unsigned(expires_in * 1_000),
        ..Identity::default()
    };
    let access_token = app.mint(identity, Issue::Minted)?;
    Ok(Secret(MintReply {
        access_token,
        expires_in,
    }))
}
