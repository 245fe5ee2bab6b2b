//! A shard whose inputs come in whatever order two threads may bring them.

use super::*;
use crate::{
    Deps, Gateway,
    presence::Watch,
    seat::Reading,
    session::{Endpoint, Session, SessionId},
    settings::Settings,
};
use fanfare_bus::{Message, bus::Serving, embedded};
use fanfare_lifecycle::{Clock, Tasks};
use fanfare_proto::{Position, subject};
use fanfare_telemetry::{metrics::Metrics, traces::Traces};
use fanfare_tokens::{Authority, Identity};
use serde_json::{Value, json};
use std::{collections::HashMap, net::TcpListener, pin::Pin};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
};

/// A gateway with one shard, and a client whose `subscribe` to `room:a` waits for the chat service.
struct House {
    gateway: Gateway,
    client: TcpStream,
    key: Key,
    _chat: Serving,
    _dir: TempDir,
}

impl House {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, tasks, shutdown) = (Clock::system(), Tasks::new(), Shutdown::new());
        let settings = embedded::Settings::new(dir.path());
        let handles = embedded::open(settings, clock.clone(), &tasks, &shutdown);
        let handles = handles.await.unwrap();
        let settings = fanfare_tokens::Settings::default();
        let authority = Authority::start(settings, &handles, clock.clone(), &tasks, &shutdown);
        let deps = Deps {
            handles: handles.clone(),
            clock,
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
            authority: authority.await.unwrap(),
            metrics: Metrics::new(),
            traces: Traces::off(),
        };
        let settings = Settings {
            shards: 1,
            ..Settings::default()
        };
        let gateway = Gateway::start(settings, deps).await.unwrap();
        let (asked, mut asks) = mpsc::channel(1);
        let never = move |_message: Message| -> Pin<Box<dyn Future<Output = bytes::Bytes> + Send>> {
            let asked = asked.clone();
            Box::pin(async move {
                asked.send(()).await.unwrap();
                std::future::pending().await
            })
        };
        let served = handles
            .bus
            .serve(subject::CHAT_RIGHTS, None, Box::new(never));
        let chat = served.await.unwrap();
        let client = arrive(&gateway.node).await;
        let (reply, keys) = oneshot::channel();
        gateway.node.shards[0].control(Control::Keys(reply)).await;
        let mut house = Self {
            gateway,
            client,
            key: keys.await.unwrap()[0],
            _chat: chat,
            _dir: dir,
        };
        let frame = json!({"type": "subscribe", "id": "s", "channel": "room:a"});
        house.say(&frame).await;
        asks.recv().await.unwrap();
        house
    }

    async fn say(&mut self, frame: &Value) {
        let text = frame.to_string();
        let mut bytes = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        bytes.extend_from_slice(text.as_bytes());
        self.client.write_all(&bytes).await.unwrap();
    }

    /// The type of the next frame.
    async fn hear(&mut self) -> String {
        assert_eq!(self.client.read_u8().await.unwrap(), 0x81);
        let len = match self.client.read_u8().await.unwrap() {
            126 => usize::from(self.client.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        let mut text = vec![0; len];
        self.client.read_exact(&mut text).await.unwrap();
        let frame: Value = serde_json::from_slice(&text).unwrap();
        frame["type"].as_str().unwrap().to_owned()
    }

    async fn tell(&self, input: Input) {
        self.gateway.node.shards[0].tell(input).await;
    }

    const fn reading(&self, serial: u32) -> Reading {
        Reading {
            channel: 7,
            key: self.key,
            serial,
        }
    }

    /// All that the hub and the task of the client's call say of a reading that begins, and the first delivery.
    fn beginning(&self) -> Vec<Input> {
        let reading = self.reading(1);
        let delivery = Delivery::unstored(br#"{"type":"message"}"#, Class::Kept, 0);
        vec![
            Input::Attach(1, reading, room(), Position::default()),
            Input::Begin {
                reading,
                from_n: 0,
                text: br#"{"type":"subscribed"}"#.to_vec(),
                watch: Watch::No,
            },
            Input::GoLive(reading, 0, oneshot::channel().0),
            Input::Deliver(reading.channel, Arc::new(delivery)),
        ]
    }

    /// Tells the shard all of it, and then the marker; gives the types of the frames that came.
    async fn after(&mut self, inputs: Vec<Input>) -> Vec<String> {
        for input in inputs {
            self.tell(input).await;
        }
        // What changes readers waits for the deliveries before it.
        self.tell(Input::Detach(self.reading(9))).await;
        let marker = br#"{"type":"marker"}"#.to_vec();
        self.tell(Input::Text(self.key, marker)).await;
        let mut kinds = Vec::new();
        while kinds.last().is_none_or(|kind| kind != "marker") {
            kinds.push(self.hear().await);
        }
        kinds
    }
}

fn room() -> Channel {
    Channel::parse("room:a").unwrap()
}

/// Brings a client of the user `7` to the shard, as an upgrade does.
async fn arrive(node: &Arc<Node>) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    let (stream, _peer) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let identity = Identity {
        user: "7".to_owned(),
        expires_at_ms: i64::MAX,
        ..Identity::default()
    };
    let session = Session::new(
        SessionId::random(),
        Endpoint::Plain,
        None,
        HashMap::new(),
        Arc::clone(&node.terms),
        node.now(),
    );
    let arrival = Arrival {
        stream: mio::net::TcpStream::from_std(stream),
        session,
        place: node.registry.admit(address.ip(), 1, 1).unwrap(),
        agreement: None,
        identity: Some(Arc::new(identity)),
        first: Vec::new(),
    };
    node.shards[0].tell(Input::Arrive(Box::new(arrival))).await;
    client
}

#[tokio::test]
async fn a_reading_begins_for_a_call_that_is_waited_for() {
    let mut house = House::new().await;
    let beginning = house.beginning();
    assert_eq!(
        house.after(beginning).await,
        ["welcome", "subscribed", "message", "marker"]
    );
}

#[tokio::test]
async fn wherever_an_expulsion_falls_nothing_of_the_channel_follows_it() {
    let steps = House::new().await.beginning().len();
    for place in 0..=steps {
        let mut house = House::new().await;
        let mut inputs = house.beginning();
        let (done, expelled) = oneshot::channel();
        let expulsion = Control::Expel(house.key, room(), done);
        inputs.insert(place, Input::Control(expulsion));
        let kinds = house.after(inputs).await;
        let left = kinds.iter().position(|kind| kind == "unsubscribed");
        let left = left.unwrap_or_else(|| panic!("he was not told: {kinds:?}"));
        assert_eq!(kinds[left + 1..], ["marker"], "at {place}: {kinds:?}");
        let had_message = kinds.iter().any(|kind| kind == "message");
        assert_eq!(had_message, place == steps, "what came before is his");
        let was_refused = kinds.iter().any(|kind| kind == "error");
        assert!(was_refused, "his subscribe has its answer: {kinds:?}");
        expelled.await.expect("whoever asked is told");
    }
}

#[tokio::test]
async fn a_reading_that_its_client_has_given_up_does_not_begin() {
    let mut house = House::new().await;
    let frame = json!({"type": "unsubscribe", "channel": "room:a"});
    house.say(&frame).await;
    let ping = json!({"type": "ping"});
    house.say(&ping).await;
    while house.hear().await != "pong" {}
    let beginning = house.beginning();
    assert_eq!(house.after(beginning).await, ["marker"]);
}
