//! Marks notifications, and tells the user's other sessions.

use super::{
    counts::{self, Counts},
    state::Mark,
    store,
};
use crate::core::Core;
use fanfare_http::Problem;
use fanfare_proto::{Channel, Kind, subject, wire::Event};
use prost::Message as _;
use serde::Serialize;

/// One place that was marked.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Marked {
    #[schema(value_type = String, example = "user:7")]
    pub(crate) channel: Channel,
    /// The notification's ordinal; with `read_up_to`, that of the last one.
    #[schema(example = 12)]
    pub(crate) n: u64,
}

/// What changed, and what is unread now.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Change {
    /// `read`, `unread`, `archive` or `read_up_to`.
    #[schema(value_type = String, example = "read")]
    pub(crate) change: &'static str,
    /// The notification; not with `read_up_to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) marks: Vec<Marked>,
    /// Left out of the event, and of an answer when they could not be counted: `counts` follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) counts: Option<Counts>,
}

/// Whose inbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) user: &'a str,
    pub(crate) groups: &'a [String],
}

/// Marks `places` of the owner's inbox and publishes `read` and `counts` to his sessions, unless nothing changes. What
/// is marked is told before anything else can fail; counts that fail come later.
pub(crate) async fn mark(
    core: &Core,
    owner: Owner<'_>,
    id: Option<String>,
    places: Vec<(Channel, u64)>,
    mark: Mark,
) -> Result<Change, Problem> {
    let epochs: Vec<u32> = places
        .iter()
        .map(|(channel, _n)| core.handles.log.epoch(channel))
        .collect();
    let updated = store::update(core, owner.user, owner.groups, |state| {
        let mut changed = false;
        for ((channel, n), epoch) in places.iter().zip(&epochs) {
            changed |= state.apply(channel, *epoch, *n, mark);
        }
        changed
    });
    let (_state, changed) = updated.await?;
    let mut change = Change {
        change: match mark {
            Mark::Read => "read",
            Mark::Unread => "unread",
            Mark::Archive => "archive",
            Mark::ReadUpTo => "read_up_to",
        },
        id,
        marks: places
            .into_iter()
            .map(|(channel, n)| Marked { channel, n })
            .collect(),
        counts: None,
    };
    if changed {
        send(core, owner.user, "read", &change).await;
    }
    match counts::of(core, owner.user, owner.groups).await {
        Ok(counts) => {
            if changed {
                send(core, owner.user, "counts", &counts).await;
            }
            change.counts = Some(counts);
        }
        Err(problem) => {
            tracing::debug!(code = problem.code(), "a mark was kept but not counted");
            core.touch(owner.user);
        }
    }
    Ok(change)
}

/// Sends an event to whoever of the user's sessions watch now. Best effort: counts are absolute, and the next say it
/// again.
pub(crate) async fn send(core: &Core, user: &str, kind: &str, data: &impl Serialize) {
    let Ok(channel) = Channel::new(Kind::User, user) else {
        return;
    };
    let event = Event {
        channel: channel.name().to_owned(),
        r#type: kind.to_owned(),
        data: serde_json::to_vec(data).unwrap_or_default().into(),
        created_at_ms: core.clock.now_ms(),
        ..Event::default()
    };
    let subject = subject::event(&channel);
    let payload = event.encode_to_vec().into();
    if let Err(error) = core.handles.bus.publish(&subject, payload).await {
        tracing::debug!(kind, %error, "an event could not be sent");
    }
}
