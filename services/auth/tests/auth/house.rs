//! A process with the auth service in it, and people who call it.

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode},
};
use fanfare_auth::{Auth, Deps, LoginLimits, Password, Settings};
use fanfare_bus::{Handles, embedded};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_telemetry::{metrics::Metrics, traces::Traces};
use fanfare_tokens::{Authority, Identity, TokenError};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc};
use tower::ServiceExt as _;

pub(crate) const NOW_MS: i64 = 1_700_000_000_400;
pub(crate) const ADMIN_PASSWORD: &str = "open sesame";

/// What several workers share.
pub(crate) struct House {
    pub(crate) handles: Handles,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) shutdown: Shutdown,
    _dir: tempfile::TempDir,
}

/// One process of the auth service.
pub(crate) struct Worker {
    pub(crate) auth: Auth,
    pub(crate) authority: Arc<Authority>,
    pub(crate) metrics: Metrics,
    pub(crate) router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl House {
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, tasks, shutdown) = (Clock::manual(NOW_MS), Tasks::new(), Shutdown::new());
        let settings = embedded::Settings::new(dir.path());
        let handles = embedded::open(settings, clock.clone(), &tasks, &shutdown)
            .await
            .unwrap();
        Self {
            handles,
            clock,
            tasks,
            shutdown,
            _dir: dir,
        }
    }

    /// A verifier of another process: it knows what came over the bus.
    pub(crate) async fn authority(&self) -> Arc<Authority> {
        let settings = fanfare_tokens::Settings::default();
        let clock = self.clock.clone();
        Authority::start(settings, &self.handles, clock, &self.tasks, &self.shutdown)
            .await
            .unwrap()
    }

    pub(crate) async fn worker(&self, settings: Settings) -> Worker {
        let (authority, metrics) = (self.authority().await, Metrics::new());
        let deps = Deps {
            handles: self.handles.clone(),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            shutdown: self.shutdown.clone(),
            authority: Arc::clone(&authority),
            metrics: metrics.clone(),
            traces: Traces::off(),
        };
        let auth = fanfare_auth::start(settings, deps).await.unwrap();
        let (router, _openapi) = auth.router().split_for_parts();
        Worker {
            auth,
            authority,
            metrics,
            router,
        }
    }

    /// A house with one worker, whose administrator's password is known.
    pub(crate) async fn with_worker() -> (Self, Worker) {
        let house = Self::open().await;
        let worker = house.worker(settings()).await;
        (house, worker)
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        admin_password: Some(Password::new(ADMIN_PASSWORD)),
        login: LoginLimits::default(),
        ..Settings::default()
    }
}

impl Worker {
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        bearer: &str,
        body: Value,
    ) -> Answer {
        self.send(request(method, path, bearer, &body)).await
    }

    pub(crate) async fn post(&self, path: &str, bearer: &str, body: Value) -> Answer {
        self.call(Method::POST, path, bearer, body).await
    }

    pub(crate) async fn get(&self, path: &str, bearer: &str) -> Answer {
        self.call(Method::GET, path, bearer, Value::Null).await
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Answer {
        let body = json!({"username": username, "password": password});
        self.post("/v1/auth/login", "", body).await
    }

    pub(crate) async fn login_from(&self, address: &str, username: &str, password: &str) -> Answer {
        let body = json!({"username": username, "password": password});
        let mut request = request(Method::POST, "/v1/auth/login", "", &body);
        let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
        request.extensions_mut().insert(ConnectInfo(peer));
        self.send(request).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        let body = json!({"refresh_token": refresh_token});
        self.post("/v1/auth/refresh", "", body).await
    }

    /// An administrator's token.
    pub(crate) async fn admin(&self) -> String {
        self.login("admin", ADMIN_PASSWORD)
            .await
            .text("access_token")
    }

    /// Makes a user whose password is `correct horse`.
    pub(crate) async fn make_user(&self, username: &str) {
        let body = json!({"username": username, "password": "correct horse"});
        let made = self.post("/v1/users", &self.admin().await, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    }

    pub(crate) async fn make_key(&self, scopes: &[&str]) -> String {
        let body = json!({"name": "test", "scopes": scopes});
        let made = self
            .post("/v1/auth/api-keys", &self.admin().await, body)
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        made.text("key")
    }
}

pub(crate) fn request(method: Method, path: &str, bearer: &str, body: &Value) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !bearer.is_empty() {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    request.body(body).unwrap()
}

impl Answer {
    pub(crate) fn text(&self, field: &str) -> String {
        let text = self.body[field].as_str();
        text.unwrap_or_else(|| panic!("no {field} in {}: {}", self.status, self.body))
            .to_owned()
    }

    pub(crate) fn code(&self) -> (u16, &str) {
        let code = self.body["code"].as_str().unwrap_or_default();
        (self.status.as_u16(), code)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Waits until a verifier gives this answer: what it has to learn comes by a watch. When it never comes, the test fails
/// instead of standing still.
pub(crate) async fn until(
    authority: &Authority,
    token: &str,
    expected: impl Fn(&Result<Identity, TokenError>) -> bool,
) {
    let learned = async {
        while !expected(&authority.verify(token).await) {
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(30);
    tokio::time::timeout(limit, learned).await.unwrap();
}
