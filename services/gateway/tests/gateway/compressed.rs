//! Publications on connections that agreed on compression.

use crate::harness::{Server, World};
use fanfare_gateway::Settings;
use flate2::{Decompress, FlushDecompress};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const TEXT: u8 = 0x81;
const COMPRESSED: u8 = 0xc1;

/// A client that shows what is compressed, and inflates each message by itself.
struct Reader {
    stream: TcpStream,
    answer: String,
}

impl Reader {
    async fn connect(server: &Server, token: &str, offer: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!(
            "GET /ws/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Extensions: {offer}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        Self {
            stream,
            answer: String::from_utf8(answer).unwrap(),
        }
    }

    async fn subscribe(&mut self, channel: &str) {
        let frame = json!({"type": "subscribe", "channel": channel}).to_string();
        let mut bytes = vec![TEXT, 0x80 | u8::try_from(frame.len()).unwrap(), 0, 0, 0, 0];
        bytes.extend_from_slice(frame.as_bytes());
        self.stream.write_all(&bytes).await.unwrap();
        while self.next().await.1["type"] != "subscribed" {}
    }

    /// Whether the next frame was compressed, and what it says.
    async fn next(&mut self) -> (bool, Value) {
        let first = self.stream.read_u8().await.unwrap();
        let len = match self.stream.read_u8().await.unwrap() {
            126 => usize::from(self.stream.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        let mut payload = vec![0; len];
        self.stream.read_exact(&mut payload).await.unwrap();
        let text = match first {
            TEXT => payload,
            COMPRESSED => inflated(payload),
            other => panic!("a frame that begins with {other:#x}"),
        };
        (first == COMPRESSED, serde_json::from_slice(&text).unwrap())
    }
}

fn inflated(mut payload: Vec<u8>) -> Vec<u8> {
    payload.extend_from_slice(&[0, 0, 0xff, 0xff]);
    let mut text = Vec::with_capacity(64 * 1024);
    Decompress::new(false)
        .decompress_vec(&payload, &mut text, FlushDecompress::Sync)
        .unwrap();
    text
}

#[tokio::test]
async fn a_publication_is_compressed_once_for_the_readers_of_all_shards() {
    let world = World::new().await;
    let settings = Settings {
        shards: 2,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let offers = [
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate",
        "permessage-deflate; server_max_window_bits=15",
        "permessage-deflate; server_max_window_bits=8",
    ];
    let mut readers = Vec::new();
    for (user, offer) in offers.iter().enumerate() {
        let token = world.token(&format!("u{user}"));
        let mut reader = Reader::connect(&server, &token, offer).await;
        assert!(reader.answer.contains("server_no_context_takeover"));
        reader.subscribe("topic:a").await;
        readers.push(reader);
    }
    let mut plain = Reader::connect(&server, &world.token("p"), "x-unknown").await;
    assert!(!plain.answer.to_lowercase().contains("extensions"));
    plain.subscribe("topic:a").await;
    let title = "again and ".repeat(50);
    for _ in 0..10 {
        world.notify("topic:a", &title).await;
    }
    world.notify("topic:a", "short").await;
    readers.push(plain);
    for (index, reader) in readers.iter_mut().enumerate() {
        // The fourth agreed to a window that the message does not fit.
        let compressed = index < 3;
        for _ in 0..10 {
            let (was_compressed, frame) = reader.next().await;
            assert_eq!(frame["data"]["title"], title);
            assert_eq!(was_compressed, compressed, "{index}");
        }
        let (_, frame) = reader.next().await;
        assert_eq!(frame["data"]["title"], "short");
    }
    // The last is too short, if the envelope around it does not make it long enough to shrink.
    let deflates = server.counter("fanfare_gateway_deflates_total");
    assert!((10..=11).contains(&deflates), "{deflates}");
    assert_eq!(server.counter("fanfare_gateway_messages_total"), 11);
}

#[tokio::test]
async fn compression_can_be_switched_off() {
    let world = World::new().await;
    let settings = Settings {
        compression: false,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let reader = Reader::connect(&server, &world.token("7"), "permessage-deflate").await;
    assert!(!reader.answer.to_lowercase().contains("extensions"));
}
