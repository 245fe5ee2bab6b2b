//! What an operator can set.

use std::time::Duration;

/// Settings of one gateway node.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node's name, unique in the fleet; shown to clients.
    pub node: String,
    /// Origins that browsers may come from, as `https://app.example.com`; `*` for any. The gateway's own host is always
    /// allowed, and so is every loopback origin when the gateway itself was reached over loopback.
    pub allowed_origins: Vec<String>,
    /// Shards, each with a task of its own.
    pub shards: usize,
    /// Largest message of a client, in bytes.
    pub frame_bytes: u32,
    /// Whether permessage-deflate is agreed with clients that offer it.
    pub compression: bool,
    /// Frames a client may send each second, in the long run.
    pub frames_per_second: u32,
    /// Frames a client may send at once.
    pub frames_burst: u32,
    /// Subscriptions of one connection.
    pub subscriptions: usize,
    /// Connections of this node.
    pub connections: usize,
    /// Connections of one user on this node.
    pub connections_per_user: usize,
    /// Connections of one address on this node.
    pub connections_per_address: usize,
    /// Connections let in each second, as many at once; those beyond are told when to come back. 0: no limit.
    pub admissions_per_second: u32,
    /// Bytes queued for a client that reads slowly.
    pub outbox_bytes: usize,
    /// Frames queued for a client that reads slowly.
    pub outbox_frames: usize,
    /// Bytes of the last deliveries kept for those who come back, of all channels together, frames included; 0: none.
    pub ring_bytes: usize,
    /// Between two pings; each connection's are up to a fifth earlier.
    pub ping_interval: Duration,
    /// Without a byte from the peer for this long it is gone.
    pub silence: Duration,
    /// For the first frame of a connection that came without a token.
    pub auth_timeout: Duration,
    /// Told this long before the token ends.
    pub token_notice: Duration,
    /// How long a user stays present in a channel after his last session has left it, so that a reconnect shows nothing.
    pub presence_leave: Duration,
    /// Users of one channel who are listed as present, 1 to 1,000; more are only counted.
    pub presence_users: usize,
    /// Between two comparisons of what was delivered with what the log holds.
    pub audit_interval: Duration,
    /// How long a draining node keeps accepting, until every load balancer has seen that it is not ready.
    pub lame_duck: Duration,
    /// Over how long a drain spreads its closes. `None`: two milliseconds for each connection, 30 s at most.
    pub drain_window: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: "local".to_owned(),
            allowed_origins: Vec::new(),
            shards: std::thread::available_parallelism().map_or(1, usize::from),
            frame_bytes: 64 * 1024,
            compression: true,
            frames_per_second: 20,
            frames_burst: 40,
            subscriptions: 128,
            connections: 100_000,
            connections_per_user: 20,
            // An office behind one address is a few hundred people with a few tabs each.
            connections_per_address: 1_000,
            admissions_per_second: 0,
            outbox_bytes: 1024 * 1024,
            outbox_frames: 1_000,
            ring_bytes: 64 * 1024 * 1024,
            ping_interval: Duration::from_secs(25),
            silence: Duration::from_secs(60),
            auth_timeout: Duration::from_secs(10),
            token_notice: Duration::from_secs(60),
            presence_leave: Duration::from_secs(3),
            presence_users: 500,
            audit_interval: Duration::from_secs(30),
            lame_duck: Duration::ZERO,
            drain_window: None,
        }
    }
}
