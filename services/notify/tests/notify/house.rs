//! One worker with everything around it.

use axum::{Router, body::Body};
use bytes::Bytes;
use fanfare_bus::{
    Handles, Subscription,
    bus::{Received, Responder, Serving},
    embedded,
    log::{Record, Slice},
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_notify::{Deps, Notify, Settings};
use fanfare_proto::{
    Channel, subject,
    wire::{ApiKeyReply, ApiKeyRequest, Caller, Entry, EntryType, Event, KeySetReply, Reply},
};
use fanfare_telemetry::{metrics::Metrics, traces::Traces};
use fanfare_tokens::{ApiKeyText, Authority, Identity, SigningKey};
use http_body_util::BodyExt as _;
use prost::Message;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tower::ServiceExt as _;

pub(crate) const NOW_MS: i64 = 1_795_392_000_000;
/// Longest wait for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct House {
    pub(crate) handles: Handles,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) app: Router,
    pub(crate) publisher: String,
    pub(crate) other_publisher: String,
    pub(crate) channels_key: String,
    pub(crate) admin: String,
    authority: Arc<Authority>,
    signing: SigningKey,
    tasks: Tasks,
    shutdown: Shutdown,
    _notify: Notify,
    _serving: Vec<Serving>,
    _dir: tempfile::TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.force();
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        due_interval: Duration::from_millis(10),
        ..Settings::default()
    }
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

    /// The JSON, of an answer with `status`.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

fn key(scopes: &[&str], keys: &mut HashMap<Vec<u8>, ApiKeyReply>) -> String {
    let text = ApiKeyText::generate().unwrap();
    let reply = ApiKeyReply {
        id: format!("key-{}", keys.len()),
        name: "test".into(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
    };
    keys.insert(text.digest().to_vec(), reply);
    text.expose().to_owned()
}

/// What the auth service answers, from a key of the test's own.
async fn issue(
    handles: &Handles,
    signing: &SigningKey,
    keys: HashMap<Vec<u8>, ApiKeyReply>,
) -> Vec<Serving> {
    let jwks = json!({ "keys": [signing.jwk()] }).to_string();
    let key_set: Responder = Box::new(move |_message| {
        let reply = KeySetReply {
            issuer: "fanfare".into(),
            jwks: jwks.clone().into(),
        };
        Box::pin(async move { Reply::ok(&reply).encode_to_vec().into() })
    });
    let api_key: Responder = Box::new(move |message| {
        let request = ApiKeyRequest::decode(message.payload).unwrap();
        let reply = match keys.get(request.digest.as_ref()) {
            Some(key) => Reply::ok(key),
            None => Reply::failure(fanfare_proto::ErrorCode::Unauthorized, "unknown key"),
        };
        Box::pin(async move { reply.encode_to_vec().into() })
    });
    let bus = &handles.bus;
    vec![
        bus.serve(subject::AUTH_KEY_SET, Some("auth"), key_set)
            .await
            .unwrap(),
        bus.serve(subject::AUTH_API_KEY, Some("auth"), api_key)
            .await
            .unwrap(),
    ]
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_with(settings()).await
    }

    pub(crate) async fn open_with(settings: Settings) -> Self {
        Self::open_through(settings, Clone::clone).await
    }

    /// The worker gets what `wrap` makes of the store; the test keeps the bare one.
    pub(crate) async fn open_through(
        settings: Settings,
        wrap: impl FnOnce(&Handles) -> Handles,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, tasks, shutdown) = (Clock::manual(NOW_MS), Tasks::new(), Shutdown::new());
        let store = embedded::Settings::new(dir.path());
        let handles = embedded::open(store, clock.clone(), &tasks, &shutdown)
            .await
            .unwrap();
        let mut keys = HashMap::new();
        let publisher = key(&["notifications:publish"], &mut keys);
        let channels_key = key(&["channels:publish"], &mut keys);
        let other_publisher = key(&["notifications:publish"], &mut keys);
        let admin = key(&["admin"], &mut keys);
        let signing = SigningKey::generate().unwrap();
        let serving = issue(&handles, &signing, keys).await;
        let authority = Authority::start(
            fanfare_tokens::Settings::default(),
            &handles,
            clock.clone(),
            &tasks,
            &shutdown,
        )
        .await
        .unwrap();
        let metrics = Metrics::new();
        let deps = Deps {
            handles: wrap(&handles),
            clock: clock.clone(),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
            authority: Arc::clone(&authority),
            metrics: metrics.clone(),
            traces: Traces::off(),
        };
        let notify = fanfare_notify::start(settings, deps).await.unwrap();
        Self {
            app: notify.router().split_for_parts().0,
            handles,
            clock,
            metrics,
            publisher,
            other_publisher,
            channels_key,
            admin,
            authority,
            signing,
            tasks,
            shutdown,
            _notify: notify,
            _serving: serving,
            _dir: dir,
        }
    }

    /// What another worker needs, on the same store or on one that is `handles`.
    pub(crate) fn deps(&self, handles: Handles) -> Deps {
        Deps {
            handles,
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            shutdown: self.shutdown.clone(),
            authority: Arc::clone(&self.authority),
            metrics: Metrics::new(),
            traces: Traces::off(),
        }
    }

    /// Another worker.
    pub(crate) async fn worker(&self, handles: Handles) -> (Notify, Router) {
        let deps = self.deps(handles);
        let notify = fanfare_notify::start(settings(), deps).await.unwrap();
        let app = notify.router().split_for_parts().0;
        (notify, app)
    }

    pub(crate) fn token(&self, user: &str, groups: &[&str]) -> String {
        let identity = Identity {
            user: user.into(),
            groups: groups.iter().map(ToString::to_string).collect(),
            issued_at_ms: self.clock.now_ms(),
            expires_at_ms: self.clock.now_ms() + 365 * 24 * 3_600_000,
            ..Identity::default()
        };
        self.signing.mint("fanfare", &identity).unwrap()
    }

    pub(crate) async fn publish(&self, body: Value) -> Answer {
        call(
            &self.app,
            "POST",
            "/v1/notifications",
            &self.publisher,
            &[],
            body.to_string(),
        )
        .await
    }

    pub(crate) async fn publish_once(&self, key: &str, body: &Value) -> Answer {
        let headers = [("idempotency-key", key)];
        call(
            &self.app,
            "POST",
            "/v1/notifications",
            &self.publisher,
            &headers,
            body.to_string(),
        )
        .await
    }

    /// Publishes a notification with this title to one user; answers its id.
    pub(crate) async fn tell(&self, user: &str, title: &str) -> String {
        let sent = self.publish(json!({"to": {"users": [user]}, "title": title}));
        let answer = sent.await.expect(202);
        answer["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str, bearer: &str) -> Answer {
        call(&self.app, "GET", path, bearer, &[], String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, bearer: &str, body: &str) -> Answer {
        call(&self.app, "POST", path, bearer, &[], body.to_owned()).await
    }

    pub(crate) async fn withdraw(&self, id: &str) -> Answer {
        let path = format!("/v1/notifications/{id}");
        call(
            &self.app,
            "DELETE",
            &path,
            &self.publisher,
            &[],
            String::new(),
        )
        .await
    }

    pub(crate) async fn trail(&self, id: &str, query: &str) -> Value {
        let path = format!("/v1/notifications/{id}{query}");
        self.get(&path, &self.publisher).await.expect(200)
    }

    /// The entries of a channel's log, oldest first.
    pub(crate) async fn log(&self, channel: &str) -> Vec<(Record, Entry)> {
        let channel = Channel::parse(channel).unwrap();
        let page = self.handles.log.history(&channel, Slice::Latest, 1_000);
        let records = page.await.unwrap().records;
        let decode = |record: Record| {
            let entry = Entry::decode(record.payload.clone()).unwrap();
            (record, entry)
        };
        records.into_iter().map(decode).collect()
    }

    /// The titles of the notifications in a channel's log.
    pub(crate) async fn titles(&self, channel: &str) -> Vec<String> {
        let entries = self.log(channel).await;
        let notifications = entries
            .into_iter()
            .filter(|(_record, entry)| entry.r#type() == EntryType::Notification);
        notifications
            .map(|(_record, entry)| entry.message)
            .collect()
    }

    /// Moves the clock, and waits until the log of `channel` has `count` entries.
    pub(crate) async fn advance_until(&self, by_ms: i64, channel: &str, count: usize) {
        let mut tail = self.handles.log.tail().await.unwrap();
        self.clock.advance(by_ms);
        let arrived = async {
            while self.log(channel).await.len() < count {
                tail.next().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.unwrap();
    }

    /// Events for a user from now on.
    pub(crate) async fn events(&self, user: &str) -> Events {
        let channel = Channel::parse(&format!("user:{user}")).unwrap();
        let subject = subject::event(&channel);
        Events(self.handles.bus.subscribe(&subject).await.unwrap())
    }

    /// Asks over the bus as a gateway does.
    pub(crate) async fn ask<A: Message + Default>(
        &self,
        subject: &str,
        request: &impl Message,
    ) -> Result<A, fanfare_proto::wire::Failure> {
        let payload: Bytes = request.encode_to_vec().into();
        let answer = self.handles.bus.request(subject, payload, PATIENCE).await;
        Reply::read(&answer.unwrap())
    }

    /// Tells over the bus as a gateway does, and waits until it is taken.
    pub(crate) async fn report(&self, subject: &str, report: &impl Message) {
        let payload: Bytes = report.encode_to_vec().into();
        let answer = self.handles.bus.request(subject, payload, PATIENCE).await;
        assert!(answer.unwrap().is_empty());
    }
}

pub(crate) fn caller(user: &str, groups: &[&str]) -> Option<Caller> {
    Some(Caller {
        user: user.into(),
        session: "s".into(),
        name: String::new(),
        groups: groups.iter().map(ToString::to_string).collect(),
    })
}

pub(crate) struct Events(Box<dyn Subscription>);

impl Events {
    /// The next event: its type and its data.
    pub(crate) async fn next(&mut self) -> (String, Value) {
        let received = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
        let Some(Received::Message(message)) = received else {
            panic!("no event came");
        };
        let event = Event::decode(message.payload).unwrap();
        (event.r#type, serde_json::from_slice(&event.data).unwrap())
    }
}

pub(crate) async fn call(
    app: &Router,
    method: &str,
    path: &str,
    bearer: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = axum::http::Request::builder().method(method).uri(path);
    if !bearer.is_empty() {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}
