//! `GET /v1/notifications/{id}`.

use super::extract::{self, Id, NOTIFICATIONS, Params};
use crate::{
    core::Core,
    notification::record,
    trail::view::{self, Trail},
};
use axum::{extract::State, http::request::Parts};
use fanfare_http::{Json, Problem};
use fanfare_proto::{ErrorCode, channel};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Narrow {
    /// Of this user only. The way to ask about somebody who reads a group, a topic or `all`.
    #[param(example = "7")]
    user: Option<String>,
}

/// Follow a notification
///
/// Who got it, when and how; and for an addressee who did not get it, the reason, as a code and in words.
#[utoipa::path(
    get,
    path = "/v1/notifications/{id}",
    tag = "notifications",
    operation_id = "get_notification",
    params(("id" = String, Path, description = "Of the notification."), Narrow),
    responses(
        (status = 200, description = "What is known of it.", body = Trail),
        (status = 401, description = "No valid API key.", body = Problem),
        (status = 403, description = "The key lacks the scope `notifications:publish`.", body = Problem),
        (status = 404, description = "No such notification of this key's, or it is not addressed to the user.", body = Problem),
    ),
    security(("api_key" = []))
)]
pub(crate) async fn get_notification(
    State(core): State<Arc<Core>>,
    parts: Parts,
    id: Result<Id, Problem>,
    narrow: Result<Params<Narrow>, Problem>,
) -> Result<Json<Trail>, Problem> {
    let api_key = extract::backend(&core, &parts, NOTIFICATIONS).await?;
    let user = narrow?.0.user;
    if user.as_deref().is_some_and(|user| !channel::is_id(user)) {
        return Err(Problem::new(
            ErrorCode::BadMessage,
            "user: is not an id of a user",
        ));
    }
    let record = record::owned(&core, &id?.0, &api_key).await?;
    view::of(&core, &record, user.as_deref()).await.map(Json)
}
