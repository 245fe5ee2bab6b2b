//! Who is present in a channel that nobody watches here: asked of all gateways, once for all who ask at the time.

use super::{GATHER_WAIT, answer::Answer, view::View};
use crate::node::Node;
use fanfare_proto::{
    Channel, ErrorCode, subject,
    wire::{PresenceReply, PresenceRequest},
};
use prost::Message as _;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync, time::Instant};

/// How long an answer is good for others who ask: people do not see the difference, and gateways do.
const FRESH: Duration = Duration::from_secs(3);

/// Channels whose answers are kept; when there are more, those that nobody is waiting for are forgotten. Answers have
/// some 100 KB at most and 1 KB mostly.
const KEPT: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Snapshots(Mutex<HashMap<Channel, Arc<Slot>>>);

/// Held by the one who asks; the others wait, and find the answer.
type Slot = sync::Mutex<Option<(Instant, Arc<Answer>)>>;

impl Snapshots {
    /// The answer of all gateways, a few seconds old at most. Cancel safe: the next who waits asks instead.
    pub(super) async fn of(
        &self,
        node: &Node,
        channel: &Channel,
    ) -> Result<Arc<Answer>, ErrorCode> {
        let slot = self.slot(channel);
        let mut kept = slot.lock().await;
        if let Some((at, answer)) = &*kept
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(gather(node, channel).await?);
        *kept = Some((Instant::now(), Arc::clone(&answer)));
        Ok(answer)
    }

    fn slot(&self, channel: &Channel) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KEPT && !slots.contains_key(channel) {
            slots.retain(|_channel, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(channel.clone()).or_default())
    }
}

async fn gather(node: &Node, channel: &Channel) -> Result<Answer, ErrorCode> {
    let request = PresenceRequest {
        channels: vec![channel.name().to_owned()],
    };
    let expected = node.presence.expected();
    let answers = node
        .bus
        .gather(
            subject::GATEWAY_PRESENCE,
            request.encode_to_vec().into(),
            GATHER_WAIT,
            expected,
        )
        .await
        .map_err(|error| {
            tracing::debug!(%error, "the gateways could not be asked who is present");
            ErrorCode::Unavailable
        })?;
    let is_partial = expected != usize::MAX && answers.len() < expected;
    let mut view = View::new();
    for (of, bytes) in (0..).zip(answers) {
        let reply = PresenceReply::decode(bytes).unwrap_or_default();
        let held = reply.channels.iter();
        if let Some(held) = held.into_iter().find(|own| own.channel == channel.name()) {
            view.set(of, reply.counter, held);
        }
    }
    view.bound(node.presence.users_max);
    Ok(Answer::of(&view, is_partial))
}
