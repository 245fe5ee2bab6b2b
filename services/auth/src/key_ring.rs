//! The signing keys: one signs, the next one is published already, and those before it are published until the last token
//! they signed has expired.
//!
//! The ring is one record. A rotation is a compare-and-set of it, so of several workers one rotates; the others learn by a
//! watch, and verifiers by `KEYS_CHANGED`. Because the next key is always published a whole period ahead, a verifier that
//! missed the news has it all the same.

use crate::{
    fault::Fault,
    settings::{LEEWAY_MAX, TOKEN_TTL_MAX, ms},
    store::{Store, TRIES},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use fanfare_bus::{
    Bus,
    kv::{Change, Expect},
};
use fanfare_lifecycle::{Clock, Shutdown};
use fanfare_proto::subject;
use fanfare_tokens::{KeySet, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

const KEY: &str = "signing-keys";

/// How often a worker looks whether a key is due.
const TEND: Duration = Duration::from_secs(60);

/// Between two tries to watch a store that is away.
const RETRY: Duration = Duration::from_secs(1);

/// Most retired keys. They live about a day each, so only rotating by hand without end gets there; verifiers take 64.
const RETIRED_MAX: usize = 30;

/// The ring as it is stored.
#[derive(Deserialize, Serialize)]
struct RingRecord {
    current: KeyRecord,
    next: KeyRecord,
    retired: Vec<Retired>,
    /// Since when `current` signs.
    since_ms: i64,
}

#[derive(Clone, Deserialize, Serialize)]
struct KeyRecord {
    /// PKCS #8 in base64: the secret half is in it.
    pkcs8: String,
}

/// A key that signs no more. Only its public half is left.
#[derive(Deserialize, Serialize)]
struct Retired {
    jwk: Value,
    until_ms: i64,
}

/// The ring as it is used.
pub(crate) struct Ring {
    pub(crate) current: SigningKey,
    /// The JSON Web Key Set of all of them.
    pub(crate) document: Bytes,
    revision: u64,
}

/// Whether to rotate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    IfDue,
}

pub(crate) struct KeyRing {
    store: Store,
    bus: Arc<dyn Bus>,
    clock: Clock,
    period_ms: i64,
    ring: RwLock<Arc<Ring>>,
}

impl KeyRing {
    /// Reads the ring, or makes it.
    pub(crate) async fn open(
        store: Store,
        bus: Arc<dyn Bus>,
        clock: Clock,
        period: Duration,
    ) -> Result<Self, Fault> {
        let now_ms = clock.now_ms();
        for _try in 0..TRIES {
            if let Some(ring) = read(&store).await? {
                return Ok(Self {
                    store,
                    bus,
                    clock,
                    period_ms: ms(period),
                    ring: RwLock::new(Arc::new(ring)),
                });
            }
            let record = RingRecord {
                current: KeyRecord::generate()?,
                next: KeyRecord::generate()?,
                retired: Vec::new(),
                since_ms: now_ms,
            };
            match store.put(KEY, &record, Expect::Absent).await {
                // When another worker was first, its ring is the one.
                Ok(_) | Err(Fault::Conflict) => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Conflict)
    }

    /// The ring as this worker knows it.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring)
    }

    /// The ring as it is stored, for those who must not get an old one.
    pub(crate) async fn fresh(&self) -> Result<Arc<Ring>, Fault> {
        let ring = read(&self.store).await?.ok_or(Fault::Internal)?;
        let mut own = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if own.revision < ring.revision {
            *own = Arc::new(ring);
        }
        Ok(Arc::clone(&own))
    }

    /// Makes the next key sign, and another one the next.
    ///
    /// # Errors
    ///
    /// [`Fault::Conflict`] when too many keys are retired already.
    pub(crate) async fn rotate(&self) -> Result<Arc<Ring>, Fault> {
        self.change(When::Now).await?;
        self.fresh().await
    }

    /// Rotates when the current key has signed for its period, and forgets retired keys whose tokens have expired.
    async fn tend(&self) -> Result<(), Fault> {
        self.change(When::IfDue).await
    }

    async fn change(&self, when: When) -> Result<(), Fault> {
        for _try in 0..TRIES {
            let stored = self.store.get::<RingRecord>(KEY).await?;
            let stored = stored.ok_or(Fault::Internal)?;
            let mut record = stored.value;
            let now_ms = self.clock.now_ms();
            let before = record.retired.len();
            record.retired.retain(|key| now_ms < key.until_ms);
            let has_forgotten = record.retired.len() < before;
            let is_due = when == When::Now || now_ms - record.since_ms >= self.period_ms;
            if !is_due && !has_forgotten {
                return Ok(());
            }
            if is_due {
                record.rotate(now_ms)?;
            }
            let expect = Expect::Revision(stored.revision);
            match self.store.put(KEY, &record, expect).await {
                Ok(_revision) => {
                    self.fresh().await?;
                    self.announce().await;
                    tracing::info!(rotated = is_due, "the signing keys changed");
                    return Ok(());
                }
                // Another worker was first: what is due then is no longer.
                Err(Fault::Conflict) => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Conflict)
    }

    /// Tells every verifier to ask for the keys.
    pub(crate) async fn announce(&self) {
        let told = self.bus.publish(subject::KEYS_CHANGED, Bytes::new()).await;
        if let Err(error) = told {
            // They ask every few minutes anyway, and have the next key already.
            tracing::warn!(%error, "nobody was told that the signing keys changed");
        }
    }

    /// Tends and follows the ring until `shutdown` begins.
    pub(crate) async fn follow(self: Arc<Self>, shutdown: Shutdown) {
        let tend = async {
            loop {
                if let Err(fault) = self.tend().await {
                    tracing::warn!(?fault, "the signing keys could not be tended");
                }
                tokio::time::sleep(TEND).await;
            }
        };
        let watch = async {
            loop {
                self.watch().await;
                tokio::time::sleep(RETRY).await;
            }
        };
        tokio::select! {
            () = shutdown.begun() => {}
            () = tend => {}
            () = watch => {}
        }
    }

    async fn watch(&self) {
        let Ok(mut watch) = self.store.watch(KEY).await else {
            return;
        };
        while let Some(change) = watch.next().await {
            if matches!(change, Change::Put(_))
                && let Err(fault) = self.fresh().await
            {
                tracing::warn!(?fault, "the signing keys could not be read");
            }
        }
    }
}

impl RingRecord {
    fn rotate(&mut self, now_ms: i64) -> Result<(), Fault> {
        if self.retired.len() >= RETIRED_MAX {
            return Err(Fault::Conflict);
        }
        let next = std::mem::replace(&mut self.next, KeyRecord::generate()?);
        let old = std::mem::replace(&mut self.current, next);
        self.retired.push(Retired {
            jwk: old.key()?.jwk(),
            until_ms: now_ms + ms(TOKEN_TTL_MAX) + ms(LEEWAY_MAX),
        });
        self.since_ms = now_ms;
        Ok(())
    }
}

impl KeyRecord {
    fn generate() -> Result<Self, Fault> {
        let key = SigningKey::generate().map_err(|_none| Fault::Internal)?;
        let pkcs8 = key.to_pkcs8().map_err(|_fault| Fault::Internal)?;
        Ok(Self {
            pkcs8: STANDARD.encode(pkcs8),
        })
    }

    fn key(&self) -> Result<SigningKey, Fault> {
        let der = STANDARD.decode(&self.pkcs8).ok();
        der.and_then(|der| SigningKey::from_pkcs8(&der).ok())
            .ok_or_else(|| {
                tracing::error!("a stored signing key is unreadable");
                Fault::Internal
            })
    }
}

async fn read(store: &Store) -> Result<Option<Ring>, Fault> {
    let Some(stored) = store.get::<RingRecord>(KEY).await? else {
        return Ok(None);
    };
    let record = stored.value;
    let (current, next) = (record.current.key()?, record.next.key()?);
    let mut keys = vec![current.jwk(), next.jwk()];
    keys.extend(record.retired.into_iter().map(|key| key.jwk));
    Ok(Some(Ring {
        current,
        document: KeySet::document(&keys).to_string().into(),
        revision: stored.revision,
    }))
}

#[cfg(test)]
mod tests;
