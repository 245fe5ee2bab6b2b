//! The HTTP interface of a server.

use crate::DEADLINE;
use reqwest::{Client, Method, header::HeaderMap};
use serde_json::{Value, json};
use std::time::Duration;

/// A client of one server's HTTP interface.
#[derive(Clone)]
pub struct Api {
    client: Client,
    url: String,
    admin_url: String,
    key: String,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, `null` when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The answer, which must have this status.
    ///
    /// # Panics
    ///
    /// When it has another one.
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The text at a JSON pointer of the body.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("{pointer} is missing in {}", self.body))
            .to_owned()
    }
}

impl Api {
    pub(crate) fn new(url: String, admin_url: String, key: String) -> Self {
        let client = Client::builder()
            .timeout(DEADLINE)
            .build()
            .expect("a client without options can be made");
        Self {
            client,
            url,
            admin_url,
            key,
        }
    }

    /// The same interface with another API key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    /// The public URL, without a path.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's own API key, which has every scope.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// One request to the public port. `credential` is a token or key; `null` is no body.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        credential: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        self.try_call(method, path, credential, headers, body)
            .await
            .unwrap_or_else(|error| panic!("no answer from {path}: {error}"))
    }

    async fn try_call(
        &self,
        method: Method,
        path: &str,
        credential: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !credential.is_empty() {
            request = request.bearer_auth(credential);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.json().await.unwrap_or_default(),
        })
    }

    /// A POST with the server's own API key.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, &self.key, &[], body).await
    }

    /// A POST with the server's own API key; `None` when there was no answer.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        let answer = self.try_call(Method::POST, path, &self.key, &[], body);
        answer.await.ok()
    }

    /// A POST without a credential.
    pub async fn post_open(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, "", &[], body).await
    }

    /// A GET with `credential`.
    pub async fn get(&self, path: &str, credential: &str) -> Answer {
        self.call(Method::GET, path, credential, &[], &Value::Null)
            .await
    }

    /// The status of a path on the admin port; `None` when nobody listens there.
    pub async fn admin_status(&self, path: &str) -> Option<u16> {
        let response = self.client.get(format!("{}{path}", self.admin_url));
        Some(response.send().await.ok()?.status().as_u16())
    }

    /// One request to the admin port; the status and the text of the answer.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn admin(&self, method: Method, path: &str, body: &str) -> (u16, String) {
        let url = format!("{}{path}", self.admin_url);
        let request = self.client.request(method, url).body(body.to_owned());
        let response = request.send().await.expect("the admin port answers");
        let status = response.status().as_u16();
        let text = response.text().await.expect("the answer is text");
        (status, text)
    }

    /// The figures on the admin port.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub async fn metrics(&self) -> String {
        let response = self.client.get(format!("{}/metrics", self.admin_url));
        let response = response.send().await.expect("the admin port answers");
        response.text().await.expect("the figures are text")
    }

    /// The same as OpenMetrics, with the exemplars.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub async fn open_metrics(&self) -> String {
        let request = self.client.get(format!("{}/metrics", self.admin_url));
        let request = request.header("accept", "application/openmetrics-text; version=1.0.0");
        let response = request.send().await.expect("the admin port answers");
        response.text().await.expect("the figures are text")
    }

    /// Logs the administrator in.
    pub async fn login(&self) -> Answer {
        let body = json!({"username": "admin", "password": crate::Server::ADMIN_PASSWORD});
        self.post_open("/v1/auth/login", &body).await.is(200)
    }

    /// A token of `user` without other rights.
    pub async fn token(&self, user: &str) -> String {
        self.mint(&json!({"user": user})).await
    }

    /// A token as `POST /v1/auth/tokens` mints it.
    pub async fn mint(&self, body: &Value) -> String {
        let answer = self.post("/v1/auth/tokens", body).await;
        assert!((200..300).contains(&answer.status), "{}", answer.body);
        answer.text("/access_token")
    }

    /// Publishes a notification, or several, which must be accepted.
    pub async fn notify(&self, body: &Value) -> Value {
        self.post("/v1/notifications", body).await.is(202).body
    }

    /// Publishes `count` notifications to `user`, with the titles `from`, `from + 1`, ….
    ///
    /// # Panics
    ///
    /// When one of them is not taken.
    pub async fn notify_numbered(&self, user: &str, from: u64, count: u64) {
        const AT_ONCE: u64 = 100;
        let mut next = from;
        while next < from + count {
            let end = (next + AT_ONCE).min(from + count);
            let batch: Vec<Value> = (next..end)
                .map(|number| json!({"to": {"users": [user]}, "title": number.to_string()}))
                .collect();
            let outcomes = self.notify(&Value::Array(batch)).await;
            for outcome in outcomes.as_array().into_iter().flatten() {
                assert!(outcome["appended"][0]["n"].is_u64(), "{outcome}");
            }
            next = end;
        }
    }

    /// Waits until the figure `series`, with its labels, stands at `value`.
    ///
    /// # Panics
    ///
    /// When it does not before the deadline.
    pub async fn until_figure(&self, series: &str, value: u64) {
        let line = format!("{series} {value}");
        let stands = async || {
            let metrics = self.metrics().await;
            metrics.lines().any(|own| own == line).then_some(())
        };
        until(&line, stands).await;
    }

    /// Waits until the server says that it can do its job.
    ///
    /// # Panics
    ///
    /// When it does not say so before the deadline.
    pub async fn until_ready(&self) {
        self.until_status("/readyz", 200).await;
    }

    /// Asks a path of the admin port until it answers `status`.
    ///
    /// # Panics
    ///
    /// When it does not before the deadline.
    pub async fn until_status(&self, path: &str, status: u16) {
        let answers = async || (self.admin_status(path).await == Some(status)).then_some(());
        until(&format!("{path} answers {status}"), answers).await;
    }
}

/// Asks again and again, as whoever watches a server from outside must, until there is something.
///
/// # Panics
///
/// When there is nothing before the deadline.
pub async fn until<T>(what: &str, find: impl AsyncFn() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let asked = async {
        loop {
            ticks.tick().await;
            if let Some(found) = find().await {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, asked)
        .await
        .unwrap_or_else(|_elapsed| panic!("not in time: {what}"))
}
