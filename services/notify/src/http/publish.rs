//! `POST /v1/publish`.

use super::{
    extract::{self, CHANNELS},
    publish_notifications::with_limit,
    request::PublicationRequest,
};
use crate::{
    core::Core,
    fields::{Fields, Flaw},
    idempotency::{self, Begun, Slot},
    problem,
    publication::Publication,
};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use fanfare_http::{Problem, idempotency_key};
use fanfare_proto::{Channel, Cursor, ErrorCode};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use utoipa::ToSchema;

const PATH: &str = "/v1/publish";
/// Longest channel name that is looked at, in characters.
const CHANNEL_CHARS: usize = 256;

/// Where a publication stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicationView {
    #[schema(value_type = String, example = "topic:prices")]
    channel: Channel,
    /// Its ordinal in the channel; left out when it is ephemeral.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    n: Option<u64>,
    /// A reader that has it stands here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0000beef.42.12")]
    cursor: Option<Cursor>,
    /// `accepted`, `replicated` or `durable`; an ephemeral one is `accepted`.
    #[schema(value_type = String, example = "durable")]
    status: &'static str,
}

/// Publish live data
///
/// Appends `data` to a topic, or with `ephemeral` sends it to whoever watches now. An `Idempotency-Key` works as with
/// notifications.
#[utoipa::path(
    post,
    path = PATH,
    tag = "channels",
    operation_id = "publish",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters."),
        ("traceparent" = Option<String>, Header, description = "W3C trace context; carried to the gateways."),
    ),
    request_body = PublicationRequest,
    responses(
        (status = 202, description = "Where it stands.", body = PublicationView),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid API key.", body = Problem),
        (status = 403, description = "The key lacks the scope `channels:publish`.", body = Problem),
        (status = 409, description = "The Idempotency-Key came with another request before.", body = Problem),
        (status = 413, description = "The data is too large.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []))
)]
pub(crate) async fn publish(
    State(core): State<Arc<Core>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let api_key = extract::backend(&core, &parts, CHANNELS).await?;
    let key = idempotency_key(&parts.headers)?;
    let body = extract::body(&core, with_limit(&parts, body)).await?;
    let (publication, ephemeral) = read(&body)?;
    let slot = match idempotency::begin(&core, &api_key.id, key, PATH, &body).await? {
        Begun::Again(first) => return Ok(answer(&first, true)),
        Begun::Run(slot) => slot,
    };
    let traceparent = extract::traceparent(&parts);
    let view = run(&core, &slot, publication, ephemeral, &traceparent).await?;
    tracing::debug!(by = api_key.id, channel = %view.channel, ephemeral, "live data was published");
    let text = to_raw_value(&view)
        .map_err(|_error| problem::internal("an answer could not be written"))?;
    Ok(answer(&slot.finish(&core, text).await, false))
}

fn read(body: &[u8]) -> Result<(Publication, bool), Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|_at| Problem::new(ErrorCode::BadJson, "the body is not UTF-8"))?;
    let fields = Fields::parse(text)?;
    let channel = fields
        .text("channel", CHANNEL_CHARS)?
        .ok_or_else(|| Flaw::bad("channel", "is missing"))?;
    let data = fields
        .value("data")?
        .ok_or_else(|| Flaw::bad("data", "is missing"))?;
    let ephemeral = fields.boolean("ephemeral")?.unwrap_or_default();
    let publication = Publication::new(&channel, data.get().to_owned())?;
    Ok((publication, ephemeral))
}

async fn run(
    core: &Core,
    slot: &Slot,
    publication: Publication,
    ephemeral: bool,
    traceparent: &str,
) -> Result<PublicationView, Problem> {
    let channel = publication.channel().clone();
    if ephemeral {
        publication.send(core).await?;
        return Ok(PublicationView {
            channel,
            n: None,
            cursor: None,
            status: "accepted",
        });
    }
    let msg_id = slot.is_repeatable().then(|| slot.seed.id(0));
    let standing = publication.store(core, "", msg_id, traceparent).await?;
    Ok(PublicationView {
        channel,
        n: Some(standing.n),
        cursor: Some(standing.cursor),
        status: core.settings.stored_as.as_str(),
    })
}

/// 202 with `text`; `again` says that it is the first answer again.
pub(super) fn answer(text: &RawValue, again: bool) -> Response {
    let json = HeaderValue::from_static("application/json");
    let body = text.get().to_owned();
    let mut response = (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, json)], body).into_response();
    if again {
        let headers = response.headers_mut();
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}
