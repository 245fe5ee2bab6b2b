//! fastwebsockets at the other end, with any texts in any fragments. It does not compress.

use crate::client::{Outcome, Seen, decode};
use fanfare_gateway::frame;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use futures_util::FutureExt as _;
use proptest::{collection::vec, prelude::*};
use std::ops::ControlFlow;
use tokio::io::AsyncWriteExt as _;

proptest! {
    #[test]
    fn the_server_reads_any_text_of_fastwebsockets(
        texts in vec(("\\PC{0,200}", vec(any::<prop::sample::Index>(), 0..4)), 1..6),
        pieces in vec(1_usize..80, 0..60),
    ) {
        let mut stream = Vec::new();
        for (text, cuts) in &texts {
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            ends.sort_unstable();
            ends.push(text.len());
            let mut from = 0;
            for (at, end) in ends.iter().enumerate() {
                let fin = at + 1 == ends.len();
                let opcode = if at == 0 { OpCode::Text } else { OpCode::Continuation };
                let payload = Payload::Borrowed(&text.as_bytes()[from..*end]);
                let mut frame = Frame::new(fin, opcode, None, payload);
                frame.mask();
                stream.extend_from_slice(frame.write(&mut Vec::new()));
                from = *end;
            }
        }
        let seen = texts.into_iter().map(|(text, _cuts)| Seen::Text(text)).collect();
        let expected: Outcome = (seen, Ok(ControlFlow::Continue(())));
        prop_assert_eq!(decode(&stream, pieces), expected);
    }

    #[test]
    fn fastwebsockets_reads_any_text_of_the_server(texts in vec("\\PC{0,300}", 1..6)) {
        let stream: Vec<u8> = texts
            .iter()
            .flat_map(|text| frame::text(text.as_bytes()))
            .collect();
        let (mut server, client) = tokio::io::duplex(stream.len());
        server.write_all(&stream).now_or_never().unwrap().unwrap();
        let mut client = WebSocket::after_handshake(client, Role::Client);
        for text in texts {
            let frame = client.read_frame().now_or_never().unwrap().unwrap();
            prop_assert_eq!(frame.opcode, OpCode::Text);
            prop_assert_eq!(&*frame.payload, text.as_bytes());
        }
    }
}
