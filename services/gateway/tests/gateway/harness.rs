//! A gateway on a loopback port, an issuer of tokens, and clients.

use fanfare_bus::{
    Handles,
    bus::Serving,
    embedded,
    log::{Append, Appended, Expect},
};
use fanfare_gateway::{Deps, Gateway, Settings};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::{
    Channel, Cursor, subject,
    wire::{Entry, EntryType, KeySetReply, Reply},
};
use fanfare_telemetry::{metrics::Metrics, traces::Traces};
use fanfare_tokens::{Authority, ChannelRight, Identity, KeySet, SigningKey};
use futures_util::{SinkExt as _, StreamExt as _};
use prost::Message as _;
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

/// Longest that a test waits for what must come. Nothing is timed by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The store and the issuer: what outlives a gateway.
pub(crate) struct World {
    pub(crate) handles: Handles,
    pub(crate) clock: Clock,
    key: Arc<SigningKey>,
    _issuer: Serving,
    _dir: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, tasks, shutdown) = (Clock::system(), Tasks::new(), Shutdown::new());
        let handles = embedded::open(
            embedded::Settings::new(dir.path()),
            clock.clone(),
            &tasks,
            &shutdown,
        )
        .await
        .unwrap();
        let key = Arc::new(SigningKey::generate().unwrap());
        let issuer = serve_keys(&handles, &key).await;
        Self {
            handles,
            clock,
            key,
            _issuer: issuer,
            _dir: dir,
        }
    }

    /// A token of `user` in the groups `ops`, with all rights to topics.
    pub(crate) fn token(&self, user: &str) -> String {
        self.token_with(user, |_identity| {})
    }

    pub(crate) fn token_with(&self, user: &str, change: impl FnOnce(&mut Identity)) -> String {
        let now_ms = self.clock.now_ms();
        let mut identity = Identity {
            user: user.to_owned(),
            groups: vec!["ops".to_owned()],
            channels: vec![ChannelRight {
                pattern: "topic:*".to_owned(),
                read: true,
                write: true,
            }],
            token_id: Some(format!("t-{user}")),
            issued_at_ms: now_ms,
            expires_at_ms: now_ms + 3_600_000,
            ..Identity::default()
        };
        change(&mut identity);
        self.key.mint("fanfare", &identity).unwrap()
    }

    /// Where `channel` stands.
    pub(crate) async fn cursor(&self, channel: &str) -> String {
        let channel = Channel::parse(channel).unwrap();
        let log = &self.handles.log;
        let heads = log.heads(std::slice::from_ref(&channel)).await.unwrap();
        let cursor = Cursor {
            epoch: log.epoch(&channel),
            position: heads[0].last,
        };
        cursor.to_string()
    }

    /// Appends a notification with this title.
    pub(crate) async fn notify(&self, channel: &str, title: &str) -> Appended {
        append(&self.handles, channel, title).await
    }
}

async fn serve_keys(handles: &Handles, key: &Arc<SigningKey>) -> Serving {
    let key = Arc::clone(key);
    let responder =
        move |_message| -> std::pin::Pin<Box<dyn Future<Output = bytes::Bytes> + Send>> {
            let reply = KeySetReply {
                issuer: "fanfare".to_owned(),
                jwks: KeySet::document(&[key.jwk()]).to_string().into(),
            };
            Box::pin(std::future::ready(Reply::ok(&reply).encode_to_vec().into()))
        };
    handles
        .bus
        .serve(subject::AUTH_KEY_SET, Some("auth"), Box::new(responder))
        .await
        .unwrap()
}

/// Appends a notification with this title.
pub(crate) async fn append(handles: &Handles, channel: &str, title: &str) -> Appended {
    let entry = Entry {
        r#type: EntryType::Notification.into(),
        id: title.to_owned(),
        body: json!({"id": title, "title": title}).to_string().into(),
        ..Entry::default()
    };
    let append = Append {
        channel: Channel::parse(channel).unwrap(),
        msg_id: None,
        expect: Expect::Any,
        ttl_ms: None,
        payload: entry.encode_to_vec().into(),
        trace: None,
    };
    handles.log.append(append).await.unwrap()
}

/// A gateway that serves.
pub(crate) struct Server {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Metrics,
    shutdown: Shutdown,
    tasks: Tasks,
}

impl Server {
    /// Over the world's own store.
    pub(crate) async fn start(world: &World, settings: Settings) -> Self {
        Self::over(world, world.handles.clone(), settings).await
    }

    /// Over `handles`, which may be faulty.
    pub(crate) async fn over(world: &World, handles: Handles, settings: Settings) -> Self {
        let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
        let authority = Authority::start(
            fanfare_tokens::Settings::default(),
            &world.handles,
            world.clock.clone(),
            &tasks,
            &shutdown,
        )
        .await
        .unwrap();
        let metrics = Metrics::new();
        let deps = Deps {
            handles,
            clock: world.clock.clone(),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
            authority,
            metrics: metrics.clone(),
            traces: Traces::off(),
        };
        let gateway = Gateway::start(settings, deps).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = fanfare_http::Limits::default();
        let (api, _document) = gateway.api().split_for_parts();
        let serving = fanfare_http::serve(
            listener,
            gateway.router().merge(api),
            limits,
            tasks.clone(),
            shutdown.clone(),
        );
        tasks.spawn(serving);
        Self {
            gateway: Arc::new(gateway),
            address,
            metrics,
            shutdown,
            tasks,
        }
    }

    /// Ends at once, as a process that is killed.
    pub(crate) async fn kill(self) {
        self.shutdown.force();
        drop(self.gateway);
        self.tasks.wait(PATIENCE).await;
    }

    /// A counter, by the beginning of its line.
    pub(crate) fn counter(&self, name: &str) -> u64 {
        let text = self.metrics.text();
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        let value = value.unwrap_or_else(|| panic!("no {name} in {text}"));
        value.trim().parse().unwrap()
    }

    /// One HTTP request without a body, with the token in `Authorization`.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str) -> Answer {
        let asked = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n",
            self.address
        );
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(asked.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(PATIENCE, socket.read_to_string(&mut answer));
        read.await.expect("no answer").unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: serde_json::from_str(body).unwrap_or_default(),
        }
    }

    /// Connects to `path` with the token in `Authorization`.
    pub(crate) async fn connect(&self, path: &str, token: &str) -> Client {
        Client::connect(self.address, path, token).await
    }
}

/// What was answered over HTTP; the body is `null` when there is none.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// A WebSocket client that this project did not write, with patience.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    async fn connect(address: SocketAddr, path: &str, token: &str) -> Self {
        let mut request = format!("ws://{address}{path}")
            .into_client_request()
            .unwrap();
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let (socket, _response) = tokio_tungstenite::connect_async(request).await.unwrap();
        Self { socket }
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.socket
            .send(Message::text(frame.to_string()))
            .await
            .unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        match self.message().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("a frame was expected, not {other:?}"),
        }
    }

    /// The next frame of this type; others before it are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The titles of the next `count` notifications.
    pub(crate) async fn titles(&mut self, count: usize) -> Vec<String> {
        let mut titles = Vec::new();
        while titles.len() < count {
            let frame = self.next_of("notification").await;
            titles.push(frame["data"]["title"].as_str().unwrap().to_owned());
        }
        titles
    }

    /// Subscribes and gives the answer.
    pub(crate) async fn subscribe(&mut self, channel: &str, since: Option<&str>) -> Value {
        let mut frame = json!({"type": "subscribe", "id": channel, "channel": channel});
        if let Some(since) = since {
            frame["since"] = json!(since);
        }
        self.send(&frame).await;
        loop {
            let answer = self.next().await;
            if answer["id"] == channel {
                return answer;
            }
        }
    }

    /// The code of the close, whatever comes before it.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.message().await {
                Some(Message::Close(Some(close))) => return close.code.into(),
                Some(_) => {}
                None => panic!("the connection ended without a close"),
            }
        }
    }

    async fn message(&mut self) -> Option<Message> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("nothing came");
            match next? {
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(message) => return Some(message),
                Err(_ended) => return None,
            }
        }
    }
}

pub(crate) fn titles(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("m{number}")).collect()
}
