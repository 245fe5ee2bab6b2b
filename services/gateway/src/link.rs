//! One connection's socket, and what waits for it.

use crate::{
    frame,
    outbox::{Bounds, Class, Mark, Outbox, Parcel},
};
use fanfare_proto::{Channel, CloseCode, Timestamp, server::ServerFrame};
use mio::net::TcpStream;
use serde::Serialize;
use std::io::{self, IoSlice, Read as _, Write as _};
use tokio::sync::oneshot;

/// Slices of one vectored write: more than this and the copying into the kernel dominates anyway.
const SLICES: usize = 64;

/// Writes never wait: what the socket does not take is queued, within bounds, until the socket is writable again.
/// Bytes reach the socket in the order of the calls.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    /// Nothing more may be sent.
    ended: bool,
    closed: Option<CloseCode>,
    /// Exists only while the socket is blocked.
    outbox: Option<Box<Outbox>>,
    /// The first ordinal of each channel that was meant for this client and will not be written. Exists only on the
    /// way out.
    #[expect(
        clippy::box_collection,
        reason = "every connection has this field, and next to none has marks"
    )]
    lost: Option<Box<Vec<Mark>>>,
}

/// What became of parcels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// All of it is with the kernel.
    Written,
    /// It waits its turn.
    Queued,
    /// More would wait than the bounds allow: to be closed with [`CloseCode::TooSlow`].
    TooSlow,
    /// The connection is ending.
    Closed,
    /// The socket is dead.
    Broken,
}

impl Link {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            ended: false,
            closed: None,
            outbox: None,
            lost: None,
        }
    }

    pub(crate) const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Sends parcels, in order, in as few writes as there can be.
    pub(crate) fn send<'a>(
        &mut self,
        parcels: impl Iterator<Item = &'a Parcel> + Clone,
        bounds: Bounds,
    ) -> Sent {
        if self.ended {
            self.lose(parcels);
            return Sent::Closed;
        }
        let mut written = 0;
        if self.outbox.is_none() {
            match self.write(parcels.clone()) {
                Ok((count, true)) if count > 0 => return Sent::Written,
                Ok((count, _)) => written = count,
                Err(_dead) => {
                    self.lose(parcels);
                    return Sent::Broken;
                }
            }
        }
        let mut parcels = parcels;
        while let Some(parcel) = parcels.next() {
            let gone = written.min(parcel.bytes.len());
            written -= gone;
            if gone < parcel.bytes.len() && !self.queue(parcel, gone, bounds) {
                self.lose(std::iter::once(parcel).chain(parcels));
                return Sent::TooSlow;
            }
        }
        Sent::Queued
    }

    /// Writes as much as the socket takes: how many bytes, and whether that was everything.
    fn write<'a>(
        &mut self,
        mut parcels: impl Iterator<Item = &'a Parcel>,
    ) -> io::Result<(usize, bool)> {
        let mut total = 0;
        let Some(first) = parcels.next() else {
            return Ok((0, true));
        };
        let mut next = parcels.next();
        if next.is_none() {
            let written = taken(self.stream.write(&first.bytes))?;
            return Ok((written, written == first.bytes.len()));
        }
        let mut held = Some(first);
        loop {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let (mut count, mut wanted) = (0, 0);
            while count < SLICES
                && let Some(parcel) = held.take()
            {
                slices[count] = IoSlice::new(&parcel.bytes);
                wanted += parcel.bytes.len();
                count += 1;
                held = next.take().or_else(|| parcels.next());
            }
            let written = taken(self.stream.write_vectored(&slices[..count]))?;
            total += written;
            if written < wanted || held.is_none() {
                return Ok((total, written == wanted && held.is_none()));
            }
        }
    }

    /// Queues what is left of `parcel` after `written` of its bytes; `false` when it is too much.
    fn queue(&mut self, parcel: &Parcel, written: usize, bounds: Bounds) -> bool {
        match &mut self.outbox {
            Some(outbox) => outbox.push(parcel.clone(), bounds).is_ok(),
            None => {
                let outbox = Outbox::beginning(parcel.clone(), written);
                self.outbox = Some(Box::new(outbox));
                true
            }
        }
    }

    fn lose<'a>(&mut self, parcels: impl Iterator<Item = &'a Parcel>) {
        for mark in parcels.filter_map(|parcel| parcel.mark.as_ref()) {
            self.remember(mark);
        }
    }

    fn remember(&mut self, mark: &Mark) {
        let lost = self.lost.get_or_insert_default();
        match lost.iter_mut().find(|own| own.channel == mark.channel) {
            Some(own) => own.first_n = own.first_n.min(mark.first_n),
            None => lost.push(mark.clone()),
        }
    }

    /// Says why and closes. What is queued before goes out first, except to a client that is too slow for it. Later
    /// sends do nothing; a second close neither. `false`: it was closed already.
    pub(crate) fn close(&mut self, code: CloseCode, retry_after_ms: u64, now: Timestamp) -> bool {
        if self.ended {
            return false;
        }
        self.closed = Some(code);
        if code == CloseCode::TooSlow
            && let Some(outbox) = &mut self.outbox
        {
            for mark in outbox.truncate() {
                self.remember(&mark);
            }
        }
        self.finish(last_words(code, retry_after_ms, now));
        true
    }

    /// Answers the peer's close, behind what is queued. Later sends do nothing. `false`: this side had closed already.
    pub(crate) fn answer_close(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.finish(frame::close(CloseCode::Normal, ""));
        true
    }

    fn finish(&mut self, words: Vec<u8>) {
        self.ended = true;
        let parcel = Parcel::single(words, Class::Kept);
        match &mut self.outbox {
            Some(outbox) => outbox.push_last(parcel),
            None => self.outbox = Some(Box::new(Outbox::beginning(parcel, 0))),
        }
    }

    /// Later sends do nothing.
    pub(crate) const fn end(&mut self) {
        self.ended = true;
    }

    /// Writes what waits, as far as the socket takes it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while let Some(outbox) = &mut self.outbox {
            if outbox.is_empty() {
                if let Some(outbox) = self.outbox.take() {
                    outbox.finish();
                }
                break;
            }
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = outbox.slices(&mut slices);
            match taken(self.stream.write_vectored(&slices[..count]))? {
                0 => break,
                written => outbox.advance(written),
            }
        }
        Ok(())
    }

    /// `done` is told once nothing is queued (any more), and dropped when the connection ends first.
    pub(crate) fn when_drained(&mut self, done: oneshot::Sender<()>) {
        match &mut self.outbox {
            Some(outbox) => outbox.wait(done),
            None => {
                // Whoever waited may have gone.
                let _gone = done.send(());
            }
        }
    }

    /// Sends the end of this side's stream; the peer's is still read.
    pub(crate) fn shut_down(&self) {
        if let Err(error) = self.stream.shutdown(std::net::Shutdown::Write) {
            tracing::trace!(%error, "the peer was gone before its stream ended");
        }
    }

    pub(crate) const fn is_blocked(&self) -> bool {
        self.outbox.is_some()
    }

    /// Bytes that wait for the socket.
    pub(crate) fn queued_bytes(&self) -> i64 {
        let bytes = self.outbox.as_ref().map_or(0, |outbox| outbox.bytes());
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// The code this side has closed with.
    pub(crate) const fn closed(&self) -> Option<CloseCode> {
        self.closed
    }

    /// The first ordinal of `channel` that was sent here and is not written.
    pub(crate) fn first_unwritten(&self, channel: &Channel) -> Option<u64> {
        let queued = self
            .outbox
            .as_ref()
            .and_then(|outbox| outbox.first_unwritten(channel));
        let lost = self
            .lost
            .iter()
            .flat_map(|lost| lost.iter())
            .find(|mark| mark.channel == *channel);
        queued
            .into_iter()
            .chain(lost.map(|mark| mark.first_n))
            .min()
    }

    /// Reads what is there.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when nothing is.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

/// How much a write took: nothing when the socket is blocked, or when a signal came between.
fn taken(outcome: io::Result<usize>) -> io::Result<usize> {
    use io::ErrorKind::{Interrupted, WouldBlock};
    match outcome {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Err(error) if matches!(error.kind(), WouldBlock | Interrupted) => Ok(0),
        outcome => outcome,
    }
}

#[derive(Serialize)]
struct Disconnect {
    code: u16,
    reason: &'static str,
    reconnect: bool,
    #[serde(skip_serializing_if = "is_zero")]
    retry_after_ms: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// The frames that end a connection: why, and the close.
pub(crate) fn last_words(code: CloseCode, retry_after_ms: u64, now: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::new();
    if code != CloseCode::Normal {
        let data = Disconnect {
            code: code.as_u16(),
            reason: code.reason(),
            reconnect: code.reconnect(),
            retry_after_ms,
        };
        let disconnect = ServerFrame {
            data: Some(data),
            ..ServerFrame::new("disconnect", now)
        };
        bytes = frame::text(&disconnect.encode());
    }
    bytes.extend_from_slice(&frame::close(code, code.reason()));
    bytes
}

#[cfg(test)]
mod tests;
