//! A channel that somebody reads on this node.

use crate::{
    delivery::Delivery,
    hub::{Progress, Request},
    shard::{Input, ShardHandle},
};
use fanfare_bus::log::Record;
use fanfare_proto::Position;
use std::sync::Arc;

/// Records kept while a gap before them is read. More than this are found again by reading.
const BUFFERED: usize = 4_096;

/// How a channel gets its records.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Its head is being read; subscribers wait.
    Opening {
        waiting: Vec<Request>,
        buffered: Vec<Record>,
    },
    /// From the tail.
    Live,
    /// A gap is being read; what comes after it waits.
    Repairing { buffered: Vec<Record> },
}

/// Where a channel stands here, and which shards read it.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) id: u32,
    pub(crate) progress: Arc<Progress>,
    /// The last record that was delivered.
    pub(crate) have: Position,
    /// How many, by shard.
    pub(crate) subscribers: Vec<u32>,
    pub(crate) phase: Phase,
}

/// Where a record goes while its channel is not live.
pub(crate) struct Buffer<'a>(&'a mut Vec<Record>);

impl Buffer<'_> {
    pub(crate) fn push(&mut self, record: Record) {
        if self.0.len() < BUFFERED {
            self.0.push(record);
        }
    }
}

impl Active {
    pub(crate) fn new(id: u32, progress: Arc<Progress>, shards: usize) -> Self {
        Self {
            id,
            progress,
            have: Position::default(),
            subscribers: vec![0; shards],
            phase: Phase::Live,
        }
    }

    /// Nobody reads it here, and nobody waits to.
    pub(crate) fn is_unread(&self) -> bool {
        let awaited = matches!(&self.phase, Phase::Opening { waiting, .. } if !waiting.is_empty());
        !awaited && self.subscribers.iter().all(|count| *count == 0)
    }

    /// Sends to every shard that has a subscriber.
    pub(crate) async fn send(&self, shards: &[ShardHandle], delivery: Arc<Delivery>) {
        for (shard, subscribers) in shards.iter().zip(&self.subscribers) {
            if *subscribers > 0 {
                shard
                    .tell(Input::Deliver(self.id, Arc::clone(&delivery)))
                    .await;
            }
        }
    }

    pub(crate) fn buffer(&mut self) -> Option<Buffer<'_>> {
        match &mut self.phase {
            Phase::Opening { buffered, .. } | Phase::Repairing { buffered } => {
                Some(Buffer(buffered))
            }
            Phase::Live => None,
        }
    }

    /// Whether records were left out of the buffer.
    pub(crate) fn overflowed(&self) -> bool {
        match &self.phase {
            Phase::Opening { buffered, .. } | Phase::Repairing { buffered } => {
                buffered.len() == BUFFERED
            }
            Phase::Live => false,
        }
    }

    pub(crate) fn take_buffer(&mut self) -> Vec<Record> {
        match &mut self.phase {
            Phase::Opening { buffered, .. } | Phase::Repairing { buffered } => {
                std::mem::take(buffered)
            }
            Phase::Live => Vec::new(),
        }
    }
}
