//! `POST /v1/notifications`.

use super::{
    extract::{self, NOTIFICATIONS},
    outcome::{self, OutcomeView},
    request::NotificationsRequest,
};
use crate::{
    core::Core,
    fields::Flaw,
    http::publish::answer,
    idempotency::{self, Begun},
    notification::{
        draft::Draft,
        publish::{self, Outcome, Request as Publish},
    },
    problem,
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use fanfare_http::{Problem, idempotency_key};
use fanfare_proto::{ErrorCode, limits};
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;

const PATH: &str = "/v1/notifications";

/// Publish notifications
///
/// Takes one object, or a list of up to 1,000. Each addressee's channel gets one append: a group, a topic and `all` are
/// one each, however many read them.
///
/// In a list each notification has its own outcome, in the same order: one that is refused does not stop the others.
///
/// With an `Idempotency-Key`, the same request again within 24 hours gives the first answer again, byte for byte, and
/// no second message; also when the first attempt died half-way, and when both come at once. An answer with a `failed`
/// outcome is not kept: the same request again finishes what is missing.
#[utoipa::path(
    post,
    path = PATH,
    tag = "notifications",
    operation_id = "publish_notifications",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 printable ASCII characters; one for each thing that is to happen once.", example = "invoice-42-paid"),
        ("traceparent" = Option<String>, Header, description = "W3C trace context; carried to the gateways."),
    ),
    request_body = NotificationsRequest,
    responses(
        (status = 202, description = "What became of it; for a list, a list.", body = OutcomeView),
        (status = 400, description = "Which field is wrong, and why.", body = Problem),
        (status = 401, description = "No valid API key.", body = Problem),
        (status = 403, description = "The key lacks the scope `notifications:publish`.", body = Problem),
        (status = 409, description = "The Idempotency-Key came with another request before.", body = Problem),
        (status = 413, description = "The body, or the number of addressees, is too large.", body = Problem),
        (status = 503, description = "The store is away; send the same again.", body = Problem),
    ),
    security(("api_key" = []))
)]
pub(crate) async fn publish_notifications(
    State(core): State<Arc<Core>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let api_key = extract::backend(&core, &parts, NOTIFICATIONS).await?;
    let key = idempotency_key(&parts.headers)?;
    let traceparent = extract::traceparent(&parts);
    let body = extract::body(&core, with_limit(&parts, body)).await?;
    let text = std::str::from_utf8(&body)
        .map_err(|_at| Problem::new(ErrorCode::BadJson, "the body is not UTF-8"))?;
    let (texts, is_batch) = split(text)?;
    let slot = match idempotency::begin(&core, &api_key.id, key, PATH, &body).await? {
        Begun::Again(first) => return Ok(answer(&first, true)),
        Begun::Run(slot) => slot,
    };
    // Judged as of the first attempt, so that a repeated one comes to the same result.
    let drafts: Vec<Result<Draft, Flaw>> = texts
        .iter()
        .map(|text| Draft::parse(text, slot.seed.at_ms, core.settings.stored_as))
        .collect();
    let channels = drafts
        .iter()
        .map(|draft| draft.as_ref().ok().map(|draft| &draft.channels[..]));
    if let Err(flaw) = outcome::check_size(channels) {
        slot.release(&core).await;
        return Err(flaw.into());
    }
    let publish = Publish {
        by: &api_key.id,
        seed: slot.seed,
        is_repeatable: slot.is_repeatable(),
        traceparent: &traceparent,
    };
    let outcomes = publish::publish(&core, &publish, drafts).await;
    log(&api_key.id, &outcomes);
    if !is_batch && let Some(refusal) = outcome::refusal(&outcomes) {
        if !problem::is_transient(&refusal) {
            slot.release(&core).await;
        }
        return Err(refusal);
    }
    let unfinished = outcome::is_unfinished(&outcomes);
    let text = write(&core, outcomes, is_batch)?;
    if unfinished {
        return Ok(answer(&text, false));
    }
    Ok(answer(&slot.finish(&core, text).await, false))
}

/// The body with the router's limit, which stands in the extensions of the request.
pub(super) fn with_limit(parts: &axum::http::request::Parts, body: axum::body::Body) -> Request {
    let mut request = Request::new(body);
    request.extensions_mut().clone_from(&parts.extensions);
    request.headers_mut().clone_from(&parts.headers);
    request
}

/// The texts of the notifications, and whether they came as a list.
fn split(text: &str) -> Result<(Vec<&str>, bool), Problem> {
    if !text.trim_ascii_start().starts_with('[') {
        return Ok((vec![text], false));
    }
    let items: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| Problem::new(ErrorCode::BadJson, error.to_string()))?;
    if items.is_empty() {
        return Err(Problem::new(ErrorCode::BadMessage, "the list is empty"));
    }
    if items.len() > limits::BATCH_ITEMS {
        let detail = format!(
            "the list has {} notifications; {} are the most",
            items.len(),
            limits::BATCH_ITEMS
        );
        return Err(Problem::new(ErrorCode::TooLarge, detail));
    }
    Ok((items.into_iter().map(RawValue::get).collect(), true))
}

fn write(core: &Core, outcomes: Vec<Outcome>, is_batch: bool) -> Result<Box<RawValue>, Problem> {
    let mut views: Vec<OutcomeView> = outcomes
        .into_iter()
        .map(|outcome| OutcomeView::of(core, outcome))
        .collect();
    let written = match (is_batch, views.pop()) {
        (false, Some(view)) => to_raw_value(&view),
        (_, view) => {
            views.extend(view);
            to_raw_value(&views)
        }
    };
    written.map_err(|_error| problem::internal("an answer could not be written"))
}

fn log(by: &str, outcomes: &[Outcome]) {
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|one| is(one)).count();
    tracing::debug!(
        by,
        stored = count(|one| matches!(one, Outcome::Stored { .. })),
        scheduled = count(|one| matches!(one, Outcome::Scheduled { .. })),
        refused = count(|one| matches!(one, Outcome::Refused(_))),
        failed = count(|one| matches!(one, Outcome::Failed { .. })),
        "notifications were published"
    );
}
