//! The trail as it is answered.

use super::Known;
use crate::{
    core::Core,
    notification::record::{Record, Withdrawn},
    trail::ack::Acked,
};
use fanfare_proto::{Channel, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// What is known of one notification.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trail {
    #[schema(example = "01acf2a3-1b00-7d3f-8f0e-5f6a3f1c2b4d")]
    pub(crate) id: String,
    /// `scheduled`, `sent`, `expired`, `cancelled` or `retracted`.
    #[schema(value_type = String, example = "sent")]
    pub(crate) status: &'static str,
    /// When it was accepted over HTTP.
    #[schema(value_type = String, example = "2026-01-31T12:00:00.000Z")]
    pub(crate) accepted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) deliver_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) expires_at: Option<Timestamp>,
    /// When its publisher took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) withdrawn_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) collapse_key: Option<String>,
    /// At most 50.
    pub(crate) channels: Vec<Place>,
    /// How many more channels there are.
    pub(crate) channels_left_out: usize,
    /// The users it names (or the one that was asked for), at most 50. Who reads a group, a topic or `all` is not
    /// listed: ask for him with `?user=`.
    pub(crate) addressees: Vec<Addressee>,
    /// Who acknowledged it, at most 100.
    pub(crate) acked: Vec<AckView>,
    /// There are more.
    pub(crate) acked_more: bool,
}

/// One channel it went to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Place {
    #[schema(value_type = String, example = "user:7")]
    pub(crate) channel: Channel,
    /// `scheduled`, `pending` (due, but not seen in the log yet), `stored`, `collapsed`, `expired`, `cancelled`,
    /// `retracted`, or `gone` (had vanished before it was taken back).
    #[schema(value_type = String, example = "stored")]
    status: &'static str,
    /// Its ordinal in the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    n: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    stored_at: Option<Timestamp>,
    /// The newer notification that took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    collapsed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    collapsed_at: Option<Timestamp>,
    /// To how many sessions it was written as it was stored. Replays to those that came back are not in it.
    #[schema(example = 2)]
    live_sessions: u64,
    /// The same by gateway.
    receipts: Vec<ReceiptView>,
}

/// What one gateway wrote.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    #[schema(example = "gateway-0")]
    pub(crate) node: String,
    #[schema(value_type = String)]
    pub(crate) at: Timestamp,
    #[schema(example = 2)]
    pub(crate) sessions: u32,
}

/// One user, and whether he got it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Addressee {
    #[schema(example = "7")]
    pub(crate) user: String,
    /// The sessions it was written to; empty: none.
    pub(crate) delivered: Vec<Delivered>,
    /// Why it was written to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_delivered: Option<NotDelivered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) acked_at: Option<Timestamp>,
    /// Whether it is marked read in his inbox.
    pub(crate) read: bool,
}

/// One session it was written to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivered {
    #[schema(value_type = String, example = "user:7")]
    pub(crate) channel: Channel,
    pub(crate) session: String,
    #[schema(example = "gateway-0")]
    pub(crate) node: String,
    #[schema(example = "/ws/notifications/")]
    pub(crate) path: String,
    /// `live` as it was stored, or `replay` when the session came (back).
    #[schema(value_type = String, example = "live")]
    pub(crate) how: &'static str,
    /// Left out while the gateway's receipt is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) at: Option<Timestamp>,
}

/// Why a user did not get it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotDelivered {
    /// `not_due`, `pending`, `cancelled`, `retracted`, `expired`, `collapsed`, `never_connected`,
    /// `not_connected_since`, `connected_elsewhere`, `behind`, `began_after`, `closed_too_slow`, `closed`, `session_lost`
    /// or `unknown`.
    #[schema(value_type = String, example = "not_connected_since")]
    pub(crate) code: &'static str,
    /// In words.
    #[schema(
        example = "The user was last connected at 2026-01-31T11:00:00.000Z. It waits for his return."
    )]
    pub(crate) reason: String,
}

/// One acknowledgement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AckView {
    #[schema(example = "7")]
    user: String,
    session: String,
    #[schema(value_type = String)]
    at: Timestamp,
}

impl From<Acked> for AckView {
    fn from(acked: Acked) -> Self {
        Self {
            user: acked.user,
            session: acked.session,
            at: Timestamp::from_ms(acked.at_ms),
        }
    }
}

impl Place {
    pub(super) fn of(core: &Core, record: &Record, known: &Known) -> Self {
        let now_ms = core.clock.now_ms();
        let is_over = |at_ms: Option<i64>| at_ms.is_some_and(|at_ms| at_ms <= now_ms);
        let status = match (known.place.withdrawn, known.place.n) {
            (Some(Withdrawn::Cancelled), _) => "cancelled",
            (Some(Withdrawn::Retracted), _) => "retracted",
            _ if known.fate.is_some() => "collapsed",
            _ if is_over(record.expires_at_ms) => "expired",
            (Some(Withdrawn::Gone), _) => "gone",
            (None, Some(_)) => "stored",
            (None, None) if is_over(record.deliver_at_ms) => "pending",
            (None, None) => "scheduled",
        };
        let receipts = known.receipts.iter();
        Self {
            channel: known.place.channel.clone(),
            status,
            n: known.place.n,
            stored_at: known.place.stored_at_ms.map(Timestamp::from_ms),
            collapsed_by: known.fate.as_ref().map(|fate| fate.by.clone()),
            collapsed_at: known
                .fate
                .as_ref()
                .map(|fate| Timestamp::from_ms(fate.at_ms)),
            live_sessions: receipts.clone().map(|one| u64::from(one.count)).sum(),
            receipts: receipts
                .map(|one| ReceiptView {
                    node: one.node.clone(),
                    at: Timestamp::from_ms(one.at_ms),
                    sessions: one.count,
                })
                .collect(),
        }
    }
}
