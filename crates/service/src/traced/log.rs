//! The channels' logs.

use async_trait::async_trait;
use fanfare_bus::{
    Log, LogError, Tail,
    log::{Append, Appended, Head, Page, Record, Slice},
};
use fanfare_lifecycle::trace;
use fanfare_proto::{Channel, Position, trace::Context};
use fanfare_telemetry::traces::{Kind, Span, Traces};
use std::sync::Arc;

pub(super) struct TracedLog {
    pub(super) inner: Arc<dyn Log>,
    pub(super) traces: Traces,
}

/// Of one who asks for appends.
struct Asked {
    parent: Context,
    span: Span,
    records: usize,
}

impl TracedLog {
    /// A span for each trace of `appends`, of which those become part. What is appended together may be asked for by
    /// several, and one may ask for much.
    fn spans(&self, name: &'static str, appends: &mut [Append]) -> Vec<Asked> {
        let current = trace::current();
        let mut spans: Vec<Asked> = Vec::new();
        for append in appends {
            let Some(parent) = append.trace.or(current) else {
                continue;
            };
            let known = spans.iter().position(|asked| asked.parent == parent);
            let at = known.unwrap_or_else(|| {
                let mut span = self.traces.child(Kind::Producer, name, Some(parent));
                span.messaging(name, "send", append.channel.name());
                spans.push(Asked {
                    parent,
                    span,
                    records: 0,
                });
                spans.len() - 1
            });
            spans[at].records += 1;
            append.trace = spans[at].span.context();
        }
        spans
    }
}

/// Ends `spans`, of appends that came to `outcome`.
fn end<T>(spans: Vec<Asked>, outcome: &Result<T, LogError>) {
    let reason = outcome.as_ref().err().map(reason);
    for Asked {
        mut span, records, ..
    } in spans
    {
        if records > 1 {
            span.number("messaging.batch.message_count", records);
        }
        if let Some(reason) = reason {
            span.fail(reason);
        }
    }
}

const fn reason(error: &LogError) -> &'static str {
    match error {
        LogError::Conflict { .. } => "conflict",
        LogError::TooLarge => "too_large",
        LogError::Unavailable => "unavailable",
        _ => "store",
    }
}

#[async_trait]
impl Log for TracedLog {
    async fn append(&self, mut append: Append) -> Result<Appended, LogError> {
        let spans = self.spans("append", std::slice::from_mut(&mut append));
        let outcome = self.inner.append(append).await;
        end(spans, &outcome);
        outcome
    }

    async fn append_all(&self, mut appends: Vec<Append>) -> Result<Vec<Appended>, LogError> {
        let spans = self.spans("append", &mut appends);
        let outcome = self.inner.append_all(appends).await;
        end(spans, &outcome);
        outcome
    }

    fn shard(&self, channel: &Channel) -> u16 {
        self.inner.shard(channel)
    }

    fn epoch(&self, channel: &Channel) -> u32 {
        self.inner.epoch(channel)
    }

    async fn heads(&self, channels: &[Channel]) -> Result<Vec<Head>, LogError> {
        self.inner.heads(channels).await
    }

    async fn read(
        &self,
        channel: &Channel,
        after: Position,
        upto: Position,
        limit: usize,
    ) -> Result<Page, LogError> {
        self.inner.read(channel, after, upto, limit).await
    }

    async fn history(
        &self,
        channel: &Channel,
        slice: Slice,
        limit: usize,
    ) -> Result<Page, LogError> {
        self.inner.history(channel, slice, limit).await
    }

    async fn get(&self, channel: &Channel, n: u64) -> Result<Option<Record>, LogError> {
        self.inner.get(channel, n).await
    }

    async fn tail(&self) -> Result<Box<dyn Tail>, LogError> {
        self.inner.tail().await
    }

    async fn schedule(&self, at_ms: i64, key: &str, mut append: Append) -> Result<(), LogError> {
        let spans = self.spans("schedule", std::slice::from_mut(&mut append));
        let outcome = self.inner.schedule(at_ms, key, append).await;
        end(spans, &outcome);
        outcome
    }

    async fn cancel(&self, key: &str) -> Result<bool, LogError> {
        self.inner.cancel(key).await
    }

    async fn delete(&self, channel: &Channel, n: u64) -> Result<bool, LogError> {
        self.inner.delete(channel, n).await
    }

    async fn trim(&self, channel: &Channel, first_n: u64) -> Result<(), LogError> {
        self.inner.trim(channel, first_n).await
    }
}
