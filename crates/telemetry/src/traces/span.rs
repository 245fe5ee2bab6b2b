//! One span.

use fanfare_lifecycle::trace;
use fanfare_proto::trace::Context;
use opentelemetry::{
    KeyValue, Value,
    trace::{Span as _, SpanKind, Status},
};
use opentelemetry_sdk::trace::Span as Recording;

/// What a span is to those it talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers a request.
    Server,
    /// It makes a request.
    Client,
    /// It sends what is taken later.
    Producer,
    /// It takes what was sent.
    Consumer,
    /// It talks to nobody.
    Internal,
}

impl From<Kind> for SpanKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Server => Self::Server,
            Kind::Client => Self::Client,
            Kind::Producer => Self::Producer,
            Kind::Consumer => Self::Consumer,
            Kind::Internal => Self::Internal,
        }
    }
}

/// A span, if it is recorded. Ends when it is dropped.
#[derive(Debug, Default)]
pub struct Span(Option<Box<Recording>>);

impl Span {
    /// One that is not recorded.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    pub(super) fn of(span: Recording) -> Self {
        Self(span.is_recording().then(|| Box::new(span)))
    }

    /// Whether it is recorded.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.0.is_some()
    }

    /// What it is called by those that are part of it; `None` when it is not recorded.
    #[must_use]
    pub fn context(&self) -> Option<Context> {
        let context = self.0.as_ref()?.span_context();
        let (trace, span) = (context.trace_id(), context.span_id());
        Context::new(trace.to_bytes(), span.to_bytes(), context.is_sampled())
    }

    /// Notes a text.
    pub fn text(&mut self, key: &'static str, text: impl Into<String>) {
        if self.is_recorded() {
            self.set(key, text.into());
        }
    }

    /// Notes what is done with a message and where it goes, under the names of OpenTelemetry's conventions: `operation` is
    /// ours, `sort` one of theirs (`send`, `receive`, `process`).
    pub fn messaging(&mut self, operation: &'static str, sort: &'static str, destination: &str) {
        if self.is_recorded() {
            self.set("messaging.system", "fanfare");
            self.set("messaging.operation.name", operation);
            self.set("messaging.operation.type", sort);
            self.set("messaging.destination.name", destination.to_owned());
            if let Some((kind, _id)) = destination.split_once(':') {
                self.set("messaging.destination.template", format!("{kind}:{{id}}"));
            }
        }
    }

    /// Notes a number.
    pub fn number(&mut self, key: &'static str, number: impl TryInto<i64>) {
        if let Ok(number) = number.try_into() {
            self.set(key, number);
        }
    }

    fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// It did not work, for this reason: one of a few.
    pub fn fail(&mut self, reason: &'static str) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new("error.type", reason));
            span.set_status(Status::error(reason));
        }
    }

    /// Does `work` for this span.
    ///
    /// # Cancel safety
    ///
    /// As `work` is.
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        match self.context() {
            Some(context) => trace::within(Some(context), work).await,
            None => work.await,
        }
    }
}
