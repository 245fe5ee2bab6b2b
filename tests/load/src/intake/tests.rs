use super::*;
use crate::{stamp::Stamp, upgrade::Greeting};
use flate2::{Compress, Compression, FlushCompress};
use std::os::unix::net::UnixStream;

fn publication(n: u64) -> Vec<u8> {
    let text = Stamp { seq: n, sent_ns: 5 }.text(64);
    let cursor = format!("0000beef.{n}.{n}");
    frame::text(
        format!(r#"{{"type":"publication","n":{n},"cursor":"{cursor}","data":"{text}"}}"#)
            .as_bytes(),
    )
}

fn reader(greeting: std::rc::Rc<Greeting>) -> (Socket, UnixStream) {
    let (own, peer) = UnixStream::pair().unwrap();
    let socket = Socket {
        fd: own.into(),
        stage: Stage::Upgrading,
        greeting,
        stream: 0,
        compressed: false,
        next_n: 0,
        partial: None,
    };
    (socket, peer)
}

fn opening() -> Vec<u8> {
    opening_with("")
}

fn opening_with(header: &str) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 101 Switching Protocols\r\n{header}\r\n").into_bytes();
    bytes.extend(frame::text(br#"{"type":"welcome","data":{}}"#));
    bytes.extend(frame::text(
        br#"{"type":"subscribed","cursor":"0000beef.4.4"}"#,
    ));
    bytes
}

#[test]
fn frames_are_the_same_wherever_reads_cut_them() {
    let mut bytes = opening();
    (5..8).for_each(|n| bytes.extend(publication(n)));
    for cut in 1..bytes.len() {
        let mut intake = Intake::new(1);
        for _reader in 0..2 {
            let (mut socket, _peer) = reader(Greeting::subscribing("topic:x", None));
            intake.take(&mut socket, &bytes[..cut], 9).unwrap();
            let mut rest = socket.partial.take().unwrap_or_default().into_vec();
            rest.extend_from_slice(&bytes[cut..]);
            intake.take(&mut socket, &rest, 9).unwrap();
            assert!(socket.is_live() && socket.partial.is_none(), "cut at {cut}");
            assert_eq!(socket.next_n, 8, "cut at {cut}");
        }
        assert_eq!((intake.tally.publications, intake.tally.live), (6, 2));
        assert_eq!(intake.streams[0].check(5..8, 2), Ok(()));
        assert_eq!(intake.latency.quantile_ns(1_000), Some(4));
    }
}

/// A deflated frame, as a sender with this level makes it.
fn deflated(text: &[u8], level: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_000);
    Compress::new(Compression::new(level), false)
        .compress_vec(text, &mut out, FlushCompress::Sync)
        .unwrap();
    out.truncate(out.len() - 4);
    let mut frame = frame::text(&out);
    frame[0] |= 0x40;
    frame
}

#[test]
fn deflated_publications_are_read_however_they_were_deflated() {
    let mut intake = Intake::new(1);
    let upgraded = opening_with("sec-websocket-extensions: permessage-deflate\r\n");
    for level in [1, 1, 9] {
        let (mut socket, _peer) = reader(Greeting::subscribing("topic:x", None));
        intake.take(&mut socket, &upgraded, 9).unwrap();
        for n in 5..8 {
            let plain = publication(n);
            let Scan::Whole(frame) = frame::scan(&plain) else {
                panic!("no frame");
            };
            let frame = deflated(frame.payload, level);
            intake.take(&mut socket, &frame, 9).unwrap();
        }
        assert_eq!(socket.next_n, 8);
    }
    assert_eq!(intake.tally.compressed, 3);
    assert_eq!(intake.streams[0].check(5..8, 3), Ok(()));
}

#[test]
fn holes_and_repetitions_are_errors_of_the_run() {
    for (then, word) in [(7, "hole"), (5, "repetition"), (4, "repetition")] {
        let mut intake = Intake::new(1);
        let (mut socket, _peer) = reader(Greeting::subscribing("topic:x", None));
        intake.take(&mut socket, &opening(), 9).unwrap();
        intake.take(&mut socket, &publication(5), 9).unwrap();
        let error = intake.take(&mut socket, &publication(then), 9).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn the_first_publication_after_the_cursor_must_not_be_missed() {
    let mut intake = Intake::new(1);
    let (mut socket, _peer) = reader(Greeting::subscribing("topic:x", None));
    intake.take(&mut socket, &opening(), 9).unwrap();
    assert!(intake.take(&mut socket, &publication(6), 9).is_err());
}

#[test]
fn errors_and_closes_are_noticed() {
    let mut intake = Intake::new(1);
    let (mut socket, _peer) = reader(Greeting::plain());
    intake.take(&mut socket, &opening(), 9).unwrap();
    let error = frame::text(br#"{"type":"error","code":"forbidden"}"#);
    assert!(intake.take(&mut socket, &error, 9).is_err());
    let close = intake.take(&mut socket, b"\x88\x02\x0f\xaa", 9);
    assert_eq!(close, Ok(Fate::Closed(4_010)));
    assert!(
        intake.take(&mut socket, b"\xc1\x01x", 9).is_err(),
        "deflated, unasked"
    );
}
