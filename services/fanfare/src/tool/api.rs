//! Requests to a server's HTTP API.

use crate::{Failure, cli::Server, local_key};
use reqwest::{Client, RequestBuilder, StatusCode, Url, header::HeaderValue};
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
        let url = address(&options.url)?;
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
            .map_err(|_shape| Failure::work(stranger(&self.url, "no token")))?;
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
                "no API key: give one with --api-key or FANFARE_API_KEY, which an administrator makes with \
                 POST /v1/auth/api-keys; fanfare standalone on this machine keeps one in the directory that --data-dir \
                 names",
            )
        })?;
        let url = self
            .url
            .join(path)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let authorization = header(
            &format!("Bearer {key}"),
            "the API key (--api-key or FANFARE_API_KEY)",
        )?;
        let mut request = self.client.post(url).json(body);
        request = request.header("authorization", authorization);
        if let Some(idempotency_key) = idempotency_key {
            let value = header(idempotency_key, "--idempotency-key")?;
            request = request.header("idempotency-key", value);
        }
        answer(request, &self.url).await
    }
}

fn address(text: &str) -> Result<Url, Failure> {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return Err(Failure::usage(format!(
            "--url needs http:// or https:// in front, e.g. http://127.0.0.1:8000, not {text:?}"
        )));
    }
    text.parse()
        .map_err(|error| Failure::usage(format!("--url {text:?}: {error}")))
}

/// `text` as a header, which must not be logged. The message does not repeat it.
fn header(text: &str, what: &str) -> Result<HeaderValue, Failure> {
    let is_fine = |character: char| character == ' ' || character.is_ascii_graphic();
    let value = HeaderValue::from_str(text)
        .ok()
        .filter(|_| text.chars().all(is_fine));
    let mut value = value.ok_or_else(|| {
        Failure::usage(format!(
            "{what} holds a line break or another character that cannot be sent: printable ASCII only"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn stranger(url: &Url, why: &str) -> String {
    format!("{url} does not answer like a Fanfare API ({why}): is --url right?")
}

async fn answer(request: RequestBuilder, url: &Url) -> Result<Value, Failure> {
    let response = request.send().await.map_err(|error| {
        if error.is_connect() {
            Failure::work("the server does not answer: is it running, and is --url right?")
        } else {
            Failure::work(error.without_url().to_string())
        }
    })?;
    let status = response.status();
    let body = response
        .bytes()
        .await
        .map_err(|error| Failure::work(error.without_url().to_string()))?;
    outcome(status, &body).unwrap_or_else(|| Err(Failure::work(stranger(url, status.as_str()))))
}

/// What the server answered; `None` when that is no answer of a Fanfare API.
fn outcome(status: StatusCode, body: &[u8]) -> Option<Result<Value, Failure>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    if status.is_success() {
        return body.is_object().then_some(Ok(body));
    }
    let detail = body["detail"].as_str().or(body["title"].as_str())?;
    Some(Err(Failure::work(format!("{status}: {detail}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_scheme_is_told_what_it_lacks() {
        for text in ["127.0.0.1:8000", "localhost:8000", "ws://localhost:8000"] {
            let Err(Failure::Usage(text)) = address(text) else {
                panic!("{text} was taken");
            };
            assert!(text.contains("http://"), "{text}");
        }
        assert!(address("https://example.com").is_ok());
    }

    #[test]
    fn a_line_break_in_a_header_is_told_without_repeating_the_secret() {
        let Err(Failure::Usage(text)) = header("Bearer secret\n", "the API key") else {
            panic!("it was taken");
        };
        assert!(text.contains("the API key holds a line break"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn only_answers_of_a_fanfare_api_are_read_as_such() {
        assert!(outcome(StatusCode::NOT_FOUND, b"").is_none());
        assert!(outcome(StatusCode::OK, b"<html>").is_none());
        assert!(outcome(StatusCode::OK, b"\"ok\"").is_none());
        assert!(matches!(outcome(StatusCode::ACCEPTED, b"{}"), Some(Ok(_))));
        let problem = br#"{"code": "forbidden", "detail": "no"}"#;
        let told = outcome(StatusCode::FORBIDDEN, problem);
        assert!(matches!(told, Some(Err(Failure::Work(text))) if text.ends_with(": no")));
    }
}
