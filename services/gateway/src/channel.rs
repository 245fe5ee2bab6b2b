//! A channel that somebody reads on this node.

use crate::{
    delivery::Delivery,
    hub::{Request, Ring},
    shard::{Input, ShardHandle},
};
use fanfare_bus::log::Record;
use fanfare_proto::{Channel, Position};
use std::sync::Arc;

/// Records kept while a gap before them is read. More than this are found again by reading.
const BUFFERED: usize = 4_096;

/// How a channel gets its records.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Its head is being read; subscribers wait.
    Opening(Box<Opening>),
    /// From the tail.
    Live,
    /// A gap is being read; what comes after it waits.
    #[expect(
        clippy::box_collection,
        reason = "every channel has a phase, and nearly all are live"
    )]
    Repairing(Box<Vec<Record>>),
}

/// What waits for a channel's head.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) waiting: Vec<Request>,
    buffered: Vec<Record>,
}

impl Phase {
    pub(crate) fn opening(waiting: Vec<Request>, buffered: Vec<Record>) -> Self {
        Self::Opening(Box::new(Opening { waiting, buffered }))
    }
}

/// How many read a channel, by shard. The channel of one user mostly has readers on one shard, which costs no
/// allocation.
#[derive(Debug)]
pub(crate) enum Readers {
    On {
        shard: u16,
        count: u32,
    },
    /// By the shard's index.
    #[expect(
        clippy::box_collection,
        reason = "keeps the entry of a channel on one shard small"
    )]
    OnMany(Box<Vec<u32>>),
}

impl Readers {
    pub(crate) fn add(&mut self, on: u16) {
        match self {
            Self::On { shard, count } if *count == 0 || *shard == on => {
                *shard = on;
                *count += 1;
            }
            Self::On { shard, count } => {
                let mut counts = vec![0; usize::from((*shard).max(on)) + 1];
                counts[usize::from(*shard)] = *count;
                counts[usize::from(on)] = 1;
                *self = Self::OnMany(Box::new(counts));
            }
            Self::OnMany(counts) => {
                if counts.len() <= usize::from(on) {
                    counts.resize(usize::from(on) + 1, 0);
                }
                counts[usize::from(on)] += 1;
            }
        }
    }

    pub(crate) fn remove(&mut self, from: u16) {
        match self {
            Self::On { shard, count } if *shard == from => *count = count.saturating_sub(1),
            Self::On { .. } => {}
            Self::OnMany(counts) => {
                if let Some(count) = counts.get_mut(usize::from(from)) {
                    *count = count.saturating_sub(1);
                }
            }
        }
    }

    /// The shards with a reader.
    pub(crate) fn shards(&self) -> impl Iterator<Item = usize> + '_ {
        let (one, many) = match self {
            Self::On { shard, count } => ((*count > 0).then_some(usize::from(*shard)), &[][..]),
            Self::OnMany(counts) => (None, counts.as_slice()),
        };
        let many = many.iter().enumerate().filter(|(_, count)| **count > 0);
        one.into_iter().chain(many.map(|(shard, _)| shard))
    }
}

/// Where a channel stands here, and which shards read it.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) channel: Channel,
    /// Another each time that a channel becomes active: its slot may have been another's before.
    pub(crate) life: u32,
    /// The last record that was delivered.
    pub(crate) have: Position,
    pub(crate) readers: Readers,
    pub(crate) phase: Phase,
    /// Exists while there is a delivery in it.
    pub(crate) ring: Option<Box<Ring>>,
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
    pub(crate) const fn new(channel: Channel, life: u32) -> Self {
        Self {
            channel,
            life,
            have: Position { seq: 0, n: 0 },
            readers: Readers::On { shard: 0, count: 0 },
            phase: Phase::Live,
            ring: None,
        }
    }

    /// Nobody reads it here, and nobody waits to.
    pub(crate) fn is_unread(&self) -> bool {
        let awaited = matches!(&self.phase, Phase::Opening(opening) if !opening.waiting.is_empty());
        !awaited && self.readers.shards().next().is_none()
    }

    /// Sends to every shard that has a subscriber.
    pub(crate) async fn send(&self, slot: u32, shards: &[ShardHandle], delivery: Arc<Delivery>) {
        if let Some(trace) = &delivery.trace {
            trace.expect(self.readers.shards().count());
        }
        for shard in self.readers.shards() {
            shards[shard]
                .tell(Input::Deliver(slot, Arc::clone(&delivery)))
                .await;
        }
    }

    fn buffered(&mut self) -> Option<&mut Vec<Record>> {
        match &mut self.phase {
            Phase::Opening(opening) => Some(&mut opening.buffered),
            Phase::Repairing(buffered) => Some(buffered),
            Phase::Live => None,
        }
    }

    pub(crate) fn buffer(&mut self) -> Option<Buffer<'_>> {
        self.buffered().map(Buffer)
    }

    /// Whether records were left out of the buffer.
    pub(crate) fn overflowed(&mut self) -> bool {
        self.buffered()
            .is_some_and(|buffered| buffered.len() == BUFFERED)
    }

    pub(crate) fn take_buffer(&mut self) -> Vec<Record> {
        self.buffered().map(std::mem::take).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_counted_by_shard() {
        let mut readers = Readers::On { shard: 0, count: 0 };
        let shards = |readers: &Readers| readers.shards().collect::<Vec<_>>();
        readers.add(3);
        readers.add(3);
        assert_eq!(shards(&readers), [3]);
        readers.add(1);
        readers.add(5);
        assert_eq!(shards(&readers), [1, 3, 5]);
        readers.remove(3);
        readers.remove(1);
        assert_eq!(shards(&readers), [3, 5]);
        readers.remove(3);
        readers.remove(5);
        assert!(shards(&readers).is_empty());
    }
}
