//! One publication at a time to many readers: the next is sent only when all of them have it.

use crate::{
    bare::Bare,
    crowd::Crowd,
    fault::{Fault, Outcome},
    figure::median,
    publisher::Publication,
    usage::Meter,
};
use std::time::Duration;

/// Longest from a publication to its last reader.
const PATIENCE: Duration = Duration::from_secs(30);

/// Deliveries that are not counted, and the fewest publications that make them: the first ones meet cold caches and
/// growing buffers.
const WARM_UP: usize = 10_000;
const WARM_UP_PUBLICATIONS: usize = 2;

/// Publications to sockets that are new: the kernel takes that many to know a connection, and charges half as much again
/// for them.
const ACQUAINTANCE: usize = 30;

/// Who sends.
pub(crate) enum Source<'a> {
    /// The server, which is asked over HTTP, once for each publication.
    Server(Publication),
    /// The server, which is asked once for all notifications that are sent at once.
    Batch(Publication),
    /// The bare loop, with frames of this size.
    Bare(&'a mut Bare, usize),
}

/// What it took.
pub(crate) struct Cell {
    /// CPU time of the sending process for each delivery.
    pub(crate) cpu_us: f64,
    /// From the order to publish until 99 of 100 readers have it: the median of the rounds.
    pub(crate) p99_ms: f64,
    /// Of one frame on the wire.
    pub(crate) frame_bytes: usize,
}

/// Who reads.
#[derive(Clone, Copy)]
pub(crate) struct Readers {
    /// Of the crowd.
    pub(crate) stream: usize,
    pub(crate) count: usize,
}

impl Source<'_> {
    /// Sends one, and waits until every reader has it.
    fn send(&mut self, crowd: &mut Crowd, readers: usize) -> Outcome<()> {
        self.send_many(crowd, readers, 1)
    }

    /// Sends `count` at once, and waits until every reader has them.
    fn send_many(&mut self, crowd: &mut Crowd, readers: usize, count: u64) -> Outcome<()> {
        let due = crowd.intake.tally.publications + count * readers as u64;
        match self {
            Self::Server(publication) => {
                let publishers = crowd.publishers()?;
                (0..count).try_for_each(|_| publishers.publish(publication))?;
            }
            Self::Batch(publication) => crowd.publishers()?.publish_batch(publication, count)?,
            Self::Bare(bare, frame_bytes) => {
                bare.send(count, *frame_bytes)?;
                bare.answer(crowd)?;
            }
        }
        crowd.run_until(PATIENCE, "a publication at all its readers", |crowd| {
            let idle = crowd.publishers.as_ref().is_none_or(|own| own.is_idle());
            Ok(idle && crowd.intake.tally.publications >= due)
        })
    }
}

/// Lets sockets that are new send and receive, so that those who are measured first on them do not pay for it.
pub(crate) fn acquaint(
    crowd: &mut Crowd,
    source: &mut Source<'_>,
    readers: Readers,
) -> Outcome<()> {
    crowd.intake.streams[readers.stream].clear();
    (0..ACQUAINTANCE).try_for_each(|_| source.send(crowd, readers.count))
}

/// Sends `rounds` times `count` at once, one round after the other, and checks that every reader got everything.
pub(crate) fn measure(
    crowd: &mut Crowd,
    source: &mut Source<'_>,
    meter: &mut Meter,
    readers: Readers,
    rounds: u64,
    count: u64,
) -> Outcome<Cell> {
    let Readers {
        stream,
        count: reading,
    } = readers;
    crowd.intake.streams[stream].clear();
    let first_seq = match source {
        Source::Server(_) | Source::Batch(_) => crowd.publishers()?.next_seq,
        Source::Bare(bare, _) => bare.next,
    };
    let warm_up = (WARM_UP / reading).clamp(WARM_UP_PUBLICATIONS, 10) as u64;
    for _ in 0..warm_up {
        source.send(crowd, reading)?;
    }
    let before_ns = meter.at_rest_ns(crowd)?;
    let mut p99_ms = Vec::new();
    for _ in 0..rounds {
        crowd.intake.latency.clear();
        source.send_many(crowd, reading, count)?;
        p99_ms.extend(crowd.intake.latency.p99_ms());
    }
    // Batches are of notifications, whose reports are a part of what they cost.
    let after_ns = if count > 1 {
        meter.settled_ns(crowd)?
    } else {
        meter.at_rest_ns(crowd)?
    };
    let used_ns = after_ns - before_ns;
    let end_seq = first_seq + warm_up + rounds * count;
    let seen = &crowd.intake.streams[stream];
    seen.check(first_seq..end_seq, reading)
        .map_err(Fault::Wrong)?;
    let deliveries = rounds * count * reading as u64;
    Ok(Cell {
        cpu_us: used_ns as f64 / 1e3 / deliveries as f64,
        p99_ms: median(&p99_ms).unwrap_or(f64::NAN),
        frame_bytes: seen.last().map_or(0, |message| message.frame.len()),
    })
}
