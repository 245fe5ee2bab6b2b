//! API keys as the auth service answers for them, kept for a few seconds.

use crate::{ApiKey, ApiKeyText};
use bytes::Bytes;
use fanfare_bus::{Bus, RequestError};
use fanfare_proto::{
    ErrorCode, subject,
    wire::{ApiKeyReply, ApiKeyRequest, Failure, Reply},
};
use prost::Message as _;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a good answer counts, from when it was asked for: a key that is deleted works no longer than this.
const KEPT: Duration = Duration::from_secs(5);

/// Most good answers kept, some 300 bytes each.
const KEPT_MAX: usize = 10_000;

/// Longest wait for the auth service.
const ASK_LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct ApiKeys {
    bus: Arc<dyn Bus>,
    kept: Mutex<HashMap<[u8; 32], (ApiKey, Instant)>>,
}

impl ApiKeys {
    pub(crate) fn new(bus: Arc<dyn Bus>) -> Self {
        Self {
            bus,
            kept: Mutex::default(),
        }
    }

    /// Bad answers are not kept: there is no end of bad keys.
    pub(crate) async fn check(&self, text: &str) -> Result<ApiKey, Failure> {
        let unknown = || failure(ErrorCode::Unauthorized, "this API key is not known");
        let digest = ApiKeyText::parse(text).ok_or_else(unknown)?.digest();
        if let Some(key) = self.kept(&digest) {
            return Ok(key);
        }
        let asked_at = Instant::now();
        let request = ApiKeyRequest {
            digest: Bytes::copy_from_slice(&digest),
        };
        let answer = self
            .bus
            .request(
                subject::AUTH_API_KEY,
                request.encode_to_vec().into(),
                ASK_LIMIT,
            )
            .await
            .map_err(away)?;
        let reply: ApiKeyReply = Reply::read(&answer)?;
        let key = ApiKey {
            id: reply.id,
            name: reply.name,
            scopes: reply.scopes,
        };
        self.keep(digest, key.clone(), asked_at + KEPT);
        Ok(key)
    }

    fn kept(&self, digest: &[u8; 32]) -> Option<ApiKey> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, until) = kept.get(digest)?;
        (Instant::now() < *until).then(|| key.clone())
    }

    fn keep(&self, digest: [u8; 32], key: ApiKey, until: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            let now = Instant::now();
            kept.retain(|_digest, (_key, until)| now < *until);
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
        }
        kept.insert(digest, (key, until));
    }
}

fn away(error: RequestError) -> Failure {
    match error {
        RequestError::NoResponders | RequestError::Unavailable => failure(
            ErrorCode::Unavailable,
            "API keys cannot be checked right now, try again",
        ),
        RequestError::Timeout => failure(
            ErrorCode::Unavailable,
            "the auth service did not answer in time, try again",
        ),
    }
}

fn failure(code: ErrorCode, message: &str) -> Failure {
    Failure {
        code: code.as_str().to_owned(),
        message: message.to_owned(),
        retry_after_ms: if code == ErrorCode::Unavailable {
            1_000
        } else {
            0
        },
    }
}
