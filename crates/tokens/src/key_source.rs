//! Where a key set comes from, and how often it is looked at.

use crate::{KeySet, key_set::KEY_SET_BYTES};
use bytes::Bytes;
use fanfare_bus::{Bus, RequestError, Subscription};
use fanfare_proto::{
    subject,
    wire::{KeySetReply, KeySetRequest, Reply},
};
use prost::Message as _;
use std::{io::Read as _, path::PathBuf, sync::Arc, time::Duration};

/// Longest that one fetch may take: less than a verifier waits for it.
pub(crate) const FETCH_LIMIT: Duration = Duration::from_secs(4);

/// How often a set is fetched when nothing asks for it sooner.
const PERIOD: Duration = Duration::from_secs(300);

/// How often a file is read: it is small and near, and nobody tells when it changes.
const FILE_PERIOD: Duration = Duration::from_secs(5);

/// Why there is no set. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSet {
    /// Known at once, and true until somebody comes.
    #[error("no auth service answers on the bus: is one running?")]
    Nobody,
    #[error("{0}")]
    Failed(String),
}

impl From<String> for NoSet {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// A source of key sets.
pub(crate) enum Source {
    /// Our own auth service, over the bus.
    Auth {
        bus: Arc<dyn Bus>,
        issuer: String,
    },
    Url {
        client: reqwest::Client,
        url: String,
    },
    File(PathBuf),
}

impl Source {
    pub(crate) fn url(url: &str) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .timeout(FETCH_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| format!("no HTTP client for the key set URL: {error}"))?;
        Ok(Self::Url {
            client,
            url: url.to_owned(),
        })
    }

    pub(crate) const fn period(&self) -> Duration {
        match self {
            Self::Auth { .. } | Self::Url { .. } => PERIOD,
            Self::File(_) => FILE_PERIOD,
        }
    }

    /// Shortest time between two fetches that unknown keys cause: whoever sends made-up ones must not make us hammer the
    /// source.
    pub(crate) const fn unknown_key_interval(&self) -> Duration {
        match self {
            Self::Auth { .. } | Self::File(_) => Duration::from_secs(1),
            Self::Url { .. } => Duration::from_secs(5),
        }
    }

    /// Tells of changes, when the source can.
    pub(crate) async fn changes(&self) -> Option<Box<dyn Subscription>> {
        match self {
            Self::Auth { bus, .. } => bus.subscribe(subject::KEYS_CHANGED).await.ok(),
            Self::Url { .. } | Self::File(_) => None,
        }
    }

    /// The set as it is now.
    pub(crate) async fn fetch(&self) -> Result<KeySet, NoSet> {
        let document = match self {
            Self::Auth { bus, issuer } => ask(&**bus, issuer).await?,
            Self::Url { client, url } => get(client, url).await?,
            Self::File(path) => read(path.clone()).await?,
        };
        KeySet::read(&document).map_err(|error| NoSet::Failed(error.to_string()))
    }
}

async fn ask(bus: &dyn Bus, issuer: &str) -> Result<Bytes, NoSet> {
    let request = KeySetRequest {}.encode_to_vec().into();
    let answer = bus.request(subject::AUTH_KEY_SET, request, FETCH_LIMIT);
    let answer = answer.await.map_err(|error| match error {
        RequestError::NoResponders => NoSet::Nobody,
        RequestError::Timeout | RequestError::Unavailable => NoSet::Failed(error.to_string()),
    })?;
    let reply: KeySetReply = Reply::read(&answer).map_err(|failure| failure.message)?;
    if reply.issuer != issuer {
        return Err(NoSet::Failed(format!(
            "the auth service signs as {:?}, and {issuer:?} is accepted here",
            reply.issuer
        )));
    }
    Ok(reply.jwks)
}

async fn get(client: &reqwest::Client, url: &str) -> Result<Bytes, String> {
    let told = |error: reqwest::Error| error.without_url().to_string();
    let mut response = client.get(url).send().await.map_err(told)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("the key set URL answered {}", response.status()));
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told)? {
        if document.len() + chunk.len() > KEY_SET_BYTES {
            return Err("the key set is too large".to_owned());
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document.into())
}

async fn read(path: PathBuf) -> Result<Bytes, String> {
    let read = move || -> std::io::Result<Vec<u8>> {
        let mut document = Vec::new();
        // One byte more than a set may have, so that a larger one is told as such.
        std::fs::File::open(path)?
            .take(KEY_SET_BYTES as u64 + 1)
            .read_to_end(&mut document)?;
        Ok(document)
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(document)) => Ok(document.into()),
        Ok(Err(error)) => Err(format!("the key set file: {error}")),
        Err(_ended) => Err("the process ends".to_owned()),
    }
}
