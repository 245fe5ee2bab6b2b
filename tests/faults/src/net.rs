//! Ports, and questions that are asked until somebody answers.

use crate::failure::{During as _, Failure, Outcome};
use serde_json::Value;
use std::{net::TcpListener, time::Duration};
use tokio::time::Instant;

/// Longest that a question may take. A process that is stopped, or behind a cut, takes it and never answers.
const ANSWER: Duration = Duration::from_secs(2);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// A port of `host` that was free a moment ago.
pub(crate) fn free_port(host: &str) -> Outcome<u16> {
    let during = format!("finding a free port of {host}");
    let listener = TcpListener::bind((host, 0)).during(&during)?;
    Ok(listener.local_addr().during(&during)?.port())
}

/// A client that waits `answer` for each answer. Nothing here speaks TLS, so no certificates are read.
pub(crate) fn http_client(answer: Duration) -> Outcome<reqwest::Client> {
    let client = reqwest::Client::builder()
        .timeout(answer)
        .no_proxy()
        .tls_certs_only([])
        .build();
    client.map_err(|error| Failure::wrong(error.to_string()))
}

/// Asks over HTTP.
#[derive(Clone)]
pub(crate) struct Asker {
    client: reqwest::Client,
}

impl Asker {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Self {
            client: http_client(ANSWER)?,
        })
    }

    /// The JSON at `url`, whatever the status; `None` when nobody answers.
    pub(crate) async fn json(&self, url: &str) -> Option<Value> {
        self.client.get(url).send().await.ok()?.json().await.ok()
    }

    /// Whether `url` answers 200.
    pub(crate) async fn is_fine(&self, url: &str) -> bool {
        let answer = self.client.get(url).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// The JSON at `url` for whoever `credential` stands for; `None` when that is not answered with a 2xx.
    pub(crate) async fn get(&self, url: &str, credential: &str) -> Option<Value> {
        let request = self.client.get(url).bearer_auth(credential);
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        answer.json().await.ok()
    }

    /// POSTs `body` and answers what came back with a 2xx.
    pub(crate) async fn post(&self, url: &str, credential: &str, body: &Value) -> Outcome<Value> {
        let wrong = |error: &dyn std::fmt::Display| Failure::wrong(format!("POST {url}: {error}"));
        let mut request = self.client.post(url).json(body);
        if !credential.is_empty() {
            request = request.bearer_auth(credential);
        }
        let answer = request.send().await.map_err(|error| wrong(&error))?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|error| wrong(&error))?;
        if status.is_success() {
            return Ok(body);
        }
        Err(wrong(&format!("{status} {body}")))
    }
}

/// Asks until there is something.
pub(crate) async fn until<T>(
    what: &str,
    limit: Duration,
    mut find: impl AsyncFnMut() -> Outcome<Option<T>>,
) -> Outcome<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = find().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            return Err(Failure::wrong(format!("not within {limit:?}: {what}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
