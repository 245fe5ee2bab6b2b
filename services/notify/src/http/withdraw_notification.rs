//! `DELETE /v1/notifications/{id}`.

use super::extract::{self, Id, NOTIFICATIONS};
use crate::{
    core::Core,
    notification::{
        record::{Place, Record, Withdrawn},
        withdraw,
    },
};
use axum::{extract::State, http::request::Parts};
use fanfare_http::{Json, Problem};
use fanfare_proto::Channel;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithdrawnView {
    #[schema(example = "01acf2a3-1b00-7d3f-8f0e-5f6a3f1c2b4d")]
    id: String,
    /// `cancelled`: nobody got it. `retracted`: it had been sent to at least one channel, and was taken back there.
    /// `gone`: it had expired or collapsed everywhere already.
    #[schema(value_type = String, example = "retracted")]
    status: &'static str,
    channels: Vec<WithdrawnPlace>,
}

/// What became of it on one channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithdrawnPlace {
    #[schema(value_type = String, example = "user:7")]
    channel: Channel,
    /// `cancelled`, `retracted` or `gone`.
    #[schema(value_type = String, example = "retracted")]
    status: &'static str,
    /// Where it stood.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    n: Option<u64>,
}

const fn word(withdrawn: Option<Withdrawn>) -> &'static str {
    match withdrawn {
        Some(Withdrawn::Cancelled) => "cancelled",
        Some(Withdrawn::Retracted) => "retracted",
        Some(Withdrawn::Gone) | None => "gone",
    }
}

impl From<Record> for WithdrawnView {
    fn from(record: Record) -> Self {
        let any = |withdrawn| {
            let mut places = record.places.iter();
            places.any(|place| place.withdrawn == Some(withdrawn))
        };
        let whole = [Withdrawn::Retracted, Withdrawn::Cancelled]
            .into_iter()
            .find(|withdrawn| any(*withdrawn));
        let place = |place: Place| WithdrawnPlace {
            status: word(place.withdrawn),
            channel: place.channel,
            n: place.n,
        };
        Self {
            status: word(whole),
            id: record.id,
            channels: record.places.into_iter().map(place).collect(),
        }
    }
}

/// Take a notification back
///
/// Cancels a scheduled one. A sent one is removed from the log and from inboxes, and its readers get `retracted`; what
/// somebody has seen, he has seen. Doing it again answers the same.
#[utoipa::path(
    delete,
    path = "/v1/notifications/{id}",
    tag = "notifications",
    operation_id = "withdraw_notification",
    params(("id" = String, Path, description = "Of the notification.")),
    responses(
        (status = 200, description = "What became of it.", body = WithdrawnView),
        (status = 401, description = "No valid API key.", body = Problem),
        (status = 403, description = "The key lacks the scope `notifications:publish`.", body = Problem),
        (status = 404, description = "No such notification of this key's.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []))
)]
pub(crate) async fn withdraw_notification(
    State(core): State<Arc<Core>>,
    parts: Parts,
    id: Result<Id, Problem>,
) -> Result<Json<WithdrawnView>, Problem> {
    let api_key = extract::backend(&core, &parts, NOTIFICATIONS).await?;
    let record = withdraw::withdraw(&core, &id?.0, &api_key).await?;
    tracing::info!(
        by = api_key.id,
        id = record.id,
        "a notification was withdrawn"
    );
    Ok(Json(record.into()))
}
