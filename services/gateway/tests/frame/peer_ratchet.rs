//! ratchet, which speaks permessage-deflate through zlib, at the other end: from its offer to its messages.

use crate::{
    client::{FIN, Seen, decode_under, frame},
    zlib,
};
use fanfare_gateway::frame::{self, Agreement, OpCode, negotiate};
use proptest::{collection::vec, prelude::*, sample::Index};
use ratchet_core::{Message, SubprotocolRegistry, WebSocket, WebSocketConfig, subscribe_with};
use ratchet_deflate::{Deflate, DeflateConfig, DeflateExtProvider, WindowBits};
use std::ops::ControlFlow;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    runtime,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// More than any stream of these tests.
const SOCKET_BYTES: usize = 1 << 20;

type Client = WebSocket<DuplexStream, Deflate>;

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime of one thread");
    runtime.block_on(test)
}

/// Connects a client that offers compression and, maybe, bounds the window of the server. Returns it with the server's
/// end of the socket and what was agreed.
async fn connect(window_bits: Option<u8>) -> (Client, DuplexStream, Agreement) {
    let (socket, mut server) = tokio::io::duplex(SOCKET_BYTES);
    let mut offer = DeflateConfig::default();
    if let Some(bits) = window_bits {
        // It mentions the server's window only when its own is not the largest.
        offer.client_max_window_bits = WindowBits::nine();
        offer.server_max_window_bits = bits.try_into().expect("8 to 15");
    }
    let request = subscribe_with(
        WebSocketConfig::default(),
        socket,
        "ws://localhost/ws/",
        DeflateExtProvider::with_config(offer),
        SubprotocolRegistry::default(),
    );
    let (client, agreement) = tokio::join!(request, accept(&mut server));
    let client = client.expect("the client likes the answer");
    (client.into_websocket(), server, agreement)
}

/// Answers the handshake.
async fn accept(server: &mut DuplexStream) -> Agreement {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(server.read_u8().await.expect("a whole request"));
    }
    let request = String::from_utf8(request).expect("the client speaks ASCII");
    let values = |wanted: &str| -> Vec<&str> {
        request
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _value)| name.eq_ignore_ascii_case(wanted))
            .map(|(_name, value)| value)
            .collect()
    };
    let agreement = negotiate(values("sec-websocket-extensions"))
        .expect("the client offers what the server accepts");
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Extensions: {}\r\n\r\n",
        derive_accept_key(values("sec-websocket-key")[0].as_bytes()),
        agreement.answer()
    );
    let sent = server.write_all(response.as_bytes()).await;
    sent.expect("the client listens");
    agreement
}

/// JSON of a few words; any text; or two letters, of which no three windows are alike.
fn payload() -> impl Strategy<Value = String> {
    let json = vec("[a-z]{1,8}|[0-9]{1,6}|[äß€😀]{1,4}", 0..200)
        .prop_map(|words| format!("{{\"type\":\"notification\",\"data\":{words:?}}}"));
    prop_oneof![3 => json, 1 => "\\PC{0,600}", 1 => "[ab]{200,9000}"]
}

proptest! {
    /// One compressed frame for two clients that know nothing of each other. A client whose window is too small for a
    /// message gets the plain one.
    #[test]
    fn ratchet_reads_what_the_server_compresses(
        payloads in vec(payload(), 1..5),
        bits in 8_u8..=15,
    ) {
        let messages: Vec<_> = payloads
            .iter()
            .map(|text| (frame::text(text.as_bytes()), frame::compressed(text.as_bytes())))
            .collect();
        run(async {
            for window_bits in [None, Some(bits)] {
                let (mut client, mut server, agreement) = connect(window_bits).await;
                for ((plain, shared), payload) in messages.iter().zip(&payloads) {
                    let admitted = shared.as_ref().filter(|_| agreement.admits(payload.len()));
                    server.write_all(admitted.unwrap_or(plain)).await.unwrap();
                    let mut message = Vec::new().as_slice().into();
                    prop_assert_eq!(client.read(&mut message).await.unwrap(), Message::Text);
                    prop_assert_eq!(&message[..], payload.as_bytes());
                }
            }
            Ok(())
        })?;
    }

    /// A client may trust that nothing points back further than the window it asked for.
    #[test]
    fn what_an_agreement_admits_fits_its_window(payload in payload(), bits in 9_u8..=15) {
        let agreement = negotiate([format!("permessage-deflate; server_max_window_bits={bits}")]);
        prop_assume!(agreement.unwrap().admits(payload.len()));
        if let Some(shared) = frame::compressed(payload.as_bytes()) {
            prop_assert!(shared.len() < frame::text(payload.as_bytes()).len());
            let head = if shared[1] < 126 { 2 } else { 4 };
            let inflated = zlib::inflate(&shared[head..], bits);
            prop_assert_eq!(inflated.as_deref(), Some(payload.as_bytes()));
        }
    }

    /// What ratchet compresses, as it sends it, in any pieces; and in fragments.
    #[test]
    fn the_server_reads_what_ratchet_compresses(
        texts in vec("[a-e \"]{0,1000}|\\PC{0,100}", 1..5),
        window_bits in prop::option::of(8_u8..=15),
        cuts in vec(any::<Index>(), 0..4),
        pieces in vec(1_usize..80, 0..60),
    ) {
        let (stream, agreement) = run(async {
            let (mut client, mut server, agreement) = connect(window_bits).await;
            for text in &texts {
                client.write_text(text).await.unwrap();
            }
            drop(client);
            let mut stream = Vec::new();
            server.read_to_end(&mut stream).await.unwrap();
            (stream, Some(agreement))
        });
        let seen = texts.into_iter().map(Seen::Text).collect();
        let expected = (seen, Ok(ControlFlow::Continue(())));
        prop_assert_eq!(&decode_under(agreement, &stream, pieces.iter().copied()), &expected);
        let stream = in_fragments(&stream, &cuts);
        prop_assert_eq!(&decode_under(agreement, &stream, pieces), &expected);
    }
}

/// The same messages, each payload cut into fragments.
fn in_fragments(mut stream: &[u8], cuts: &[Index]) -> Vec<u8> {
    let mut out = Vec::new();
    while let [first, length, rest @ ..] = stream {
        let (len, rest) = match length & 0x7f {
            126 => (
                usize::from(u16::from_be_bytes([rest[0], rest[1]])),
                &rest[2..],
            ),
            len => (usize::from(len), rest),
        };
        let (mask, rest) = rest.split_first_chunk::<4>().expect("clients mask");
        let (payload, rest) = rest.split_at(len);
        stream = rest;
        let mut payload = payload.to_vec();
        fastwebsockets::unmask(&mut payload, *mask);
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(len + 1)).collect();
        ends.sort_unstable();
        let mut from = 0;
        let mut first = first & !FIN;
        for end in ends {
            out.extend(frame(first, &payload[from..end], [5; 4]));
            (from, first) = (end, OpCode::Continuation as u8);
        }
        out.extend(frame(first | FIN, &payload[from..], [6; 4]));
    }
    out
}
