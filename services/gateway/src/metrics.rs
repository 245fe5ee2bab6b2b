//! What the gateway measures. Children of labelled metrics are taken out once: a delivery looks nothing up.

use crate::session::Endpoint;
use fanfare_proto::CloseCode;
use fanfare_telemetry::{
    label,
    metrics::{Family, Label, Latency, Metrics, TraceId},
    prometheus::{Histogram, IntCounter, IntGauge},
};

label! {
    /// What became of published frames.
    pub(crate) enum Frames: "outcome" {
        Written = "written",
        /// The client's socket was blocked; they wait.
        Queued = "queued",
        /// Its queue is full, and its connection ends.
        TooSlow = "too_slow",
    }
}

label! {
    /// Where entries were that a client had missed.
    pub(crate) enum Source: "source" {
        /// In memory.
        Ring = "ring",
        Log = "log",
    }
}

label! {
    /// How a client that came back with a cursor was brought up to date.
    pub(crate) enum Resume: "outcome" {
        /// It got what it had missed, or had missed nothing.
        Recovered = "recovered",
        /// It was told that what it missed cannot be had.
        Reset = "reset",
    }
}

label! {
    /// Why subscribers are told that there is a gap.
    pub(crate) enum Gap: "reason" {
        /// Retention has removed what is missing.
        HistoryTrimmed = "history_trimmed",
        /// The cursor is of another life of the log.
        EpochChanged = "epoch_changed",
        /// The log does not know the place, or has it no more.
        CursorUnknown = "cursor_unknown",
    }
}

label! {
    /// What showed that the live path had lost records.
    pub(crate) enum Cause: "cause" {
        /// A record that came said that there is one before it.
        Record = "record",
        /// The log's head was ahead.
        Audit = "audit",
    }
}

impl Label for Endpoint {
    const NAME: &'static str = "endpoint";
    const ALL: &'static [Self] = &[Self::Test, Self::Notifications, Self::Chat, Self::Plain];

    fn as_str(self) -> &'static str {
        self.path()
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// By which code a connection ended; none: its peer ended it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed(Option<CloseCode>);

impl Label for Closed {
    const NAME: &'static str = "code";
    const ALL: &'static [Self] = &{
        let mut all = [Self(None); CloseCode::ALL.len() + 1];
        let mut index = 0;
        while index < CloseCode::ALL.len() {
            all[index] = Self(Some(CloseCode::ALL[index]));
            index += 1;
        }
        all
    };

    fn as_str(self) -> &'static str {
        self.0.map_or("peer", CloseCode::as_str)
    }

    fn index(self) -> usize {
        self.0.map_or(CloseCode::ALL.len(), |code| code as usize)
    }
}

#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) connections: IntGauge,
    pub(crate) connections_limit: IntGauge,
    pub(crate) opened: Family<Endpoint, IntCounter>,
    /// From a request for an upgrade to its session.
    pub(crate) handshake: Histogram,
    /// Bytes that wait for clients.
    pub(crate) queued_bytes: IntGauge,
    pub(crate) channels: IntGauge,
    pub(crate) draining: IntGauge,
    /// Sessions that the drain found.
    pub(crate) drain_sessions: IntGauge,
    pub(crate) present: IntGauge,
    pub(crate) presence_gaps: IntCounter,
    pub(crate) messages: IntCounter,
    pub(crate) deflates: IntCounter,
    pub(crate) replayed: Family<Source, IntCounter>,
    pub(crate) replay_reads: IntCounter,
    pub(crate) resumes: Family<Resume, IntCounter>,
    pub(crate) resets: Family<Gap, IntCounter>,
    pub(crate) repairs: Family<Cause, IntCounter>,
    pub(crate) lagged: IntCounter,
    /// Frames of clients that came too fast.
    pub(crate) rate_limited: IntCounter,
    refused: Family<Closed, IntCounter>,
    closed: Family<Closed, IntCounter>,
    writes: IntCounter,
    frames: Family<Frames, IntCounter>,
    sent_bytes: IntCounter,
    bus: Histogram,
    latency: Latency,
}

/// What became of the published frames of one drain.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Times a socket was handed frames.
    pub(crate) writes: u64,
    pub(crate) written: u64,
    pub(crate) queued: u64,
    pub(crate) too_slow: u64,
    /// Of frames that were written or queued.
    pub(crate) bytes: u64,
    /// By how much more waits for clients now.
    pub(crate) queued_bytes: i64,
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            connections: metrics
                .gauge("fanfare_gateway_connections", "Open WebSocket connections."),
            connections_limit: metrics.gauge(
                "fanfare_gateway_connections_limit",
                "Connections that this node takes at most.",
            ),
            opened: metrics.counters(
                "fanfare_gateway_connections_opened_total",
                "Connections that became sessions, by the path they came to.",
            ),
            handshake: metrics.seconds(
                "fanfare_gateway_handshake_seconds",
                "From a request for an upgrade to its session, with the check of its token.",
            ),
            queued_bytes: metrics.gauge(
                "fanfare_gateway_queue_bytes",
                "Bytes that wait for clients whose sockets are blocked.",
            ),
            channels: metrics.gauge(
                "fanfare_gateway_channels",
                "Channels that somebody reads on this node.",
            ),
            draining: metrics.gauge("fanfare_gateway_draining", "1 while the node drains."),
            drain_sessions: metrics.gauge(
                "fanfare_gateway_drain_sessions",
                "Sessions that were there when the node's drain began to send them away.",
            ),
            present: metrics.gauge(
                "fanfare_gateway_present",
                "Users present by this node, each counted in every channel.",
            ),
            presence_gaps: metrics.counter(
                "fanfare_gateway_presence_gaps_total",
                "Times another gateway was asked again who is present by it.",
            ),
            messages: metrics.counter(
                "fanfare_gateway_messages_total",
                "Publications that were fanned out on this node, however many read them.",
            ),
            deflates: metrics.counter(
                "fanfare_gateway_deflates_total",
                "Publications that were compressed on this node, each once for all who read it.",
            ),
            replayed: metrics.counters(
                "fanfare_gateway_replayed_total",
                "Entries sent again to clients that came back, by where they were: in memory, or read from the log.",
            ),
            replay_reads: metrics.counter(
                "fanfare_gateway_replay_reads_total",
                "Pages read from the log for clients that came back; those who want the same one share it.",
            ),
            resumes: metrics.counters(
                "fanfare_gateway_resumes_total",
                "Subscriptions with a cursor, by whether what was missed could be had.",
            ),
            resets: metrics.counters(
                "fanfare_gateway_resets_total",
                "Gaps that subscribers were told of because they cannot be filled, by reason.",
            ),
            repairs: metrics.counters(
                "fanfare_gateway_repairs_total",
                "Gaps of the live path that were filled from the log, by what showed them.",
            ),
            lagged: metrics.counter(
                "fanfare_gateway_tail_lagged_total",
                "Times the live path told that it had lost records.",
            ),
            rate_limited: metrics.counter(
                "fanfare_gateway_rate_limited_total",
                "Frames of clients that were refused because they came too fast.",
            ),
            refused: metrics.counters(
                "fanfare_gateway_connections_refused_total",
                "Connections refused before they became sessions, by close code.",
            ),
            closed: metrics.counters(
                "fanfare_gateway_connections_closed_total",
                "Connections that ended, by close code; peer: the client ended it.",
            ),
            writes: metrics.counter(
                "fanfare_gateway_writes_total",
                "Times published frames were handed to a socket, however many at once.",
            ),
            frames: metrics.counters(
                "fanfare_gateway_frames_sent_total",
                "Published frames sent to sockets, by what became of them.",
            ),
            sent_bytes: metrics.counter(
                "fanfare_gateway_sent_bytes_total",
                "Bytes of published frames that were written or queued.",
            ),
            bus: metrics.seconds(
                "fanfare_gateway_bus_seconds",
                "From the publish to this node hearing of it.",
            ),
            latency: metrics.latency(
                "fanfare_gateway_delivery_seconds",
                "From the publish to the write to this node's sockets.",
            ),
        }
    }

    /// A drain has ended.
    pub(crate) fn sent(&self, tally: &Tally) {
        for (counter, count) in [
            (&self.writes, tally.writes),
            (self.frames.of(Frames::Written), tally.written),
            (self.frames.of(Frames::Queued), tally.queued),
            (self.frames.of(Frames::TooSlow), tally.too_slow),
            (&self.sent_bytes, tally.bytes),
        ] {
            if count > 0 {
                counter.inc_by(count);
            }
        }
        if tally.queued_bytes != 0 {
            self.queued_bytes.add(tally.queued_bytes);
        }
    }

    /// This node has heard of a publication this long after its publish.
    pub(crate) fn heard(&self, ms: i64) {
        self.bus.observe(seconds(ms));
    }

    /// A delivery took this long from its publish. `trace`: what it belongs to, if that is sampled.
    pub(crate) fn latency(&self, ms: i64, trace: Option<TraceId>) {
        self.latency.observe(seconds(ms), trace);
    }

    /// A connection ended; `None`: the peer ended it.
    pub(crate) fn closed(&self, code: Option<CloseCode>) {
        self.closed.of(Closed(code)).inc();
    }

    /// A connection was refused with this code before it became a session.
    pub(crate) fn refused(&self, code: CloseCode) {
        self.refused.of(Closed(Some(code))).inc();
    }
}

/// Clocks of different hosts differ: what seems to come before its time took none.
fn seconds(ms: i64) -> f64 {
    f64::from(u32::try_from(ms.max(0)).unwrap_or(u32::MAX)) / 1_000.0
}
