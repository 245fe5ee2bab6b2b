//! One connection's socket, as its own task and its shard share it.

use crate::{
    frame,
    outbox::{Bounds, Class, Mark, Outbox, Parcel},
};
use bytes::Bytes;
use fanfare_lifecycle::Clock;
use fanfare_proto::{Channel, CloseCode, Timestamp, server::ServerFrame};
use futures_util::task::AtomicWaker;
use serde::Serialize;
use std::{
    io::{self, IoSlice},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{net::TcpStream, sync::oneshot};

/// Set when the session asked to be woken at a time that has come.
pub(crate) const TICK: u8 = 1;
/// Set when the connection is to end: its last words are queued.
pub(crate) const ENDING: u8 = 2;
/// Set when the socket turned out to be dead.
pub(crate) const BROKEN: u8 = 4;

/// Slices of one vectored write: more than this and the copying into the kernel dominates anyway.
const SLICES: usize = 64;

/// Writes never wait: what the socket does not take is queued, within bounds, and the connection's task is woken to
/// finish it. Bytes reach the socket in the order of the calls.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    queue: Mutex<Queue>,
    bounds: Bounds,
    clock: Clock,
    waker: AtomicWaker,
    signals: AtomicU8,
    /// When the peer was last heard, in seconds of the node's life.
    heard_s: AtomicU32,
    /// When the session wants to be woken, in seconds of the node's life; `u32::MAX`: never.
    due_s: AtomicU32,
}

#[derive(Debug, Default)]
struct Queue {
    outbox: Option<Box<Outbox>>,
    closed: Option<CloseCode>,
    /// The first ordinal of each channel that was meant for this client and will not be written.
    lost: Vec<Mark>,
}

impl Queue {
    fn lose(&mut self, mark: Option<(&Channel, u64)>) {
        if let Some((channel, first_n)) = mark {
            remember(&mut self.lost, channel, first_n);
        }
    }
}

fn remember(lost: &mut Vec<Mark>, channel: &Channel, first_n: u64) {
    match lost.iter_mut().find(|mark| mark.channel == *channel) {
        Some(mark) => mark.first_n = mark.first_n.min(first_n),
        None => lost.push(Mark {
            channel: channel.clone(),
            first_n,
        }),
    }
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// All of it is with the kernel.
    Written,
    /// It waits its turn.
    Queued,
    /// The client reads too slowly; the connection is being closed.
    TooSlow,
    /// The connection is ending.
    Closed,
}

impl Link {
    pub(crate) fn new(stream: TcpStream, bounds: Bounds, clock: Clock, now_s: u32) -> Self {
        Self {
            stream,
            queue: Mutex::default(),
            bounds,
            clock,
            waker: AtomicWaker::new(),
            signals: AtomicU8::new(0),
            heard_s: AtomicU32::new(now_s),
            due_s: AtomicU32::new(u32::MAX),
        }
    }

    /// Sends whole frames. `mark` names the stored entries among them.
    pub(crate) fn send(
        &self,
        bytes: &Bytes,
        frames: usize,
        class: Class,
        mark: Option<(&Channel, u64)>,
    ) -> Sent {
        let mut queue = self.lock();
        if queue.closed.is_some() {
            queue.lose(mark);
            return Sent::Closed;
        }
        let written = match &queue.outbox {
            Some(_blocked) => 0,
            None => match self.stream.try_write(bytes) {
                Ok(written) if written == bytes.len() => return Sent::Written,
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(_dead) => {
                    queue.lose(mark);
                    drop(queue);
                    self.signal(BROKEN);
                    return Sent::Closed;
                }
            },
        };
        let parcel = Parcel {
            bytes: bytes.clone(),
            frames,
            class,
            mark: mark.map(|(channel, first_n)| Mark {
                channel: channel.clone(),
                first_n,
            }),
        };
        let Some(outbox) = &mut queue.outbox else {
            queue.outbox = Some(Box::new(Outbox::beginning(parcel, written)));
            drop(queue);
            self.waker.wake();
            return Sent::Queued;
        };
        match outbox.push(parcel, self.bounds) {
            Ok(()) => Sent::Queued,
            Err(_full) => {
                queue.lose(mark);
                self.finish(&mut queue, CloseCode::TooSlow, 0);
                drop(queue);
                self.signal(ENDING);
                Sent::TooSlow
            }
        }
    }

    /// Sends one text frame of ours.
    pub(crate) fn send_text(&self, text: &[u8]) -> Sent {
        self.send(&frame::text(text).into(), 1, Class::Kept, None)
    }

    /// Says why, closes, and lets the connection's task end. What is queued before goes out first, except to a client
    /// that is too slow for it. Later calls do nothing.
    pub(crate) fn close(&self, code: CloseCode, retry_after_ms: u64) {
        let mut queue = self.lock();
        if queue.closed.is_none() {
            self.finish(&mut queue, code, retry_after_ms);
        }
        drop(queue);
        self.signal(ENDING);
    }

    fn finish(&self, queue: &mut Queue, code: CloseCode, retry_after_ms: u64) {
        queue.closed = Some(code);
        let mut bytes = Vec::new();
        if code != CloseCode::Normal {
            bytes = frame::text(&disconnect(
                code,
                retry_after_ms,
                Timestamp::from_ms(self.clock.now_ms()),
            ));
        }
        bytes.extend_from_slice(&frame::close(code, code.reason()));
        let parcel = Parcel {
            bytes: bytes.into(),
            frames: 2,
            class: Class::Kept,
            mark: None,
        };
        match &mut queue.outbox {
            Some(outbox) => {
                if code == CloseCode::TooSlow {
                    for mark in outbox.truncate() {
                        remember(&mut queue.lost, &mark.channel, mark.first_n);
                    }
                }
                outbox.push_last(parcel);
            }
            None => queue.outbox = Some(Box::new(Outbox::beginning(parcel, 0))),
        }
    }

    /// Writes what waits, as far as the socket takes it.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let mut queue = self.lock();
        while let Some(outbox) = &mut queue.outbox {
            if outbox.is_empty() {
                // Dropping it resolves whoever waits for the drain.
                queue.outbox = None;
                break;
            }
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = outbox.slices(&mut slices);
            match self.stream.try_write_vectored(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => outbox.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits until nothing is queued (any more), or the connection has ended. Cancel safe.
    pub(crate) async fn drained(&self) {
        let waiter = self.lock().outbox.as_mut().map(|outbox| outbox.waiter());
        if let Some(waiter) = waiter {
            let _resolved_by_drop: Result<(), oneshot::error::RecvError> = waiter.await;
        }
    }

    /// Sends the end of this side's stream; the peer's is still read.
    pub(crate) fn shut_down(&self) {
        if let Err(error) = socket2::SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write)
        {
            tracing::trace!(%error, "the peer was gone before its stream ended");
        }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.lock().outbox.is_some()
    }

    /// The code this side has closed with.
    pub(crate) fn closed(&self) -> Option<CloseCode> {
        self.lock().closed
    }

    /// The first ordinal of `channel` that was sent here and is not written.
    pub(crate) fn first_unwritten(&self, channel: &Channel) -> Option<u64> {
        let queue = self.lock();
        let queued = queue
            .outbox
            .as_ref()
            .and_then(|outbox| outbox.first_unwritten(channel));
        let lost = queue.lost.iter().find(|mark| mark.channel == *channel);
        queued
            .into_iter()
            .chain(lost.map(|mark| mark.first_n))
            .min()
    }

    /// Reads what is there.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }

    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_read_ready(cx)
    }

    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_write_ready(cx)
    }

    /// Resolves once the socket has been seen writable: before that, every write looks blocked.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// The task of this context is the one to wake.
    pub(crate) fn register(&self, cx: &Context<'_>) {
        self.waker.register(cx.waker());
    }

    /// Takes the signals that came since the last call.
    pub(crate) fn take_signals(&self) -> u8 {
        self.signals.swap(0, Ordering::AcqRel)
    }

    pub(crate) fn signal(&self, signal: u8) {
        self.signals.fetch_or(signal, Ordering::AcqRel);
        self.waker.wake();
    }

    pub(crate) fn hear(&self, now_s: u32) {
        self.heard_s.store(now_s, Ordering::Relaxed);
    }

    pub(crate) fn heard_s(&self) -> u32 {
        self.heard_s.load(Ordering::Relaxed)
    }

    pub(crate) fn set_due(&self, due_s: u32) {
        self.due_s.store(due_s, Ordering::Relaxed);
    }

    pub(crate) fn due_s(&self) -> u32 {
        self.due_s.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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

fn disconnect(code: CloseCode, retry_after_ms: u64, now: Timestamp) -> Vec<u8> {
    let data = Disconnect {
        code: code.as_u16(),
        reason: code.reason(),
        reconnect: code.reconnect(),
        retry_after_ms,
    };
    ServerFrame {
        data: Some(data),
        ..ServerFrame::new("disconnect", now)
    }
    .encode()
}
