//! What waits for a client that reads more slowly than it is written to.

use bytes::Bytes;
use fanfare_proto::Channel;
use std::{collections::VecDeque, io::IoSlice};
use tokio::sync::oneshot;

/// What may happen to bytes that have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// In the log, or an answer: kept, or the connection is closed.
    Kept,
    /// Nobody stored it: the first to go.
    Ephemeral,
}

/// Which stored entries a parcel holds, so that what was never written is known.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) channel: Channel,
    /// The first ordinal in the parcel.
    pub(crate) first_n: u64,
}

/// Whole frames of one class that travel together.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) bytes: Bytes,
    pub(crate) frames: usize,
    pub(crate) class: Class,
    pub(crate) mark: Option<Mark>,
}

impl Parcel {
    /// One frame that is of no channel.
    pub(crate) fn single(frame: Vec<u8>, class: Class) -> Self {
        Self {
            bytes: frame.into(),
            frames: 1,
            class,
            mark: None,
        }
    }
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) bytes: usize,
    pub(crate) frames: usize,
}

/// More would wait than the bounds allow, and nothing is left that could be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Exists only while its socket is blocked.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    parcels: VecDeque<Parcel>,
    bytes: usize,
    frames: usize,
    /// The first parcel has been written in part: it must be finished before anything else is.
    begun: bool,
    waiters: Vec<oneshot::Sender<()>>,
}

impl Outbox {
    /// An outbox that begins with what is left of a parcel after `written` of its bytes.
    pub(crate) fn beginning(mut parcel: Parcel, written: usize) -> Self {
        let _written = parcel.bytes.split_to(written);
        let mut outbox = Self {
            begun: written > 0,
            ..Self::default()
        };
        outbox.add(parcel);
        outbox
    }

    /// Queues a parcel. Over the bounds, ephemeral ones go first.
    pub(crate) fn push(&mut self, parcel: Parcel, bounds: Bounds) -> Result<(), Full> {
        if !self.fits(&parcel, bounds) {
            if parcel.class == Class::Ephemeral {
                return Ok(());
            }
            self.drop_ephemeral();
            if !self.fits(&parcel, bounds) {
                return Err(Full);
            }
        }
        self.add(parcel);
        Ok(())
    }

    /// Queues a parcel whatever the bounds: for the last words before a close.
    pub(crate) fn push_last(&mut self, parcel: Parcel) {
        self.add(parcel);
    }

    /// Drops everything but the rest of a parcel that has begun; answers which entries that were.
    pub(crate) fn truncate(&mut self) -> Vec<Mark> {
        let keep = usize::from(self.begun);
        let mut dropped = Vec::new();
        while self.parcels.len() > keep {
            if let Some(parcel) = self.parcels.pop_back() {
                self.bytes -= parcel.bytes.len();
                self.frames -= parcel.frames;
                dropped.extend(parcel.mark);
            }
        }
        dropped
    }

    /// The next slices to write, at most `slices.len()`; returns how many.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slice, parcel) in slices.iter_mut().zip(&self.parcels) {
            *slice = IoSlice::new(&parcel.bytes);
            count += 1;
        }
        count
    }

    /// `written` bytes have gone out.
    pub(crate) fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(first) = self.parcels.front_mut() {
            if written < first.bytes.len() {
                let _written = first.bytes.split_to(written);
                self.begun |= written > 0;
                return;
            }
            written -= first.bytes.len();
            self.frames -= first.frames;
            self.parcels.pop_front();
            self.begun = false;
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    /// `done` is told when everything has gone out, and dropped when it will not.
    pub(crate) fn wait(&mut self, done: oneshot::Sender<()>) {
        self.waiters.push(done);
    }

    /// Ends an outbox that is empty.
    pub(crate) fn finish(self) {
        for done in self.waiters {
            // Whoever waited may have gone.
            let _gone = done.send(());
        }
    }

    /// The first ordinal of `channel` that has not gone out completely.
    pub(crate) fn first_unwritten(&self, channel: &Channel) -> Option<u64> {
        self.parcels
            .iter()
            .filter_map(|parcel| parcel.mark.as_ref())
            .find(|mark| mark.channel == *channel)
            .map(|mark| mark.first_n)
    }

    fn add(&mut self, parcel: Parcel) {
        self.bytes += parcel.bytes.len();
        self.frames += parcel.frames;
        self.parcels.push_back(parcel);
    }

    fn fits(&self, parcel: &Parcel, bounds: Bounds) -> bool {
        self.bytes + parcel.bytes.len() <= bounds.bytes
            && self.frames + parcel.frames <= bounds.frames
    }

    fn drop_ephemeral(&mut self) {
        let mut first_begun = self.begun;
        self.parcels
            .retain(|parcel| std::mem::take(&mut first_begun) || parcel.class != Class::Ephemeral);
        self.bytes = self.parcels.iter().map(|parcel| parcel.bytes.len()).sum();
        self.frames = self.parcels.iter().map(|parcel| parcel.frames).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes: 10,
        frames: 3,
    };

    fn parcel(text: &'static str, class: Class) -> Parcel {
        Parcel {
            bytes: Bytes::from_static(text.as_bytes()),
            frames: 1,
            class,
            mark: None,
        }
    }

    fn content(outbox: &Outbox) -> String {
        let mut slices = [IoSlice::new(&[]); 8];
        let count = outbox.slices(&mut slices);
        slices[..count]
            .iter()
            .map(|slice| String::from_utf8_lossy(slice).into_owned())
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn ephemeral_frames_go_before_kept_ones_are_refused() {
        let mut outbox = Outbox::beginning(parcel("aaaa", Class::Kept), 0);
        outbox
            .push(parcel("eeee", Class::Ephemeral), BOUNDS)
            .unwrap();
        outbox.push(parcel("bbbb", Class::Kept), BOUNDS).unwrap();
        assert_eq!(content(&outbox), "aaaa|bbbb");
        assert_eq!(outbox.push(parcel("cccc", Class::Kept), BOUNDS), Err(Full));
        assert_eq!(
            outbox.push(parcel("ffff", Class::Ephemeral), BOUNDS),
            Ok(())
        );
        assert_eq!(content(&outbox), "aaaa|bbbb");
        assert_eq!(outbox.bytes, 8);
    }

    #[test]
    fn a_frame_that_has_begun_is_finished_whatever_happens() {
        let mut outbox = Outbox::beginning(parcel("eeee", Class::Ephemeral), 1);
        outbox.push(parcel("aaaa", Class::Kept), BOUNDS).unwrap();
        outbox.push(parcel("bbb", Class::Kept), BOUNDS).unwrap();
        assert_eq!(outbox.push(parcel("cccc", Class::Kept), BOUNDS), Err(Full));
        assert!(outbox.truncate().is_empty());
        outbox.push_last(parcel("bye", Class::Kept));
        assert_eq!(content(&outbox), "eee|bye");
        outbox.advance(3);
        assert_eq!(content(&outbox), "bye");
        outbox.advance(3);
        assert!(outbox.is_empty());
        assert_eq!((outbox.bytes, outbox.frames), (0, 0));
    }

    #[test]
    fn what_was_not_written_is_known() {
        let channel = Channel::all();
        let marked = |first_n| Parcel {
            mark: Some(Mark {
                channel: channel.clone(),
                first_n,
            }),
            ..parcel("xxx", Class::Kept)
        };
        let mut outbox = Outbox::beginning(marked(5), 1);
        outbox.push(marked(6), BOUNDS).unwrap();
        assert_eq!(outbox.first_unwritten(&channel), Some(5));
        outbox.advance(2);
        assert_eq!(outbox.first_unwritten(&channel), Some(6));
    }
}
