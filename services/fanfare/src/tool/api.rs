//! Requests to a server's HTTP API.

use crate::{Failure, cli::Server, local_key};
use reqwest::{Client, RequestBuilder, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// Longest that a tool waits for an answer.
const ANSWER: Duration = Duration::from_secs(30);

/// A server and the key to it.
pub(crate) struct Api {
    client: Client,
    url: Url,
    key: Option<String>,
}

#[derive(Deserialize)]
struct Minted {
    access_token: String,
}

/// A token to mint.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Mint {
    pub(crate) user: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) channels: BTreeMap<String, String>,
    pub(crate) ttl_seconds: u64,
}

impl Api {
    /// The server that `options` name.
    pub(crate) fn new(options: &Server) -> Result<Self, Failure> {
        let url: Url = options
            .url
            .parse()
            .map_err(|error| Failure::usage(format!("--url {:?}: {error}", options.url)))?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(Failure::usage("--url is an http:// or https:// address"));
        }
        let key = match &options.api_key {
            Some(key) => Some(key.clone()),
            None => local_key::read(&options.data_dir).map_err(|error| {
                Failure::work(format!(
                    "{}: {error}",
                    local_key::path(&options.data_dir).display()
                ))
            })?,
        };
        let client = Client::builder()
            .timeout(ANSWER)
            .build()
            .map_err(|error| Failure::work(error.to_string()))?;
        Ok(Self { client, url, key })
    }

    /// The server's address.
    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Mints a user's token.
    pub(crate) async fn mint(&self, mint: &Mint) -> Result<String, Failure> {
        let answer = self.post("/v1/auth/tokens", mint, None).await?;
        let minted: Minted = serde_json::from_value(answer)
            .map_err(|_shape| Failure::work("the server's answer holds no token"))?;
        Ok(minted.access_token)
    }

    /// Posts `body` with the API key.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &impl Serialize,
        idempotency_key: Option<&str>,
    ) -> Result<Value, Failure> {
        let key = self.key.as_deref().ok_or_else(|| {
            Failure::usage(
                "no API key: give one with --api-key or FANFARE_API_KEY, or name the data directory of a server on \
                 this machine with --data-dir",
            )
        })?;
        let url = self
            .url
            .join(path)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let mut request = self.client.post(url).bearer_auth(key).json(body);
        if let Some(idempotency_key) = idempotency_key {
            request = request.header("idempotency-key", idempotency_key);
        }
        answer(request).await
    }
}

async fn answer(request: RequestBuilder) -> Result<Value, Failure> {
    let response = request.send().await.map_err(|error| {
        if error.is_connect() {
            Failure::work("the server does not answer: is it running, and is --url right?")
        } else {
            Failure::work(error.without_url().to_string())
        }
    })?;
    let status = response.status();
    let body: Value = response.json().await.unwrap_or_default();
    if status.is_success() {
        return Ok(body);
    }
    let detail = body["detail"]
        .as_str()
        .or(body["title"].as_str())
        .unwrap_or("no reason given");
    Err(Failure::work(format!("{status}: {detail}")))
}
