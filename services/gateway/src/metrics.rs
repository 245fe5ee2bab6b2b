//! What the gateway measures. Children of labelled metrics are taken out once: a delivery looks nothing up.

use fanfare_proto::CloseCode;
use fanfare_telemetry::{
    label,
    metrics::{Family, Label, Latency, Metrics, TraceId},
    prometheus::{IntCounter, IntGauge},
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
    pub(crate) channels: IntGauge,
    pub(crate) draining: IntGauge,
    pub(crate) present: IntGauge,
    pub(crate) presence_gaps: IntCounter,
    pub(crate) messages: IntCounter,
    pub(crate) deflates: IntCounter,
    pub(crate) replayed: Family<Source, IntCounter>,
    pub(crate) replay_reads: IntCounter,
    pub(crate) resets: IntCounter,
    pub(crate) repairs: IntCounter,
    pub(crate) lagged: IntCounter,
    pub(crate) refused: IntCounter,
    closed: Family<Closed, IntCounter>,
    writes: IntCounter,
    frames: Family<Frames, IntCounter>,
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
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            connections: metrics
                .gauge("fanfare_gateway_connections", "Open WebSocket connections."),
            channels: metrics.gauge(
                "fanfare_gateway_channels",
                "Channels that somebody reads on this node.",
            ),
            draining: metrics.gauge("fanfare_gateway_draining", "1 while the node drains."),
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
            resets: metrics.counter(
                "fanfare_gateway_resets_total",
                "Subscriptions whose gap could not be filled.",
            ),
            repairs: metrics.counter(
                "fanfare_gateway_repairs_total",
                "Gaps of the live path that were filled from the log.",
            ),
            lagged: metrics.counter(
                "fanfare_gateway_tail_lagged_total",
                "Times the live path told that it had lost records.",
            ),
            refused: metrics.counter(
                "fanfare_gateway_connections_refused_total",
                "Connections refused before they were signed in.",
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
        ] {
            if count > 0 {
                counter.inc_by(count);
            }
        }
    }

    /// A delivery took this long from its publish. `trace`: what it belongs to, if that is sampled.
    pub(crate) fn latency(&self, ms: i64, trace: Option<TraceId>) {
        let ms = u32::try_from(ms.max(0)).unwrap_or(u32::MAX);
        self.latency.observe(f64::from(ms) / 1_000.0, trace);
    }

    /// A connection ended; `None`: the peer ended it.
    pub(crate) fn closed(&self, code: Option<CloseCode>) {
        self.closed.of(Closed(code)).inc();
    }
}
