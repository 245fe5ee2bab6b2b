//! What has been taken back, as this process knows it.

use crate::{Identity, Revocation, revocation::BUCKET};
use fanfare_bus::{Kv, kv::Change};
use fanfare_lifecycle::Shutdown;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};
use tokio::sync::{broadcast, watch};

/// Revocations a receiver may be behind. One that lags more asks [`Revocations::hits`] of everybody, which costs a
/// gateway a walk over its sessions.
const BEHIND_MAX: usize = 1_024;

/// Between two tries to watch a store that is away.
const RETRY: Duration = Duration::from_secs(1);

/// Follows the bucket `revocation`. Memory is bound by what auth takes back within the longest life of a token, some
/// 100 bytes each: dropping any of it would let a void token in.
#[derive(Debug)]
pub(crate) struct Revocations {
    known: RwLock<Known>,
    settled: watch::Sender<bool>,
    announced: broadcast::Sender<Revocation>,
}

#[derive(Debug, Default)]
struct Known {
    users: HashMap<String, i64>,
    sessions: HashSet<String>,
    tokens: HashSet<String>,
}

impl Known {
    /// `false` when it was known already.
    fn insert(&mut self, revocation: &Revocation) -> bool {
        match revocation {
            Revocation::User { user, until_ms } => {
                let own = self.users.entry(user.clone()).or_insert(i64::MIN);
                let is_later = *own < *until_ms;
                *own = (*own).max(*until_ms);
                is_later
            }
            Revocation::Session(session) => self.sessions.insert(session.clone()),
            Revocation::Token(token) => self.tokens.insert(token.clone()),
        }
    }

    fn remove(&mut self, revocation: &Revocation) {
        match revocation {
            Revocation::User { user, .. } => drop(self.users.remove(user)),
            Revocation::Session(session) => drop(self.sessions.remove(session)),
            Revocation::Token(token) => drop(self.tokens.remove(token)),
        }
    }

    fn hits(&self, identity: &Identity) -> bool {
        let user = self.users.get(&identity.user);
        let of = |id: &Option<String>, set: &HashSet<String>| {
            id.as_ref().is_some_and(|id| set.contains(id))
        };
        user.is_some_and(|until_ms| identity.issued_at_ms <= *until_ms)
            || of(&identity.session, &self.sessions)
            || of(&identity.token_id, &self.tokens)
    }
}

impl Revocations {
    pub(crate) fn new() -> Self {
        Self {
            known: RwLock::default(),
            settled: watch::Sender::new(false),
            announced: broadcast::Sender::new(BEHIND_MAX),
        }
    }

    pub(crate) fn is_settled(&self) -> bool {
        *self.settled.borrow()
    }

    /// Resolves once everything that was taken back before is known. Cancel safe.
    pub(crate) async fn settled(&self) {
        // An error would mean that the sender is gone, and it is ours.
        drop(self.settled.subscribe().wait_for(|settled| *settled).await);
    }

    pub(crate) fn hits(&self, identity: &Identity) -> bool {
        self.known().hits(identity)
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Revocation> {
        self.announced.subscribe()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the store until `shutdown` begins.
    pub(crate) async fn follow(&self, kv: Arc<dyn Kv>, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                () = self.watch(&*kv) => {}
            }
            tokio::select! {
                () = shutdown.begun() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    async fn watch(&self, kv: &dyn Kv) {
        let mut watch = match kv.watch(BUCKET, "").await {
            Ok(watch) => watch,
            Err(error) => {
                tracing::warn!(%error, "revocations cannot be followed");
                return;
            }
        };
        // What a snapshot tells is gathered apart and takes the old view's place when it is whole, so that nobody is let
        // in between.
        let mut snapshot = Some(Known::default());
        while let Some(change) = watch.next().await {
            match change {
                Change::Put(record) => {
                    let Some(revocation) = Revocation::of_record(&record.key, &record.value) else {
                        tracing::warn!(key = record.key, "a revocation is of an unknown kind");
                        continue;
                    };
                    if let Some(snapshot) = &mut snapshot {
                        snapshot.insert(&revocation);
                    }
                    self.learn(revocation);
                }
                Change::Gone(key) => self.forget(&key, snapshot.as_mut()),
                Change::Settled => {
                    if let Some(whole) = snapshot.take() {
                        *self.known.write().unwrap_or_else(PoisonError::into_inner) = whole;
                    }
                    self.settled.send_replace(true);
                }
                Change::Resync => snapshot = Some(Known::default()),
            }
        }
    }

    fn learn(&self, revocation: Revocation) {
        let is_new = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(&revocation)
        };
        if is_new {
            // Without receivers there is nobody to tell.
            drop(self.announced.send(revocation));
        }
    }

    fn forget(&self, key: &str, snapshot: Option<&mut Known>) {
        // Of a user's record only the key is left; which time it held does not matter for removing it.
        let Some(revocation) = Revocation::of_record(key, b"0") else {
            return;
        };
        if let Some(snapshot) = snapshot {
            snapshot.remove(&revocation);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.remove(&revocation);
    }
}
