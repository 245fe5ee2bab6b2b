//! Every bound of the contract, with its reason.

/// Longest id of a user, group, room or topic, in bytes. Encoded three to one in the worst case, a subject stays
/// under 400 bytes, which brokers take.
pub const ID_BYTES: usize = 128;

/// Longest `id` of a client frame, in characters: a UUID with a prefix.
pub const FRAME_ID_CHARS: usize = 64;

/// Largest client frame (and message, when fragmented), in bytes. Browsers send chat lines, not files.
pub const FRAME_BYTES: usize = 64 * 1024;

/// Deepest nesting of JSON that is accepted. Deeper values are attacks on recursive readers further on.
pub const JSON_DEPTH: usize = 32;

/// Most items of one history page.
pub const HISTORY_ITEMS: usize = 200;

/// History items when the client names no limit.
pub const HISTORY_ITEMS_DEFAULT: usize = 50;

/// Largest body of a notification or publication, in bytes. A broker's default largest payload is 1 MiB, and one
/// entry goes to every subscriber.
pub const BODY_BYTES: usize = 64 * 1024;

/// Most notifications in one publish request.
pub const BATCH_ITEMS: usize = 1_000;

/// Most addressees (users, groups and topics together) of one notification.
pub const ADDRESSEES: usize = 1_000;

/// Longest name of a `custom` handler, in bytes.
pub const CUSTOM_NAME_BYTES: usize = 64;

/// Longest `client_id` and `Idempotency-Key`, in bytes.
pub const IDEMPOTENCY_KEY_BYTES: usize = 128;

/// Most users of a channel that are listed as present, whatever an operator sets: their names and ids fit one message
/// of a broker.
pub const PRESENT_USERS: usize = 1_000;

/// Longest name of a present user, in bytes; what is longer is cut.
pub const PRESENT_NAME_BYTES: usize = 128;

/// Most channels of one [`PresenceRequest`](crate::wire::PresenceRequest).
pub const PRESENCE_CHANNELS: usize = 64;
