//! Spans, sent to a collector over OTLP.
//!
//! [`Traces`] opens spans: at the edge of the system, where a [`Sampler`] decides whether the trace is recorded, and within
//! a trace that is. What is not recorded is a [`Span`] with nothing in it. Which span is worked for goes along as
//! [`fanfare_lifecycle::trace`].
//!
//! These are OpenTelemetry's own spans and not those of `tracing`: one begins on one task and is ended by another, the last
//! of several, and log filters must not decide about them.

mod export;
mod sampler;
mod span;

pub use export::Settings;
pub use sampler::Sampler;
pub use span::{Kind, Span};

use fanfare_proto::trace::Context;
use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    Tracer as _,
};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Where spans are opened. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<Exporting>>);

#[derive(Debug)]
struct Exporting {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Nobody collects: no span has anything in it, and none costs anything.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Sends spans where `settings` say, from a thread of its own and through connections of the current runtime. What
    /// the collector does not take in time is dropped: 2,048 spans wait at most.
    ///
    /// # Errors
    ///
    /// The text says what is wrong with the endpoint. A collector that is away is none.
    pub fn export(settings: Settings) -> Result<Self, String> {
        let provider = export::provider(settings)?;
        let tracer = opentelemetry::trace::TracerProvider::tracer(&provider, "fanfare");
        Ok(Self(Some(Arc::new(Exporting { provider, tracer }))))
    }

    /// Whether anybody collects.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Opens a span where something comes in: `parent` is what the caller says, and the sampler decides.
    #[must_use]
    pub fn enter(
        &self,
        kind: Kind,
        name: impl Into<Cow<'static, str>>,
        parent: Option<Context>,
    ) -> Span {
        let Some(exporting) = &self.0 else {
            return Span::none();
        };
        let builder = SpanBuilder::from_name(name).with_kind(kind.into());
        let context = opentelemetry::Context::new();
        let context = match parent {
            Some(parent) => context.with_remote_span_context(of(parent)),
            None => context,
        };
        Span::of(exporting.tracer.build_with_context(builder, &context))
    }

    /// Opens a span within a trace. Without a parent there is none: who does not belong to a trace that is recorded begins
    /// no other in the middle of it.
    #[must_use]
    pub fn child(&self, kind: Kind, name: &'static str, parent: Option<Context>) -> Span {
        match parent {
            Some(_) => self.enter(kind, name, parent),
            None => Span::none(),
        }
    }

    /// Sends what waits and ends. Spans that are opened or ended later are lost. Waits for `limit` at most.
    pub async fn finish(self, limit: Duration) {
        let Some(exporting) = self.0 else { return };
        let finish = move || exporting.provider.shutdown_with_timeout(limit);
        let finished = tokio::task::spawn_blocking(finish);
        match tokio::time::timeout(limit, finished).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last spans were not sent"),
            Ok(Err(_)) | Err(_) => tracing::warn!("the last spans were not sent in time"),
        }
    }
}

fn of(context: Context) -> SpanContext {
    let flags = if context.is_sampled() {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::default()
    };
    SpanContext::new(
        TraceId::from_bytes(context.trace_id()),
        SpanId::from_bytes(context.span_id()),
        flags,
        true,
        TraceState::default(),
    )
}
