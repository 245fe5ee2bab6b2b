//! The reader's side of a [`Feed`]: a tail or a subscription of any back end.

use super::{Fed, Feed};
use crate::{
    bus::{Message, Received, Subscription},
    log::{Record, Tail, Tailed},
};
use async_trait::async_trait;
use std::sync::Arc;

/// Reads its feed, and leaves with its guard when it is dropped.
pub(crate) struct FedReader<T, G> {
    pub(crate) feed: Arc<Feed<T>>,
    pub(crate) _leaves: G,
}

fn received(fed: Fed<Message>) -> Received {
    match fed {
        Fed::Item(message) => Received::Message(message),
        Fed::Lagged => Received::Lagged,
    }
}

fn tailed(fed: Fed<Record>) -> Tailed {
    match fed {
        Fed::Item(record) => Tailed::Record(record),
        Fed::Lagged => Tailed::Lagged,
    }
}

#[async_trait]
impl<G: Send> Subscription for FedReader<Message, G> {
    async fn next(&mut self) -> Option<Received> {
        self.feed.next().await.map(received)
    }
}

#[async_trait]
impl<G: Send> Tail for FedReader<Record, G> {
    async fn next(&mut self) -> Option<Tailed> {
        self.feed.next().await.map(tailed)
    }

    fn try_next(&mut self) -> Option<Tailed> {
        self.feed.try_next().map(tailed)
    }
}
