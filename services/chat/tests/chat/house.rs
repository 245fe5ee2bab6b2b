//! One worker with everything around it, on either back end.

use crate::{
    client::Client,
    nats_server::NatsServer,
    others::{self, Others},
};
use axum::Router;
use bytes::Bytes;
use fanfare_bus::{
    Handles, Subscription,
    bus::{Received, Serving},
    embedded,
    log::{Record, Slice},
    nats::{self, Login, Secret},
};
use fanfare_chat::{Chat, Deps, Settings};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::{
    Channel, subject,
    wire::{Caller, Entry, Event, Failure, Reply},
};
use fanfare_telemetry::{metrics::Metrics, traces::Traces};
use fanfare_tokens::{Authority, Identity, SigningKey};
use prost::Message;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Longest wait for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Looks for something that happens in the background.
const LOOK: Duration = Duration::from_millis(20);

pub(crate) struct House {
    pub(crate) handles: Handles,
    pub(crate) clock: Clock,
    pub(crate) app: Router,
    pub(crate) chat: Chat,
    pub(crate) others: Others,
    backend: String,
    stranger: String,
    authority: Arc<Authority>,
    signing: SigningKey,
    tasks: Tasks,
    shutdown: Shutdown,
    _serving: Vec<Serving>,
    _store: Store,
}

/// What the store is, for as long as it is needed.
enum Store {
    Embedded(#[expect(dead_code, reason = "held for its drop")] tempfile::TempDir),
    Nats(#[expect(dead_code, reason = "held for its drop")] Arc<NatsServer>),
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.force();
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        sweep_interval: Duration::from_millis(100),
        gather_wait: Duration::from_millis(100),
        ..Settings::default()
    }
}

impl House {
    pub(crate) async fn embedded() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let life = Life::new();
        let store = embedded::Settings::new(directory.path());
        let handles = embedded::open(store, life.clock.clone(), &life.tasks, &life.shutdown).await;
        Self::over(handles.unwrap(), life, Store::Embedded(directory)).await
    }

    pub(crate) async fn nats() -> Self {
        let server = NatsServer::shared();
        let account = server.account();
        let life = Life::new();
        let settings = nats::Settings {
            login: Login::Password {
                user: account.clone(),
                password: Secret::new(account),
            },
            ..nats::Settings::new(vec![server.address()])
        };
        let handles = nats::open(settings, life.clock.clone(), &life.tasks, &life.shutdown).await;
        Self::over(handles.unwrap(), life, Store::Nats(server)).await
    }

    async fn over(handles: Handles, life: Life, store: Store) -> Self {
        let Life {
            clock,
            tasks,
            shutdown,
        } = life;
        let mut keys = HashMap::new();
        let backend = others::key(&["rooms:manage"], &mut keys);
        let stranger = others::key(&["notifications:publish"], &mut keys);
        let signing = SigningKey::generate().unwrap();
        let others = Others::default();
        let mut serving = others::issue(&handles, &signing, keys).await;
        serving.extend(others.serve(&handles).await);
        let accepted = fanfare_tokens::Settings::default();
        let authority =
            Authority::start(accepted, &handles, clock.clone(), &tasks, &shutdown).await;
        let authority = authority.unwrap();
        let deps = Deps {
            handles: handles.clone(),
            clock: clock.clone(),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
            authority: Arc::clone(&authority),
            metrics: Metrics::new(),
            traces: Traces::off(),
        };
        let chat = fanfare_chat::start(settings(), deps).await.unwrap();
        Self {
            app: chat.router().split_for_parts().0,
            chat,
            handles,
            clock,
            others,
            backend,
            stranger,
            authority,
            signing,
            tasks,
            shutdown,
            _serving: serving,
            _store: store,
        }
    }

    /// Another worker, on what stands for the store.
    pub(crate) async fn worker(&self, settings: Settings, handles: Handles) -> (Chat, Router) {
        let deps = Deps {
            handles,
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            shutdown: self.shutdown.clone(),
            authority: Arc::clone(&self.authority),
            metrics: Metrics::new(),
            traces: Traces::off(),
        };
        let chat = fanfare_chat::start(settings, deps).await.unwrap();
        let app = chat.router().split_for_parts().0;
        (chat, app)
    }

    fn token(&self, user: &str, name: String) -> String {
        let identity = Identity {
            user: user.into(),
            name: Some(name),
            issued_at_ms: self.clock.now_ms(),
            expires_at_ms: self.clock.now_ms() + 365 * 24 * 3_600_000,
            ..Identity::default()
        };
        self.signing.mint("fanfare", &identity).unwrap()
    }

    fn client(&self, bearer: String) -> Client {
        Client::new(self.app.clone(), self.clock.clone(), bearer)
    }

    /// The user of this id, whose name is the same with a capital.
    pub(crate) fn user(&self, id: &str) -> Client {
        let mut name = id.to_owned();
        name[..1].make_ascii_uppercase();
        self.named(id, &name)
    }

    /// The user of this id, with this name.
    pub(crate) fn named(&self, id: &str, name: &str) -> Client {
        self.client(self.token(id, name.to_owned()))
    }

    /// A key that manages rooms.
    pub(crate) fn backend(&self) -> Client {
        self.client(self.backend.clone())
    }

    /// A key without that scope.
    pub(crate) fn publisher(&self) -> Client {
        self.client(self.stranger.clone())
    }

    /// Somebody with this credential; empty: none.
    pub(crate) fn bearer(&self, credential: &str) -> Client {
        self.client(credential.to_owned())
    }

    /// Makes a room of this kind by a backend, with an owner, a moderator and a member: `olga`, `mona` and `mike`.
    pub(crate) async fn room(&self, kind: &str, id: &str) {
        let backend = self.backend();
        let members = json!(["olga", "mona", "mike"]);
        let new = json!({"id": id, "kind": kind, "name": "A room", "members": members});
        backend.post("/v1/rooms", new).await.expect(201);
        for (user, role) in [("olga", "owner"), ("mona", "moderator")] {
            let path = format!("/v1/rooms/{id}/members/{user}");
            backend.put(&path, json!({"role": role})).await.expect(200);
        }
    }

    /// The entries of a room's log, oldest first.
    pub(crate) async fn log(&self, room: &str) -> Vec<(Record, Entry)> {
        let channel = Channel::parse(&format!("room:{room}")).unwrap();
        let page = self.handles.log.history(&channel, Slice::Latest, 1_000);
        let decode = |record: Record| {
            let entry = Entry::decode(record.payload.clone()).unwrap();
            (record, entry)
        };
        page.await
            .unwrap()
            .records
            .into_iter()
            .map(decode)
            .collect()
    }

    /// Events for a user from now on.
    pub(crate) async fn events(&self, channel: &str) -> Events {
        let subject = subject::event(&Channel::parse(channel).unwrap());
        Events(self.handles.bus.subscribe(&subject).await.unwrap())
    }

    /// Asks over the bus as a gateway does.
    pub(crate) async fn ask<A: Message + Default>(
        &self,
        subject: &str,
        request: &impl Message,
    ) -> Result<A, Failure> {
        let payload: Bytes = request.encode_to_vec().into();
        let answer = self.handles.bus.request(subject, payload, PATIENCE).await;
        Reply::read(&answer.unwrap())
    }
}

/// Looks until `look` finds something.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}

struct Life {
    clock: Clock,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Life {
    /// The clock stands until a test moves it; a broker's own is about there.
    fn new() -> Self {
        Self {
            clock: Clock::manual(Clock::system().now_ms()),
            tasks: Tasks::new(),
            shutdown: Shutdown::new(),
        }
    }
}

pub(crate) fn caller(user: &str) -> Option<Caller> {
    Some(Caller {
        user: user.into(),
        session: "s".into(),
        name: String::new(),
        groups: Vec::new(),
    })
}

pub(crate) struct Events(Box<dyn Subscription>);

impl Events {
    /// The data of the next event of this type.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            let received = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
            let Some(Received::Message(message)) = received else {
                panic!("no event came");
            };
            let event = Event::decode(message.payload).unwrap();
            if event.r#type == kind {
                return serde_json::from_slice(&event.data).unwrap();
            }
        }
    }
}
