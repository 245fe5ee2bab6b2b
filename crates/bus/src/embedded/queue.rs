//! What waits for the writer.

use crate::feed::Feed;
use crate::{
    error::{KvError, LogError},
    kv,
    log::{Append, Appended, Record},
};
use fanfare_proto::Channel;
use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// What may wait in total, in KiB: 64 MiB. Callers wait for their turn beyond it, first come first served.
const QUEUE_KIB: u32 = 64 * 1024;

/// What every operation counts at least, in KiB: so at most 4,096 wait, eight commits' worth.
const OP_KIB: u32 = 16;

/// Most operations in one commit: beyond this an fsync is shared well enough, and those who wait are answered.
const COMMIT_OPS: usize = 512;

/// Most bytes in one commit, apart from a single operation that is larger.
const COMMIT_BYTES: usize = 4 * 1024 * 1024;

/// One operation with who waits for its answer. Done whether or not anybody still waits.
pub(super) enum Op {
    Append {
        appends: Vec<Append>,
        answer: oneshot::Sender<Result<Vec<Appended>, LogError>>,
    },
    Schedule {
        at_ms: i64,
        key: String,
        append: Append,
        answer: oneshot::Sender<Result<(), LogError>>,
    },
    Cancel {
        key: String,
        answer: oneshot::Sender<Result<bool, LogError>>,
    },
    Delete {
        channel: Channel,
        n: u64,
        answer: oneshot::Sender<Result<bool, LogError>>,
    },
    Trim {
        channel: Channel,
        first_n: u64,
        answer: oneshot::Sender<Result<(), LogError>>,
    },
    /// Feeds the tail with everything that comes after this in the queue.
    Tail {
        tail: Weak<Feed<Record>>,
        answer: oneshot::Sender<Result<(), LogError>>,
    },
    Kv {
        bucket: String,
        ops: Vec<kv::Op>,
        answer: oneshot::Sender<Result<Vec<u64>, KvError>>,
    },
}

impl Op {
    fn bytes(&self) -> usize {
        match self {
            Self::Append { appends, .. } => appends.iter().map(append_bytes).sum(),
            Self::Schedule { append, .. } => append_bytes(append),
            Self::Kv { ops, .. } => ops.iter().map(kv_bytes).sum(),
            Self::Cancel { .. } | Self::Delete { .. } | Self::Trim { .. } | Self::Tail { .. } => 0,
        }
    }
}

fn append_bytes(append: &Append) -> usize {
    // The rows around the payload.
    256 + append.payload.len()
}

fn kv_bytes(op: &kv::Op) -> usize {
    match op {
        kv::Op::Put { key, value, .. } => 64 + key.len() + value.len(),
        kv::Op::Delete { key, .. } => 64 + key.len(),
    }
}

/// The store has ended.
#[derive(Debug)]
pub(super) struct Ended;

/// Many callers, one writer.
pub(super) struct Queue {
    room: std::sync::Arc<Semaphore>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    ops: VecDeque<Waiting>,
    closed: bool,
}

struct Waiting {
    op: Op,
    bytes: usize,
    _room: OwnedSemaphorePermit,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            room: std::sync::Arc::new(Semaphore::new(QUEUE_KIB as usize)),
            state: Mutex::new(State {
                ops: VecDeque::new(),
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Queues `op`, when there is room.
    pub(super) async fn push(&self, op: Op) -> Result<(), Ended> {
        let bytes = op.bytes();
        let kib = u32::try_from(bytes / 1024)
            .unwrap_or(QUEUE_KIB)
            .clamp(OP_KIB, QUEUE_KIB);
        let room = std::sync::Arc::clone(&self.room)
            .acquire_many_owned(kib)
            .await
            .map_err(|_closed| Ended)?;
        let mut state = self.state();
        if state.closed {
            return Err(Ended);
        }
        state.ops.push_back(Waiting {
            op,
            bytes,
            _room: room,
        });
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// One commit's operations. Waits for the first, `limit` at most; empty when it did not come. `None` once closed and
    /// empty.
    pub(super) fn take(&self, limit: Option<Duration>) -> Option<Vec<Op>> {
        let mut state = self.state();
        if state.ops.is_empty() && !state.closed {
            state = self.wait(state, limit);
        }
        if state.ops.is_empty() {
            return (!state.closed).then(Vec::new);
        }
        let mut ops = Vec::new();
        let mut bytes = 0;
        while let Some(next) = state.ops.front() {
            let full = ops.len() == COMMIT_OPS || bytes + next.bytes > COMMIT_BYTES;
            if full && !ops.is_empty() {
                break;
            }
            bytes += next.bytes;
            ops.extend(state.ops.pop_front().map(|waiting| waiting.op));
        }
        Some(ops)
    }

    /// Takes nothing more; what waits is still done.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.room.close();
        self.changed.notify_one();
    }

    /// Whether nothing more is taken.
    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Closes, and drops what waits: their callers are told that the store failed.
    pub(super) fn abandon(&self) {
        self.close();
        self.state().ops.clear();
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match limit {
            Some(limit) => {
                self.changed
                    .wait_timeout(state, limit)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
