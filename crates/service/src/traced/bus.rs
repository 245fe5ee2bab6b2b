//! Messages that nobody keeps.

use async_trait::async_trait;
use bytes::Bytes;
use fanfare_bus::{
    Bus, BusError, RequestError, Subscription,
    bus::{Responder, Serving},
};
use fanfare_lifecycle::trace;
use fanfare_telemetry::traces::{Kind, Span, Traces};
use std::{sync::Arc, time::Duration};

pub(super) struct TracedBus {
    pub(super) inner: Arc<dyn Bus>,
    pub(super) traces: Traces,
}

impl TracedBus {
    fn span(&self, kind: Kind, name: &'static str, subject: &str) -> Span {
        let mut span = self.traces.child(kind, name, trace::current());
        span.messaging(name, "send", subject);
        span
    }
}

#[async_trait]
impl Bus for TracedBus {
    async fn publish(&self, subject: &str, payload: Bytes) -> Result<(), BusError> {
        let mut span = self.span(Kind::Producer, "publish", subject);
        let sent = span.around(self.inner.publish(subject, payload)).await;
        if sent.is_err() {
            span.fail("unavailable");
        }
        sent
    }

    async fn subscribe(&self, filter: &str) -> Result<Box<dyn Subscription>, BusError> {
        self.inner.subscribe(filter).await
    }

    async fn request(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Bytes, RequestError> {
        let mut span = self.span(Kind::Client, "request", subject);
        let asked = self.inner.request(subject, payload, limit);
        let answer = span.around(asked).await;
        match &answer {
            Ok(_) => {}
            Err(RequestError::NoResponders) => span.fail("no_responders"),
            Err(RequestError::Timeout) => span.fail("timeout"),
            Err(RequestError::Unavailable) => span.fail("unavailable"),
        }
        answer
    }

    async fn gather(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
        expected: usize,
    ) -> Result<Vec<Bytes>, BusError> {
        let mut span = self.span(Kind::Client, "request", subject);
        let asked = self.inner.gather(subject, payload, limit, expected);
        let answers = span.around(asked).await;
        if answers.is_err() {
            span.fail("unavailable");
        }
        answers
    }

    async fn serve(
        &self,
        subject: &str,
        group: Option<&str>,
        responder: Responder,
    ) -> Result<Serving, BusError> {
        let (traces, filter) = (self.traces.clone(), subject.to_owned());
        let traced: Responder = Box::new(move |message| {
            let mut span = traces.child(Kind::Server, "answer", message.trace);
            let answer = responder(message);
            if !span.is_recorded() {
                return answer;
            }
            span.messaging("answer", "process", &filter);
            Box::pin(async move { span.around(answer).await })
        });
        self.inner.serve(subject, group, traced).await
    }
}
