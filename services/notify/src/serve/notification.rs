//! A notification that another service sends.

use crate::{
    core::Core,
    idempotency::{self, Begun},
    notification::{
        draft::Draft,
        publish::{self, Outcome, Request},
    },
    problem,
};
use fanfare_http::Problem;
use fanfare_lifecycle::trace;
use fanfare_proto::wire::{NotifyReply, NotifyRequest};
use fanfare_service::serve::unreadable;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use std::sync::Arc;

/// What is kept of it, so that the same request gives the same answer.
#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
}

/// Publishes it, once for each key of a service.
pub(super) async fn publish(
    core: Arc<Core>,
    request: NotifyRequest,
) -> Result<NotifyReply, Problem> {
    let text = std::str::from_utf8(&request.notification).map_err(|_bytes| unreadable())?;
    let by = format!("service:{}", request.by);
    let key = (!request.idempotency_key.is_empty()).then_some(request.idempotency_key.as_str());
    let begun = idempotency::begin(&core, &by, key, "notification", text.as_bytes());
    let slot = match begun.await? {
        Begun::Run(slot) => slot,
        Begun::Again(first) => {
            let made: Made = serde_json::from_str(first.get())
                .map_err(|_shape| problem::internal("a kept answer is unreadable"))?;
            return Ok(NotifyReply { id: made.id });
        }
    };
    let draft = Draft::parse(text, slot.seed.at_ms, core.settings.stored_as);
    let publish = Request {
        by: &by,
        seed: slot.seed,
        is_repeatable: slot.is_repeatable(),
        traceparent: &trace::traceparent(),
    };
    let outcome = publish::publish(&core, &publish, vec![draft]).await.pop();
    let id = match outcome {
        Some(
            Outcome::Stored { id, .. } | Outcome::Scheduled { id } | Outcome::Cancelled { id },
        ) => id,
        Some(Outcome::Refused(flaw)) => {
            slot.release(&core).await;
            return Err(flaw.into());
        }
        // The same request finishes it.
        Some(Outcome::Failed { problem, .. }) => return Err(problem),
        None => return Err(problem::internal("a notification came to nothing")),
    };
    let made = to_raw_value(&Made { id: id.clone() })
        .map_err(|_error| problem::internal("an answer could not be written"))?;
    slot.finish(&core, made).await;
    Ok(NotifyReply { id })
}
