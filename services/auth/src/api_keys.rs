//! API keys. Their texts are shown once and never stored.

use crate::{
    fault::Fault,
    idempotency::Once,
    store::{self, Store},
};
use fanfare_bus::kv::{Expect, Op};
use fanfare_proto::token;
use fanfare_tokens::{ApiKeyText, random_base62};
use serde::{Deserialize, Serialize};

/// Every scope a key may have.
pub(crate) const SCOPES: [&str; 5] = [
    "notifications:publish",
    "channels:publish",
    "rooms:manage",
    "tokens:mint",
    "admin",
];

/// Random characters of a key's id, which is no secret.
const ID_CHARS: usize = 12;

/// An API key as it is stored.
#[derive(Deserialize, Serialize)]
pub(crate) struct ApiKeyRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    /// SHA-256 of the text, in hex.
    digest: String,
    pub(crate) created_at_ms: i64,
    pub(crate) created_by: String,
}

/// What a new key is to be.
pub(crate) struct NewApiKey {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created_by: String,
    pub(crate) now_ms: i64,
}

/// The keys.
#[derive(Clone)]
pub(crate) struct ApiKeys {
    store: Store,
}

impl NewApiKey {
    fn record(self, id: String, text: &ApiKeyText) -> ApiKeyRecord {
        ApiKeyRecord {
            id,
            name: self.name,
            scopes: self.scopes,
            digest: store::hex(&text.digest()),
            created_at_ms: self.now_ms,
            created_by: self.created_by,
        }
    }
}

impl ApiKeys {
    pub(crate) const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Makes a key.
    ///
    /// # Errors
    ///
    /// [`Fault::Conflict`] when `once` has happened already.
    pub(crate) async fn create(
        &self,
        new: NewApiKey,
        once: Option<&Once>,
    ) -> Result<(ApiKeyRecord, ApiKeyText), Fault> {
        let text = ApiKeyText::generate().ok_or(Fault::Internal)?;
        let id = random_base62(ID_CHARS).ok_or(Fault::Internal)?;
        let record = new.record(id, &text);
        let mut ops = creation(&record, Expect::Absent)?;
        if let Some(once) = once {
            ops.push(once.op(&record.id)?);
        }
        self.store.batch(ops).await?;
        Ok((record, text))
    }

    /// Makes the key with the given id anew; an older one with that id ends.
    pub(crate) async fn replace(&self, id: &str, new: NewApiKey) -> Result<ApiKeyText, Fault> {
        let text = ApiKeyText::generate().ok_or(Fault::Internal)?;
        let record = new.record(id.to_owned(), &text);
        let old = self.store.get::<ApiKeyRecord>(&key(id)).await?;
        let expect = old
            .as_ref()
            .map_or(Expect::Absent, |old| Expect::Revision(old.revision));
        let mut ops = creation(&record, expect)?;
        if let Some(old) = old {
            ops.push(store::delete(digest_key(&old.value.digest)));
        }
        self.store.batch(ops).await?;
        Ok(text)
    }

    /// The key whose text has this digest.
    pub(crate) async fn by_digest(&self, digest: &[u8]) -> Result<Option<ApiKeyRecord>, Fault> {
        let digest = store::hex(digest);
        let Some(id) = self.store.get::<String>(&digest_key(&digest)).await? else {
            return Ok(None);
        };
        let record = self.store.get::<ApiKeyRecord>(&key(&id.value)).await?;
        Ok(record
            .map(|record| record.value)
            .filter(|record| record.digest == digest))
    }

    /// Ends a key; `false` when there is none with this id.
    pub(crate) async fn delete(&self, id: &str) -> Result<bool, Fault> {
        let Some(record) = self.store.get::<ApiKeyRecord>(&key(id)).await? else {
            return Ok(false);
        };
        let ops = [key(id), digest_key(&record.value.digest)];
        self.store.batch(ops.map(store::delete).into()).await?;
        Ok(true)
    }

    /// The keys after the id `after`, in the order of their records.
    pub(crate) async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ApiKeyRecord>, Fault> {
        let after = after.map(key);
        self.store.scan("key/", after.as_deref(), limit).await
    }
}

fn creation(record: &ApiKeyRecord, expect: Expect) -> Result<Vec<Op>, Fault> {
    Ok(vec![
        store::put(key(&record.id), record, expect, None)?,
        store::put(digest_key(&record.digest), &record.id, Expect::Absent, None)?,
    ])
}

fn key(id: &str) -> String {
    format!("key/{}", token::encode(id))
}

fn digest_key(digest: &str) -> String {
    format!("key-digest/{digest}")
}
