//! Each rule a client can break, and that it costs the connection and nothing else.

use crate::client::{
    FIN, LIMIT, Seen, byte_by_byte, continuation, control, decode, first_fragment, frame, head,
    last_fragment, text, whole,
};
use fanfare_gateway::frame::{Decoder, OpCode, Violation};
use fanfare_proto::CloseCode;
use std::ops::ControlFlow;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) violation: Violation,
}

fn case(name: &'static str, parts: &[&[u8]], violation: Violation) -> Case {
    Case {
        name,
        bytes: parts.concat(),
        violation,
    }
}

fn header_cases() -> Vec<Case> {
    let limit = u64::from(LIMIT);
    vec![
        case("rsv1", &[&[0xc1]], Violation::ReservedBit),
        case("rsv2", &[&[0xa1]], Violation::ReservedBit),
        case("rsv3", &[&[0x91]], Violation::ReservedBit),
        case("rsv on a ping", &[&[0xc9]], Violation::ReservedBit),
        case("opcode 3", &[&[0x83]], Violation::OpCode),
        case("opcode 7", &[&[0x87]], Violation::OpCode),
        case("opcode 11", &[&[0x8b]], Violation::OpCode),
        case("opcode 15", &[&[0x8f]], Violation::OpCode),
        case("unmasked text", &[&[0x81, 0x01]], Violation::Unmasked),
        case("unmasked empty ping", &[&[0x89, 0x00]], Violation::Unmasked),
        case("unmasked close", &[&[0x88, 0x02]], Violation::Unmasked),
        case("ping without fin", &[&[0x09]], Violation::ControlFragmented),
        case(
            "close without fin",
            &[&[0x08]],
            Violation::ControlFragmented,
        ),
        case("ping of 126", &[&[0x89, 0xfe]], Violation::ControlTooLong),
        case(
            "pong of 64 bits",
            &[&[0x8a, 0xff]],
            Violation::ControlTooLong,
        ),
        case("close of 126", &[&[0x88, 0xfe]], Violation::ControlTooLong),
        case(
            "125 in 16 bits",
            &[&[0x81, 0xfe, 0, 125]],
            Violation::Length,
        ),
        case("0 in 16 bits", &[&[0x81, 0xfe, 0, 0]], Violation::Length),
        case(
            "65535 in 64 bits",
            &[&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]],
            Violation::Length,
        ),
        case(
            "64th bit",
            &[&[0x81, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0]],
            Violation::Length,
        ),
        case("binary", &[&[0x82, 0x81]], Violation::Binary),
        case("fragmented binary", &[&[0x02, 0x81]], Violation::Binary),
        case(
            "one over the limit",
            &[&head(0x81, limit + 1, [0; 4])[..4]],
            Violation::TooLarge,
        ),
        case(
            "10 MB",
            &[&head(0x81, 10_000_000, [0; 4])[..10]],
            Violation::TooLarge,
        ),
        case(
            "63 bits",
            &[&head(0x81, u64::MAX >> 1, [0; 4])[..10]],
            Violation::TooLarge,
        ),
        case("close of 1 byte", &[&[0x88, 0x81]], Violation::Close),
    ]
}

pub(crate) fn message_cases() -> Vec<Case> {
    let half = vec![b'a'; LIMIT as usize / 2];
    let over = head(0x80, u64::from(LIMIT / 2 + 1), [0; 4]);
    vec![
        case(
            "continuation of nothing",
            &[&[0x80]],
            Violation::Continuation,
        ),
        case(
            "continuation after a whole text",
            &[&text(b"a"), &[0x00]],
            Violation::Continuation,
        ),
        case(
            "continuation after the last fragment",
            &[&first_fragment(b"a"), &last_fragment(b"b"), &[0x80]],
            Violation::Continuation,
        ),
        case(
            "text inside a text",
            &[&first_fragment(b"a"), &[0x81]],
            Violation::Interleaved,
        ),
        case(
            "binary inside a text",
            &[&first_fragment(b"a"), &[0x82]],
            Violation::Interleaved,
        ),
        case(
            "text inside an empty text",
            &[&first_fragment(b""), &[0x01]],
            Violation::Interleaved,
        ),
        case(
            "fragments over the limit together",
            &[&first_fragment(&half), &over[..4]],
            Violation::TooLarge,
        ),
        case(
            "a byte after a full message",
            &[&first_fragment(&half), &continuation(&half), &[0x80, 0x81]],
            Violation::TooLarge,
        ),
    ]
}

pub(crate) fn text_cases() -> Vec<Case> {
    vec![
        case("not utf-8", &[&text(b"a\xff")], Violation::InvalidText),
        case("surrogate", &[&text(b"\xed\xa0")], Violation::InvalidText),
        case("overlong", &[&text(b"\xc0")], Violation::InvalidText),
        case(
            "beyond unicode",
            &[&text(b"\xf4\x90")],
            Violation::InvalidText,
        ),
        case(
            "ends inside a character",
            &[&text(b"\xe2\x82")],
            Violation::InvalidText,
        ),
        case(
            "character broken across fragments",
            &[&first_fragment(b"\xe2\x82"), &continuation(b"a")],
            Violation::InvalidText,
        ),
        case(
            "last fragment ends inside a character",
            &[&first_fragment(b"a"), &last_fragment(b"\xe2\x82")],
            Violation::InvalidText,
        ),
        case(
            "close with a reason that is not utf-8",
            &[&control(OpCode::Close, b"\x03\xe8\xff")],
            Violation::InvalidText,
        ),
    ]
}

#[test]
fn each_violation_is_named_at_its_last_byte_and_not_before() {
    for Case {
        name,
        bytes,
        violation,
    } in header_cases()
        .into_iter()
        .chain(message_cases())
        .chain(text_cases())
    {
        assert_eq!(whole(&bytes).1, Err(violation), "{name}, whole");
        assert_eq!(
            byte_by_byte(&bytes).1,
            Err(violation),
            "{name}, byte by byte"
        );
        let before = &bytes[..bytes.len() - 1];
        assert_eq!(
            byte_by_byte(before).1,
            Ok(ControlFlow::Continue(())),
            "{name}, before"
        );
    }
}

#[test]
fn a_close_takes_the_codes_that_may_be_sent_and_no_others() {
    for code in 0..=u16::MAX {
        let sent = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let bytes = control(OpCode::Close, &code.to_be_bytes());
        let expected = if sent {
            (
                vec![Seen::Close(Some(code), String::new())],
                Ok(ControlFlow::Break(())),
            )
        } else {
            (vec![], Err(Violation::Close))
        };
        assert_eq!(whole(&bytes), expected, "{code}");
    }
}

#[test]
fn fragments_are_counted_also_when_they_are_empty() {
    // 64, and one for each 64 bytes of the limit.
    let most = 64 + LIMIT as usize / 64;
    let mut stream = first_fragment(b"");
    for _ in 2..=most {
        stream.extend(continuation(b""));
    }
    assert_eq!(whole(&stream).1, Ok(ControlFlow::Continue(())));
    stream.push(0x80);
    assert_eq!(whole(&stream).1, Err(Violation::TooManyFragments));
    assert_eq!(byte_by_byte(&stream).1, Err(Violation::TooManyFragments));
}

#[test]
fn a_message_of_exactly_the_limit_is_taken() {
    let full = "a".repeat(LIMIT as usize);
    let (half, rest) = full.as_bytes().split_at(LIMIT as usize / 2);
    let stream = [
        text(full.as_bytes()),
        first_fragment(half),
        last_fragment(rest),
    ]
    .concat();
    let twice = vec![Seen::Text(full.clone()), Seen::Text(full)];
    assert_eq!(whole(&stream).0, twice);
    assert_eq!(byte_by_byte(&stream).0, twice);
}

#[test]
fn a_control_frame_may_come_inside_a_message_that_is_already_full() {
    let full = "a".repeat(LIMIT as usize);
    let stream = [
        first_fragment(full.as_bytes()),
        control(OpCode::Ping, &[7; 125]),
        last_fragment(b""),
    ]
    .concat();
    let events = vec![Seen::Ping(vec![7; 125]), Seen::Text(full)];
    assert_eq!(whole(&stream).0, events);
    assert_eq!(byte_by_byte(&stream).0, events);
}

#[test]
fn what_came_before_a_violation_is_handed_on() {
    let stream = [
        text(b"one"),
        control(OpCode::Ping, b"two"),
        vec![0xc1],
        text(b"three"),
    ]
    .concat();
    let events = vec![Seen::Text("one".into()), Seen::Ping(b"two".to_vec())];
    assert_eq!(whole(&stream), (events, Err(Violation::ReservedBit)));
}

#[test]
fn nothing_is_read_after_a_close_or_a_break_or_a_violation() {
    let close = control(OpCode::Close, b"\x03\xe8bye");
    let stream = [close, text(b"late")].concat();
    let events = vec![Seen::Close(Some(1000), "bye".into())];
    assert_eq!(whole(&stream), (events.clone(), Ok(ControlFlow::Break(()))));
    assert_eq!(
        decode(&stream, [3, 2, 1]),
        (events, Ok(ControlFlow::Break(())))
    );

    for (first, wish) in [
        (text(b"a"), ControlFlow::Break(())),
        (vec![0xc1], ControlFlow::Continue(())),
    ] {
        let mut decoder = Decoder::new(LIMIT, None);
        let mut count = 0;
        for mut bytes in [[first, text(b"b")].concat(), text(b"c")] {
            let _outcome = decoder.feed(&mut bytes, |_event| {
                count += 1;
                wish
            });
        }
        assert_eq!(count, usize::from(wish.is_break()));
        let again = decoder.feed(&mut text(b"d"), |_event| panic!("an event after the end"));
        assert_eq!(again, Ok(ControlFlow::Break(())));
    }
}

#[test]
fn an_empty_close_has_no_code() {
    let events = vec![Seen::Close(None, String::new())];
    assert_eq!(whole(&control(OpCode::Close, b"")).0, events);
}

#[test]
fn each_kind_of_violation_closes_with_its_code() {
    for (violation, code) in [
        (Violation::ReservedBit, CloseCode::Protocol),
        (Violation::OpCode, CloseCode::Protocol),
        (Violation::Unmasked, CloseCode::Protocol),
        (Violation::ControlFragmented, CloseCode::Protocol),
        (Violation::ControlTooLong, CloseCode::Protocol),
        (Violation::Length, CloseCode::Protocol),
        (Violation::Interleaved, CloseCode::Protocol),
        (Violation::Continuation, CloseCode::Protocol),
        (Violation::Close, CloseCode::Protocol),
        (Violation::Deflate, CloseCode::Protocol),
        (Violation::InvalidText, CloseCode::InvalidText),
        (Violation::TooLarge, CloseCode::TooLarge),
        (Violation::TooManyFragments, CloseCode::TooLarge),
        (Violation::Binary, CloseCode::Unsupported),
    ] {
        assert_eq!(violation.close_code(), code, "{violation}");
    }
}

#[test]
fn the_bytes_handed_in_are_unmasked_where_they_stand() {
    let mut bytes = frame(FIN | OpCode::Text as u8, b"in place", [1, 2, 3, 4]);
    let range = bytes.as_ptr_range();
    let mut decoder = Decoder::new(LIMIT, None);
    let mut seen = 0;
    let _flow = decoder.feed(&mut bytes, |event| {
        if let fanfare_gateway::frame::Event::Text(text) = event {
            assert!(range.contains(&text.as_ptr()), "the text was copied");
            seen += 1;
        }
        ControlFlow::Continue(())
    });
    assert_eq!(seen, 1);
}
