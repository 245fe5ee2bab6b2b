//! A back end that is worse than it has to be, for tests of what stands above it.
//!
//! Everything it does is allowed by the traits, only rarely seen: tails lose records without a word, reads answer
//! [`LogError::Stale`] or stop short with `more` set. A service that is correct stays correct on it.

use crate::{
    Handles, Log, Tail,
    error::LogError,
    log::{Append, Appended, Head, Page, Record, Slice, Tailed},
};
use async_trait::async_trait;
use fanfare_proto::{Channel, Position};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What goes wrong, and how often in a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The same seed loses the same records of the n-th tail, and treats the n-th read alike.
    pub seed: u64,
    /// Records a tail loses silently. Default: 50.
    pub lost_per_mille: u64,
    /// Reads that are answered with [`LogError::Stale`]. Default: 100.
    pub stale_per_mille: u64,
    /// Pages of reads and history that hold half of what they could. Default: 100.
    pub short_per_mille: u64,
    /// Heads, reads, history and gets that are answered with [`LogError::Unavailable`]. Default: 0, because not every
    /// caller can do better than to pass that on.
    pub away_per_mille: u64,
}

impl Faults {
    /// The defaults.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            lost_per_mille: 50,
            stale_per_mille: 100,
            short_per_mille: 100,
            away_per_mille: 0,
        }
    }
}

/// `handles` with `faults` in its log. Bus and records are untouched.
#[must_use]
pub fn inject(handles: Handles, faults: Faults) -> Handles {
    Handles {
        log: Arc::new(FaultyLog {
            inner: handles.log,
            faults,
            calls: AtomicU64::new(0),
            tails: AtomicU64::new(0),
        }),
        ..handles
    }
}

struct FaultyLog {
    inner: Arc<dyn Log>,
    faults: Faults,
    calls: AtomicU64,
    tails: AtomicU64,
}

/// A number that looks random and is the same for the same arguments (the finalizer of `SplitMix64`, twice).
const fn mix(seed: u64, stream: u64, step: u64) -> u64 {
    const fn finalize(mut bits: u64) -> u64 {
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let stream = finalize(seed.wrapping_add(stream.wrapping_mul(GOLDEN)));
    finalize(stream.wrapping_add(step.wrapping_mul(GOLDEN)))
}

/// What happens to one call.
enum Fault {
    None,
    Away,
    Stale,
    Short,
}

impl FaultyLog {
    fn fault(&self) -> Fault {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let Faults {
            seed,
            lost_per_mille: _,
            stale_per_mille,
            short_per_mille,
            away_per_mille,
        } = self.faults;
        let drawn = mix(seed, 0, call) % 1_000;
        if drawn < away_per_mille {
            Fault::Away
        } else if drawn < away_per_mille + stale_per_mille {
            Fault::Stale
        } else if drawn < away_per_mille + stale_per_mille + short_per_mille {
            Fault::Short
        } else {
            Fault::None
        }
    }
}

/// Half of `limit`; what is cut off shows as `more`, because the page below is asked for that many only.
const fn half(limit: usize) -> usize {
    if limit > 1 { limit / 2 } else { 1 }
}

#[async_trait]
impl Log for FaultyLog {
    async fn append(&self, append: Append) -> Result<Appended, LogError> {
        self.inner.append(append).await
    }

    async fn append_all(&self, appends: Vec<Append>) -> Result<Vec<Appended>, LogError> {
        self.inner.append_all(appends).await
    }

    fn shard(&self, channel: &Channel) -> u16 {
        self.inner.shard(channel)
    }

    fn epoch(&self, channel: &Channel) -> u32 {
        self.inner.epoch(channel)
    }

    async fn heads(&self, channels: &[Channel]) -> Result<Vec<Head>, LogError> {
        match self.fault() {
            Fault::Away => Err(LogError::Unavailable),
            // Heads are linearizable: there is no stale or short answer to give.
            Fault::None | Fault::Stale | Fault::Short => self.inner.heads(channels).await,
        }
    }

    async fn read(
        &self,
        channel: &Channel,
        after: Position,
        upto: Position,
        limit: usize,
    ) -> Result<Page, LogError> {
        let limit = match self.fault() {
            Fault::Away => return Err(LogError::Unavailable),
            Fault::Stale => return Err(LogError::Stale),
            Fault::Short => half(limit),
            Fault::None => limit,
        };
        self.inner.read(channel, after, upto, limit).await
    }

    async fn history(
        &self,
        channel: &Channel,
        slice: Slice,
        limit: usize,
    ) -> Result<Page, LogError> {
        let limit = match self.fault() {
            Fault::Away => return Err(LogError::Unavailable),
            Fault::Short => half(limit),
            // History knows no stale answer.
            Fault::None | Fault::Stale => limit,
        };
        self.inner.history(channel, slice, limit).await
    }

    async fn get(&self, channel: &Channel, n: u64) -> Result<Option<Record>, LogError> {
        match self.fault() {
            Fault::Away => Err(LogError::Unavailable),
            Fault::None | Fault::Stale | Fault::Short => self.inner.get(channel, n).await,
        }
    }

    async fn tail(&self) -> Result<Box<dyn Tail>, LogError> {
        Ok(Box::new(FaultyTail {
            inner: self.inner.tail().await?,
            number: self.tails.fetch_add(1, Ordering::Relaxed) + 1,
            faults: self.faults,
        }))
    }

    async fn schedule(&self, at_ms: i64, key: &str, append: Append) -> Result<(), LogError> {
        self.inner.schedule(at_ms, key, append).await
    }

    async fn cancel(&self, key: &str) -> Result<bool, LogError> {
        self.inner.cancel(key).await
    }

    async fn delete(&self, channel: &Channel, n: u64) -> Result<bool, LogError> {
        self.inner.delete(channel, n).await
    }

    async fn trim(&self, channel: &Channel, first_n: u64) -> Result<(), LogError> {
        self.inner.trim(channel, first_n).await
    }
}

struct FaultyTail {
    inner: Box<dyn Tail>,
    number: u64,
    faults: Faults,
}

impl FaultyTail {
    fn is_lost(&self, tailed: &Tailed) -> bool {
        match tailed {
            Tailed::Record(record) => {
                let drawn = mix(self.faults.seed, self.number, record.position.seq) % 1_000;
                drawn < self.faults.lost_per_mille
            }
            Tailed::Lagged => false,
        }
    }
}

#[async_trait]
impl Tail for FaultyTail {
    async fn next(&mut self) -> Option<Tailed> {
        loop {
            let tailed = self.inner.next().await?;
            if !self.is_lost(&tailed) {
                return Some(tailed);
            }
        }
    }

    fn try_next(&mut self) -> Option<Tailed> {
        loop {
            let tailed = self.inner.try_next()?;
            if !self.is_lost(&tailed) {
                return Some(tailed);
            }
        }
    }
}
