//! A question to every gateway of the fleet.

use crate::node::Node;
use fanfare_http::Problem;
use fanfare_proto::{
    ErrorCode,
    wire::{DrainReply, KickReply, SessionsReply},
};
use fanfare_service::problem;
use prost::Message;
use std::{collections::BTreeSet, time::Duration};

/// Longest that gateways are waited for. Those that are well answer within milliseconds.
const WAIT: Duration = Duration::from_secs(2);

/// When to ask again, where not all have answered.
const RETRY_AFTER_MS: u64 = 1_000;

/// What a gateway answers: it says which one it is.
pub(super) trait Reply: Message + Default {
    fn node(&self) -> &str;
}

/// Who answered what, and who did not.
pub(super) struct Answers<T> {
    pub(super) replies: Vec<T>,
    /// Gateways that were heard of late, and did not answer. In order.
    pub(super) missing: Vec<String>,
    /// Whether these are all there are. It is not known right after a start, and while the bus loses messages.
    pub(super) all_known: bool,
}

/// Asks every gateway, this one as well.
pub(super) async fn ask<T: Reply>(
    node: &Node,
    subject: &str,
    question: &impl Message,
) -> Result<Answers<T>, Problem> {
    let expected = node.gateways.expected();
    let gathered = node
        .bus
        .gather(subject, question.encode_to_vec().into(), WAIT, expected);
    let gathered = gathered.await.map_err(|error| {
        tracing::warn!(%error, subject, "the gateways could not be asked");
        problem::unavailable()
    })?;
    let decoded = gathered
        .into_iter()
        .filter_map(|bytes| T::decode(bytes).ok());
    // A gateway with too much to do answers without a name.
    let replies: Vec<T> = decoded.filter(|reply| !reply.node().is_empty()).collect();
    let answered: BTreeSet<&str> = replies.iter().map(Reply::node).collect();
    let mut missing = node.gateways.nodes();
    missing.retain(|own| !answered.contains(own.as_str()));
    Ok(Answers {
        missing: missing.into_iter().collect(),
        all_known: expected != usize::MAX,
        replies,
    })
}

impl<T> Answers<T> {
    /// Why what nobody has said that he has cannot be had: `absent` where all have answered.
    pub(super) fn none_has_it(&self, absent: &str) -> Problem {
        let unheard = match self.missing.as_slice() {
            [] if self.all_known => return Problem::new(ErrorCode::NotFound, absent),
            [] => "of late this gateway may not have heard all others".to_owned(),
            missing => format!("these gateways have not answered: {}", missing.join(", ")),
        };
        let detail = format!("no gateway that answered has it, and {unheard}; try again");
        Problem::new(ErrorCode::Unavailable, detail).retry_after_ms(RETRY_AFTER_MS)
    }
}

impl Reply for SessionsReply {
    fn node(&self) -> &str {
        &self.node
    }
}

impl Reply for KickReply {
    fn node(&self) -> &str {
        &self.node
    }
}

impl Reply for DrainReply {
    fn node(&self) -> &str {
        &self.node
    }
}
