//! A delivery that is part of a trace: one span for it on this node, and one for each shard that writes it.
//!
//! `deliver` begins where the hub has the record and ends when the last shard has handed it to its sockets. A shard's
//! `write` lasts from the beginning of the fan-out to its end. There are as many as there are shards with a reader, and
//! none for a socket. What a client that comes back has missed is sent for him, and is part of no trace.

use crate::delivery::Delivery;
use fanfare_proto::trace::Context;
use fanfare_telemetry::{
    metrics::TraceId,
    traces::{Kind, Span, Traces},
};
use std::sync::{Arc, Mutex, PoisonError};

/// What a delivery is part of.
#[derive(Debug)]
pub(crate) struct Trace {
    traces: Traces,
    /// The delivery's own span.
    context: Context,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    span: Span,
    /// Shards that have not written it.
    left: usize,
    sockets: u64,
}

impl Trace {
    /// Begins the span of what is delivered for `parent`; `None` when there is none, or nobody collects.
    pub(crate) fn begin(
        traces: &Traces,
        parent: Option<Context>,
        channel: &str,
        n: u64,
    ) -> Option<Box<Self>> {
        let mut span = traces.child(Kind::Consumer, "deliver", parent);
        let context = span.context()?;
        span.messaging("deliver", "process", channel);
        if n > 0 {
            span.number("fanfare.n", n);
        }
        Some(Box::new(Self {
            traces: traces.clone(),
            context,
            state: Mutex::new(State {
                span,
                left: 0,
                sockets: 0,
            }),
        }))
    }

    /// The delivery goes to so many shards. Said before the first of them gets it.
    pub(crate) fn expect(&self, shards: usize) {
        self.with(|state| state.left = shards);
    }

    /// The trace.
    pub(crate) const fn id(&self) -> TraceId {
        self.context.trace_id()
    }

    /// A shard is done with it.
    fn written(&self, sockets: u32) {
        self.with(|state| {
            state.sockets += u64::from(sockets);
            state.left = state.left.saturating_sub(1);
        });
    }

    /// Ends the span when no shard is left. The delivery itself lives on, for those who come back.
    fn with(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        if state.left == 0 {
            let mut span = std::mem::take(&mut state.span);
            span.number("fanfare.sockets", state.sockets);
        }
    }
}

/// The writes of one shard for deliveries of one channel. Each is one less to wait for when it is dropped, however that
/// comes.
#[derive(Debug, Default)]
pub(crate) struct Writes(Vec<Write>);

#[derive(Debug)]
struct Write {
    delivery: Arc<Delivery>,
    span: Span,
    sockets: u32,
}

impl Writes {
    /// Begins those of the `deliveries` that are part of a trace; none mostly, which costs a look at each.
    pub(crate) fn begin(deliveries: &[Arc<Delivery>], shard: u16) -> Self {
        let mut writes = Vec::new();
        for delivery in deliveries {
            let Some(trace) = &delivery.trace else {
                continue;
            };
            let mut span = trace
                .traces
                .child(Kind::Internal, "write", Some(trace.context));
            span.number("fanfare.shard", shard);
            writes.push(Write {
                delivery: Arc::clone(delivery),
                span,
                sockets: 0,
            });
        }
        Self(writes)
    }

    /// So many sockets took them.
    pub(crate) fn end(mut self, sockets: u32) {
        for write in &mut self.0 {
            write.sockets = sockets;
        }
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        self.span.number("fanfare.sockets", self.sockets);
        // Before the one that it is part of.
        drop(std::mem::take(&mut self.span));
        if let Some(trace) = &self.delivery.trace {
            trace.written(self.sockets);
        }
    }
}
