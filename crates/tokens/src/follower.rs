//! Keeps one issuer's key set fresh.

use crate::{
    KeySet,
    key_source::{FETCH_LIMIT, NoSet, Source},
};
use fanfare_bus::Subscription;
use fanfare_lifecycle::Shutdown;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

/// Longest that a verifier waits for a fresh set.
const WAIT_LIMIT: Duration = Duration::from_secs(5);

/// First pause after a fetch that failed; it doubles up to the last.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(5);

/// The set of one issuer, and the means to ask for a fresh one. However many ask, one task fetches.
///
/// When the source is away the last set counts on: an issuer's outage must not lock its people out.
#[derive(Debug)]
pub(crate) struct Follower {
    issuer: String,
    keys: RwLock<Option<Arc<KeySet>>>,
    wanted: Notify,
    fetched: watch::Sender<Fetched>,
    unknown_key_interval: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Fetched {
    /// Fetches that have ended.
    count: u64,
    /// When the last good one ended.
    last_good: Option<Instant>,
    /// The last one found nobody to ask.
    nobody: bool,
}

impl Follower {
    pub(crate) fn new(issuer: &str, source: &Source) -> Self {
        Self {
            issuer: issuer.to_owned(),
            keys: RwLock::new(None),
            wanted: Notify::new(),
            fetched: watch::Sender::new(Fetched::default()),
            unknown_key_interval: source.unknown_key_interval(),
        }
    }

    /// The set, once there is one.
    pub(crate) fn keys(&self) -> Option<Arc<KeySet>> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for the end of a fetch, at most [`WAIT_LIMIT`]. `false` at once when the set is so fresh that another fetch
    /// would be one too many, and when there never was a set and the last fetch found nobody to ask.
    pub(crate) async fn refreshed(&self) -> bool {
        let mut fetched = self.fetched.subscribe();
        let Fetched {
            count,
            last_good,
            nobody,
        } = *fetched.borrow();
        if last_good.is_some_and(|at| at.elapsed() < self.unknown_key_interval) {
            return false;
        }
        self.wanted.notify_one();
        if nobody && last_good.is_none() {
            return false;
        }
        let next = fetched.wait_for(|fetched| fetched.count > count);
        matches!(tokio::time::timeout(WAIT_LIMIT, next).await, Ok(Ok(_)))
    }

    /// Fetches at the start, at each change the source tells of, when a key is not known, and every so often, until
    /// `shutdown` begins.
    pub(crate) async fn follow(self: Arc<Self>, source: Source, shutdown: Shutdown) {
        let mut changes = None;
        let mut failures = 0_u32;
        loop {
            if changes.is_none() {
                changes = source.changes().await;
            }
            failures = if self.fetch(&source, failures).await {
                0
            } else {
                failures.saturating_add(1)
            };
            let pause = if failures == 0 {
                source.period()
            } else {
                RETRY_FIRST
                    .saturating_mul(1 << failures.min(10))
                    .min(RETRY_LAST)
            };
            let earliest = Instant::now() + self.unknown_key_interval;
            let wanted = async {
                self.wanted.notified().await;
                tokio::time::sleep_until(earliest).await;
            };
            tokio::select! {
                () = shutdown.begun() => return,
                () = changed(&mut changes) => {}
                () = wanted => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn fetch(&self, source: &Source, failures: u32) -> bool {
        // Whoever asks while this one runs waits for its end.
        self.fetched.send_modify(|fetched| fetched.nobody = false);
        let outcome = match tokio::time::timeout(FETCH_LIMIT, source.fetch()).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(NoSet::Failed("no answer in time".to_owned())),
        };
        let nobody = matches!(outcome, Err(NoSet::Nobody));
        let is_good = match outcome {
            Ok(keys) => {
                self.replace(keys);
                true
            }
            Err(error) => {
                // The first one is usual while the auth service starts; later ones are told ever more rarely.
                if failures > 0 && failures.is_power_of_two() {
                    tracing::warn!(issuer = self.issuer, failures, %error, "no fresh key set");
                }
                false
            }
        };
        self.fetched.send_modify(|fetched| {
            fetched.count += 1;
            fetched.nobody = nobody;
            if is_good {
                fetched.last_good = Some(Instant::now());
            }
        });
        is_good
    }

    fn replace(&self, keys: KeySet) {
        let kids = |keys: &KeySet| keys.kids().map(str::to_owned).collect::<Vec<_>>();
        let before = self.keys();
        if before.as_deref().map(kids) != Some(kids(&keys)) {
            tracing::info!(issuer = self.issuer, kids = ?kids(&keys), "key set read");
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keys));
    }
}

/// Resolves at the next change, and when changes were missed; never without a subscription.
async fn changed(changes: &mut Option<Box<dyn Subscription>>) {
    match changes {
        None => std::future::pending().await,
        Some(subscription) => {
            if subscription.next().await.is_none() {
                *changes = None;
                std::future::pending::<()>().await;
            }
        }
    }
}
