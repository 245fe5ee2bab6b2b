//! What became of each notification of a request, as it is answered.

use crate::{core::Core, fields::Flaw, notification::publish::Outcome, problem};
use fanfare_http::Problem;
use fanfare_proto::Channel;
use serde::Serialize;
use utoipa::ToSchema;

/// One append.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppendedView {
    #[schema(value_type = String, example = "user:7")]
    pub(crate) channel: Channel,
    /// Its ordinal in the channel.
    #[schema(example = 12)]
    pub(crate) n: u64,
}

/// One notification.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01acf2a3-1b00-7d3f-8f0e-5f6a3f1c2b4d",
    "status": "durable",
    "appended": [{"channel": "user:7", "n": 12}]
}))]
pub(crate) struct OutcomeView {
    /// Left out of one that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// `accepted`, `replicated` or `durable`: what is true of it now. `scheduled`: it waits for its time.
    /// `cancelled`: it was taken back before its time, and before this answer. In a batch also `refused` (change it) and `failed` (send the same request again).
    #[schema(value_type = String, example = "durable")]
    pub(crate) status: &'static str,
    /// Where it stands; one append for each channel.
    pub(crate) appended: Vec<AppendedView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<ItemProblem>,
}

/// What was wrong with one notification of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemProblem {
    /// One of the contract's error codes.
    #[schema(example = "bad_message")]
    code: String,
    /// Which field, when it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "priority")]
    field: Option<String>,
    #[schema(example = "priority: must be a whole number from 1 to 5")]
    detail: String,
}

/// Most bytes of an answer, so that it can be kept for its `Idempotency-Key` (a record holds 512 KiB).
const ANSWER_BYTES: usize = 480 * 1024;
/// The most one outcome takes beside its appends.
const OUTCOME_BYTES: usize = 400;
/// The most one append takes beside the name of its channel.
const APPEND_BYTES: usize = 44;

/// Refuses a request whose answer could not be kept.
pub(crate) fn check_size<'a>(
    channels: impl Iterator<Item = Option<&'a [Channel]>>,
) -> Result<(), Flaw> {
    let item = |channels: Option<&[Channel]>| match channels {
        None => OUTCOME_BYTES,
        Some(channels) => {
            let names = channels.iter().map(|channel| channel.name().len());
            OUTCOME_BYTES / 2 + names.map(|name| name + APPEND_BYTES).sum::<usize>()
        }
    };
    if channels.map(item).sum::<usize>() > ANSWER_BYTES {
        return Err(Flaw::new(
            fanfare_proto::ErrorCode::TooLarge,
            "",
            "the request has too many addressees in all; split it",
        ));
    }
    Ok(())
}

impl OutcomeView {
    /// As one of a batch.
    pub(crate) fn of(core: &Core, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Stored { id, appended } => Self {
                id: Some(id),
                status: core.settings.stored_as.as_str(),
                appended: appended
                    .into_iter()
                    .map(|(channel, n)| AppendedView { channel, n })
                    .collect(),
                problem: None,
            },
            Outcome::Scheduled { id } => Self {
                id: Some(id),
                status: "scheduled",
                appended: Vec::new(),
                problem: None,
            },
            Outcome::Cancelled { id } => Self {
                id: Some(id),
                status: "cancelled",
                appended: Vec::new(),
                problem: None,
            },
            Outcome::Refused(flaw) => Self {
                id: None,
                status: "refused",
                appended: Vec::new(),
                problem: Some(ItemProblem {
                    code: flaw.code.as_str().to_owned(),
                    detail: flaw.detail(),
                    field: Some(flaw.field).filter(|field| !field.is_empty()),
                }),
            },
            Outcome::Failed { id, problem } => Self {
                id: Some(id),
                status: "failed",
                appended: Vec::new(),
                problem: Some(ItemProblem {
                    code: problem.code().to_owned(),
                    detail: problem.detail().to_owned(),
                    field: None,
                }),
            },
        }
    }
}

/// Whether the same request again may do more than this one did.
pub(crate) fn is_unfinished(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| {
        matches!(outcome, Outcome::Failed { problem, .. } if problem::is_transient(problem))
    })
}

/// What keeps a single notification from being answered with 202.
pub(crate) fn refusal(outcomes: &[Outcome]) -> Option<Problem> {
    match outcomes {
        [Outcome::Refused(flaw)] => Some(flaw.clone().into()),
        [Outcome::Failed { problem, .. }] => Some(problem.clone()),
        _ => None,
    }
}
