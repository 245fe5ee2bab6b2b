//! A bus that loses what a bus may lose.

use async_trait::async_trait;
use bytes::Bytes;
use fanfare_bus::{
    Bus, BusError, Handles, RequestError, Responder, Subscription,
    bus::{Received, Serving},
};
use fanfare_proto::subject;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// What goes wrong for one node.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// So many of its next changes of presence reach nobody.
    pub(crate) lost_changes: AtomicUsize,
    /// It hears nothing.
    pub(crate) is_deaf: AtomicBool,
}

/// `handles` whose bus has `faults`.
pub(crate) fn inject(handles: &Handles, faults: &Arc<Faults>) -> Handles {
    Handles {
        bus: Arc::new(FaultyBus {
            inner: Arc::clone(&handles.bus),
            faults: Arc::clone(faults),
        }),
        ..handles.clone()
    }
}

struct FaultyBus {
    inner: Arc<dyn Bus>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Bus for FaultyBus {
    async fn publish(&self, subject: &str, payload: Bytes) -> Result<(), BusError> {
        let lost = &self.faults.lost_changes;
        let one_less = |left: usize| left.checked_sub(1);
        let is_change = subject == subject::GATEWAY_PRESENCE_CHANGES;
        if is_change
            && lost
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
                .is_ok()
        {
            return Ok(());
        }
        self.inner.publish(subject, payload).await
    }

    async fn subscribe(&self, filter: &str) -> Result<Box<dyn Subscription>, BusError> {
        Ok(Box::new(FaultySubscription {
            inner: self.inner.subscribe(filter).await?,
            faults: Arc::clone(&self.faults),
        }))
    }

    async fn request(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Bytes, RequestError> {
        self.inner.request(subject, payload, limit).await
    }

    async fn gather(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
        expected: usize,
    ) -> Result<Vec<Bytes>, BusError> {
        self.inner.gather(subject, payload, limit, expected).await
    }

    async fn serve(
        &self,
        subject: &str,
        group: Option<&str>,
        responder: Responder,
    ) -> Result<Serving, BusError> {
        self.inner.serve(subject, group, responder).await
    }
}

struct FaultySubscription {
    inner: Box<dyn Subscription>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Subscription for FaultySubscription {
    async fn next(&mut self) -> Option<Received> {
        loop {
            let received = self.inner.next().await?;
            if !self.faults.is_deaf.load(Ordering::SeqCst) {
                return Some(received);
            }
        }
    }
}
