//! Two implementations nobody here wrote, fastwebsockets and tungstenite, at the other end.

use crate::client::{LIMIT, Outcome, Seen, byte_by_byte, whole};
use fanfare_gateway::frame;
use fanfare_proto::CloseCode;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use std::{
    io::{self, Cursor, Read, Write},
    ops::ControlFlow,
};
use tokio_tungstenite::tungstenite::{
    self, Message,
    protocol::{
        self, CloseFrame,
        frame::{FrameHeader, coding},
    },
};

fn texts() -> Vec<String> {
    [0, 1, 125, 126, 1_000, LIMIT as usize]
        .map(|len| "x".repeat(len))
        .into_iter()
        .chain(["häß€😀".to_owned()])
        .collect()
}

/// A socket whose peer has already said everything.
struct Recorded {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Recorded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.input.read(buf)
    }
}

impl Write for Recorded {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.output.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn tungstenite_client(input: Vec<u8>) -> protocol::WebSocket<Recorded> {
    let socket = Recorded {
        input: Cursor::new(input),
        output: Vec::new(),
    };
    protocol::WebSocket::from_raw_socket(socket, protocol::Role::Client, None)
}

/// What the server says to both peers.
fn server_stream() -> Vec<u8> {
    let mut stream = Vec::new();
    for text in texts().into_iter().chain(["y".repeat(70_000)]) {
        stream.extend(frame::text(text.as_bytes()));
    }
    stream.extend(frame::ping(b"are you there"));
    stream.extend(frame::pong(&[7; 125]));
    stream.extend(frame::close(CloseCode::Restart, "come back"));
    stream
}

fn expected_of_server() -> Vec<Seen> {
    texts()
        .into_iter()
        .chain(["y".repeat(70_000)])
        .map(Seen::Text)
        .chain([
            Seen::Ping(b"are you there".to_vec()),
            Seen::Pong(vec![7; 125]),
            Seen::Close(Some(1012), "come back".into()),
        ])
        .collect()
}

fn expected_of_client() -> Outcome {
    let seen = texts()
        .into_iter()
        .map(Seen::Text)
        .chain([
            Seen::Ping(b"p".to_vec()),
            Seen::Text("fragmented".into()),
            Seen::Close(Some(1000), "bye".into()),
        ])
        .collect();
    (seen, Ok(ControlFlow::Break(())))
}

#[test]
fn tungstenite_reads_what_the_server_writes() {
    let mut client = tungstenite_client(server_stream());
    let mut seen = Vec::new();
    loop {
        match client.read() {
            Ok(Message::Text(text)) => seen.push(Seen::Text(text.to_string())),
            Ok(Message::Ping(payload)) => seen.push(Seen::Ping(payload.to_vec())),
            Ok(Message::Pong(payload)) => seen.push(Seen::Pong(payload.to_vec())),
            Ok(Message::Close(Some(close))) => {
                seen.push(Seen::Close(
                    Some(close.code.into()),
                    close.reason.to_string(),
                ));
                break;
            }
            other => panic!("tungstenite did not like the server's frames: {other:?}"),
        }
    }
    assert_eq!(seen, expected_of_server());
}

#[test]
fn the_server_reads_what_tungstenite_writes() {
    let mut client = tungstenite_client(Vec::new());
    for text in texts() {
        client.send(Message::text(text)).unwrap();
    }
    client.send(Message::Ping(b"p".to_vec().into())).unwrap();
    for (opcode, fin, payload) in [
        (coding::Data::Text, false, "frag"),
        (coding::Data::Continue, false, "men"),
        (coding::Data::Continue, true, "ted"),
    ] {
        let header = FrameHeader {
            is_final: fin,
            opcode: coding::OpCode::Data(opcode),
            mask: Some([1, 2, 3, 4]),
            ..FrameHeader::default()
        };
        let frame = protocol::frame::Frame::from_payload(header, payload.into());
        client.send(Message::Frame(frame)).unwrap();
    }
    let close = CloseFrame {
        code: coding::CloseCode::Normal,
        reason: "bye".into(),
    };
    client.send(Message::Close(Some(close))).unwrap();
    let stream = &client.get_ref().output;
    assert_eq!(whole(stream), expected_of_client());
    assert_eq!(byte_by_byte(stream), expected_of_client());
}

#[tokio::test]
async fn fastwebsockets_reads_what_the_server_writes() {
    let stream = server_stream();
    let (mut server, client) = tokio::io::duplex(stream.len());
    tokio::io::AsyncWriteExt::write_all(&mut server, &stream)
        .await
        .unwrap();
    let mut client = WebSocket::after_handshake(client, Role::Client);
    client.set_auto_pong(false);
    client.set_auto_close(false);
    let mut seen = Vec::new();
    for _event in expected_of_server() {
        let frame = client.read_frame().await.unwrap();
        let payload = frame.payload.to_vec();
        seen.push(match frame.opcode {
            OpCode::Text => Seen::Text(String::from_utf8(payload).unwrap()),
            OpCode::Ping => Seen::Ping(payload),
            OpCode::Pong => Seen::Pong(payload),
            OpCode::Close => {
                let (code, reason) = payload.split_first_chunk().unwrap();
                let reason = String::from_utf8(reason.to_vec()).unwrap();
                Seen::Close(Some(u16::from_be_bytes(*code)), reason)
            }
            OpCode::Binary | OpCode::Continuation => panic!("the server writes neither"),
        });
    }
    assert_eq!(seen, expected_of_server());
}

#[test]
fn the_server_reads_what_fastwebsockets_writes() {
    let texts = texts();
    let payload = |text: &'static [u8]| Payload::Borrowed(text);
    let frames = texts
        .iter()
        .map(|text| Frame::text(Payload::Borrowed(text.as_bytes())))
        .chain([
            Frame::new(true, OpCode::Ping, None, payload(b"p")),
            Frame::new(false, OpCode::Text, None, payload(b"frag")),
            Frame::new(false, OpCode::Continuation, None, payload(b"men")),
            Frame::new(true, OpCode::Continuation, None, payload(b"ted")),
            Frame::close(1000, b"bye"),
        ]);
    let mut stream = Vec::new();
    for mut frame in frames {
        frame.mask();
        stream.extend_from_slice(frame.write(&mut Vec::new()));
    }
    assert_eq!(whole(&stream), expected_of_client());
    assert_eq!(byte_by_byte(&stream), expected_of_client());
}

#[test]
fn tungstenite_refuses_to_be_the_only_strict_one() {
    // What it rejects of a client, the decoder rejects too.
    for stream in [
        b"\xc1\x80\0\0\0\0".to_vec(),
        b"\x81\x01a".to_vec(),
        b"\x80\x80\0\0\0\0".to_vec(),
        b"\x09\x80\0\0\0\0".to_vec(),
        b"\x83\x80\0\0\0\0".to_vec(),
        b"\x81\x81\0\0\0\0\xff".to_vec(),
    ] {
        let socket = Recorded {
            input: Cursor::new(stream.clone()),
            output: Vec::new(),
        };
        let mut peer = protocol::WebSocket::from_raw_socket(socket, protocol::Role::Server, None);
        let verdict = peer.read();
        assert!(
            matches!(
                verdict,
                Err(tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_))
            ),
            "{verdict:?}"
        );
        assert!(whole(&stream).1.is_err(), "{stream:?}");
    }
}
