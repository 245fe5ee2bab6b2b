//! What a publisher sends, as it is documented. The checks are those of
//! [`Draft`](crate::notification::draft::Draft), which say more than a type can.
#![expect(
    dead_code,
    reason = "documents what is read field by field, so that each error can name its field"
)]

use serde::Deserialize;
use utoipa::ToSchema;

/// One notification.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "to": {"users": ["7"]},
    "title": "Invoice 42 is paid",
    "content": "Thank you.",
    "level": "success",
    "msg_type": "invoice",
    "link_type": "invoice",
    "link_id": "42",
    "data": {"amount": "12.00"}
}))]
pub(crate) struct NotificationRequest {
    /// At least one addressee.
    pub(crate) to: Addressees,
    /// The line people see first; at most 256 characters. One of `title`, `content` and `data` is needed.
    #[schema(max_length = 256)]
    pub(crate) title: Option<String>,
    /// At most 32,768 characters.
    #[schema(max_length = 32_768)]
    pub(crate) content: Option<String>,
    /// `info` (default), `success`, `warning` or `error`.
    #[schema(default = "info", example = "success")]
    pub(crate) level: Option<String>,
    /// 1 (lowest) to 5.
    #[schema(default = 3, minimum = 1, maximum = 5)]
    pub(crate) priority: Option<u8>,
    /// What kind of notification it is, for front ends and for counts.
    #[schema(max_length = 128, example = "invoice")]
    pub(crate) msg_type: Option<String>,
    /// What the front end opens.
    #[schema(max_length = 128)]
    pub(crate) link_type: Option<String>,
    /// Which one of these.
    #[schema(max_length = 128)]
    pub(crate) link_id: Option<String>,
    /// An address that begins with `https://`, `http://` or a single `/`.
    #[schema(max_length = 2_048)]
    pub(crate) link: Option<String>,
    /// At most 3.
    #[schema(max_items = 3)]
    pub(crate) actions: Option<Vec<ActionRequest>>,
    /// Who did what is told.
    pub(crate) actor: Option<ActorRequest>,
    /// Notifications with the same one belong together.
    #[schema(max_length = 128)]
    pub(crate) thread_key: Option<String>,
    /// Of those with the same one on the same channel, only the newest is kept.
    #[schema(max_length = 128)]
    pub(crate) collapse_key: Option<String>,
    /// Any JSON; readers get it as `extra`.
    #[schema(value_type = Object)]
    pub(crate) data: Option<serde_json::Value>,
    /// It vanishes this long after it is due; at most 366 days.
    #[schema(minimum = 1, maximum = 31_622_400)]
    pub(crate) ttl_seconds: Option<u64>,
    /// When it is sent, at most a year ahead; a time that is over means now.
    #[schema(format = DateTime)]
    pub(crate) deliver_at: Option<String>,
    /// The least that must be true before it is answered: `accepted`, `replicated` or `durable`. What the store does
    /// not give is refused. The answer's `status` says what is true.
    #[schema(example = "durable")]
    pub(crate) ack: Option<String>,
}

/// Whom it is for: at most 1,000 in all.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Addressees {
    /// Ids of users.
    pub(crate) users: Option<Vec<String>>,
    /// Ids of groups: everybody whose token names it.
    pub(crate) groups: Option<Vec<String>>,
    /// Names of topics.
    pub(crate) topics: Option<Vec<String>>,
    /// Everybody.
    pub(crate) all: Option<bool>,
}

/// Something to do about it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ActionRequest {
    pub(crate) id: Option<String>,
    pub(crate) label: String,
    /// As `link`.
    pub(crate) link: Option<String>,
}

/// Who did it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ActorRequest {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    /// As `link`.
    pub(crate) avatar: Option<String>,
}

/// One notification, or up to 1,000.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NotificationsRequest {
    #[schema(title = "one")]
    One(Box<NotificationRequest>),
    #[schema(title = "batch")]
    Batch(Vec<NotificationRequest>),
}

/// Live data.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"channel": "topic:prices", "data": {"btc": 97_000}}))]
pub(crate) struct PublicationRequest {
    /// `topic:<name>`.
    pub(crate) channel: String,
    /// Any JSON, at most 64 KiB.
    #[schema(value_type = Object)]
    pub(crate) data: serde_json::Value,
    /// Only sent to whoever watches now; nobody keeps it.
    #[schema(default = false)]
    pub(crate) ephemeral: Option<bool>,
}
