//! One who asks over HTTP.

use axum::{Router, body::Body};
use fanfare_lifecycle::Clock;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Between two requests, in milliseconds: as often as one user may ask for ever.
const PAUSE_MS: i64 = 50;

#[derive(Clone)]
pub(crate) struct Client {
    app: Router,
    clock: Clock,
    bearer: String,
    pause_ms: i64,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The JSON, of an answer with `status`; of an empty one `null`.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The problem's text, of one with `status` and `code`.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> String {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub(crate) const fn new(app: Router, clock: Clock, bearer: String) -> Self {
        Self {
            app,
            clock,
            bearer,
            pause_ms: PAUSE_MS,
        }
    }

    /// The same one, without a pause between requests.
    pub(crate) fn hasty(&self) -> Self {
        Self {
            pause_ms: 0,
            ..self.clone()
        }
    }

    /// The same one, who asks another worker.
    pub(crate) fn at(&self, app: &Router) -> Self {
        Self {
            app: app.clone(),
            ..self.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, &[], body.to_string()).await
    }

    /// With this `Idempotency-Key`.
    pub(crate) async fn post_once(&self, key: &str, path: &str, body: &Value) -> Answer {
        let headers = [("idempotency-key", key)];
        self.call("POST", path, &headers, body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, &[], body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, &[], body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, &[], String::new()).await
    }

    /// Sends a text; answers its ordinal.
    pub(crate) async fn say(&self, room: &str, content: &str) -> u64 {
        let path = format!("/v1/rooms/{room}/messages");
        let sent = self.post(&path, json!({"content": content})).await;
        sent.expect(201)["n"].as_u64().unwrap()
    }

    /// The items of a page of history.
    pub(crate) async fn items(&self, room: &str, query: &str) -> Vec<Value> {
        let page = self.page(room, query).await;
        page["items"].as_array().unwrap().clone()
    }

    pub(crate) async fn page(&self, room: &str, query: &str) -> Value {
        let path = format!("/v1/rooms/{room}/messages{query}");
        self.get(&path).await.expect(200)
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.clock.advance(self.pause_ms);
        let mut request = axum::http::Request::builder().method(method).uri(path);
        if !self.bearer.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.bearer));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}
