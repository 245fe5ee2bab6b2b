//! Fanfare in processes apart, around one NATS server.

use crate::{
    Answer, Api, Process, Recommended, Server, Upgrade, nats_server::NatsServer, server::addresses,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// An installation of its own. Its processes end when they are dropped.
pub struct Fleet {
    nats: Nats,
    /// Of every process that is started.
    variables: Vec<(String, String)>,
}

/// What it runs on.
enum Nats {
    /// An account of a server that other tests use too.
    Shared(Arc<NatsServer>, String),
    /// Servers of its own, with a user for each kind of service.
    Recommended(Recommended),
}

/// One process of a fleet.
pub struct Member {
    process: Process,
    api: Api,
}

impl Fleet {
    /// An installation with nothing running, on a server that other tests use too.
    ///
    /// # Panics
    ///
    /// When there is no NATS server.
    #[must_use]
    pub fn new() -> Self {
        let nats = NatsServer::shared();
        let account = nats.account();
        Self::around(Nats::Shared(nats, account))
    }

    /// An installation with nothing running, on `servers`.
    #[must_use]
    pub const fn on(servers: Recommended) -> Self {
        Self::around(Nats::Recommended(servers))
    }

    const fn around(nats: Nats) -> Self {
        Self {
            nats,
            variables: Vec::new(),
        }
    }

    /// Gives every process that is started from now on a setting, by its variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The servers of an installation [`on`](Self::on) some.
    ///
    /// # Panics
    ///
    /// When it is on a shared one.
    #[must_use]
    pub fn servers(&self) -> &Recommended {
        match &self.nats {
            Nats::Recommended(servers) => servers,
            Nats::Shared(..) => panic!("this installation has no servers of its own"),
        }
    }

    /// Where its shared NATS server is, and the name that is the user and the password too.
    ///
    /// # Panics
    ///
    /// When it has servers of its own.
    #[must_use]
    pub fn nats(&self) -> (String, &str) {
        match &self.nats {
            Nats::Shared(nats, account) => (nats.address(), account),
            Nats::Recommended(_) => panic!("this installation has servers of its own"),
        }
    }

    /// What tells a process of `service` where the servers are and who it is.
    fn variables(&self, service: &str) -> Vec<(&'static str, String)> {
        match &self.nats {
            Nats::Shared(nats, account) => vec![
                ("FANFARE_NATS", nats.address()),
                ("FANFARE_NATS_USER", account.clone()),
                ("FANFARE_NATS_PASSWORD", account.clone()),
            ],
            Nats::Recommended(servers) => vec![
                ("FANFARE_NATS", servers.addresses()),
                ("FANFARE_NATS_USER", service.to_owned()),
                (
                    "FANFARE_NATS_PASSWORD",
                    servers.password(service).to_owned(),
                ),
                ("FANFARE_NATS_CA", servers.authority().display().to_string()),
                ("FANFARE_NATS_REPLICAS", servers.count().to_string()),
            ],
        }
    }

    /// Starts `fanfare <command>` and waits until it has printed its addresses.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn begin(&self, command: &str, variables: &[(&str, &str)]) -> Member {
        let own = self.variables(command);
        let mut all = vec![
            ("FANFARE_LISTEN", "127.0.0.1:0"),
            ("FANFARE_ADMIN_LISTEN", "127.0.0.1:0"),
        ];
        let common = self.variables.iter();
        all.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
        all.extend(common.map(|(name, value)| (name.as_str(), value.as_str())));
        all.extend(variables);
        let process = Process::start(&[command], &all);
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
            "rooms:manage",
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

    /// Starts a chat worker that is used with the key of `auth`, and waits until it is ready.
    pub async fn chat(&self, auth: &Member) -> Member {
        self.ready("chat", auth).await
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
        Upgrade::to(&format!("{}{path}", self.api.url()))
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
