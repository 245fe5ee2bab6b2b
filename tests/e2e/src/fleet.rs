//! Fanfare in processes apart, around one NATS server.

use crate::{Answer, Api, Process, Server, Upgrade, nats_server::NatsServer, server::addresses};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// An installation of its own on a NATS server that other tests use too. Its processes end when they are dropped.
pub struct Fleet {
    nats: Arc<NatsServer>,
    account: String,
}

/// One process of a fleet.
pub struct Member {
    process: Process,
    api: Api,
}

impl Fleet {
    /// An installation with nothing running.
    ///
    /// # Panics
    ///
    /// When there is no NATS server.
    #[must_use]
    pub fn new() -> Self {
        let nats = NatsServer::shared();
        let account = nats.account();
        Self { nats, account }
    }

    /// Where its NATS server is, and the name that is the user and the password too.
    #[must_use]
    pub fn nats(&self) -> (String, &str) {
        (self.nats.address(), &self.account)
    }

    /// Starts `fanfare <command>` and waits until it has printed its addresses.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn begin(&self, command: &str, variables: &[(&str, &str)]) -> Member {
        let address = self.nats.address();
        let own = [
            ("FANFARE_NATS", address.as_str()),
            ("FANFARE_NATS_USER", &self.account),
            ("FANFARE_NATS_PASSWORD", &self.account),
            ("FANFARE_LISTEN", "127.0.0.1:0"),
            ("FANFARE_ADMIN_LISTEN", "127.0.0.1:0"),
        ];
        let process = Process::start(&[command], &[&own, variables].concat());
        let (url, admin_url) = process.wait_for("its two addresses", addresses).await;
        Member {
            process,
            api: Api::new(url, admin_url, String::new()),
        }
    }

    /// Starts the first auth worker, whose administrator has [`Server::ADMIN_PASSWORD`], and has it make a key to
    /// everything.
    pub async fn auth(&self) -> Member {
        let password = [("FANFARE_ADMIN_PASSWORD", Server::ADMIN_PASSWORD)];
        let mut member = self.begin("auth", &password).await;
        member.api.until_ready().await;
        let token = member.api.login().await.text("/access_token");
        let scopes = [
            "notifications:publish",
            "channels:publish",
            "tokens:mint",
            "admin",
        ];
        let body = json!({"name": "tests", "scopes": scopes});
        let path = "/v1/auth/api-keys";
        let made = member
            .api
            .call(Method::POST, path, &token, &[], &body)
            .await;
        member.api = member.api.with_key(&made.is(201).text("/key"));
        member
    }

    /// Starts a notify worker that is used with the key of `auth`, and waits until it is ready.
    pub async fn notify(&self, auth: &Member) -> Member {
        self.ready("notify", auth).await
    }

    /// Starts a gateway, and waits until it is ready.
    pub async fn gateway(&self, auth: &Member) -> Member {
        self.ready("gateway", auth).await
    }

    async fn ready(&self, command: &str, auth: &Member) -> Member {
        let mut member = self.begin(command, &[]).await;
        member.api.until_ready().await;
        member.api = member.api.with_key(auth.api.key());
        member
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self::new()
    }
}

impl Member {
    /// Its HTTP interface.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// The process itself.
    #[must_use]
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// The process itself, to wait for its end or to kill it.
    pub const fn process_mut(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Begins a WebSocket to `path`.
    #[must_use]
    pub fn upgrade(&self, path: &str) -> Upgrade {
        Upgrade::new(&format!("{}{path}", self.api.url()))
    }

    /// Publishes `title` to `user` with an `Idempotency-Key`.
    pub async fn notify_once(&self, user: &str, title: &str, key: &str) -> Answer {
        let body: Value = json!({"to": {"users": [user]}, "title": title});
        let headers = [("idempotency-key", key)];
        let (path, own) = ("/v1/notifications", self.api.key());
        self.api
            .call(Method::POST, path, own, &headers, &body)
            .await
    }
}
