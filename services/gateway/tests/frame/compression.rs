//! Compressed messages, both ways (RFC 7692).

use crate::{
    client::{
        FIN, LIMIT, RSV1, Seen, agreement, compressed, continuation, control,
        first_compressed_fragment, first_fragment, inflated, last_fragment, text, whole,
    },
    zlib::{self, Form},
};
use fanfare_gateway::frame::{self, Decoder, OpCode, Violation};
use std::ops::ControlFlow;

const CONTINUE: Result<ControlFlow<()>, Violation> = Ok(ControlFlow::Continue(()));
/// "Hello", as RFC 7692 (7.2.3.1) has it.
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

fn texts(texts: &[&str]) -> Vec<Seen> {
    texts.iter().map(|own| Seen::Text((*own).into())).collect()
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    for (name, payload) in [
        ("one block", HELLO),
        ("stored", b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),
        ("a last block", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
        (
            "two blocks",
            b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        ),
    ] {
        let expected = (texts(&["Hello"]), CONTINUE);
        assert_eq!(inflated(&compressed(payload)), expected, "{name}");
        for at in 0..=payload.len() {
            let stream = [
                first_compressed_fragment(&payload[..at]),
                control(OpCode::Ping, b"p"),
                continuation(b""),
                last_fragment(&payload[at..]),
            ]
            .concat();
            let seen = vec![Seen::Ping(b"p".to_vec()), Seen::Text("Hello".into())];
            assert_eq!(inflated(&stream), (seen, CONTINUE), "{name}, cut at {at}");
        }
    }
}

#[test]
fn a_message_may_be_empty() {
    // A stored block, a fixed one, and nothing at all, which some send who compress nothing.
    for payload in [&b"\x00"[..], b"\x02\x00", b""] {
        let expected = (texts(&[""]), CONTINUE);
        assert_eq!(inflated(&compressed(payload)), expected, "{payload:?}");
        let stream = [
            first_compressed_fragment(b""),
            continuation(payload),
            last_fragment(b""),
        ]
        .concat();
        assert_eq!(inflated(&stream), expected, "{payload:?}, in fragments");
    }
}

#[test]
fn compressed_and_plain_messages_may_take_turns() {
    let stream = [
        text(b"plain"),
        compressed(HELLO),
        first_fragment(b"pla"),
        last_fragment(b"in"),
        first_compressed_fragment(HELLO),
        last_fragment(b""),
    ]
    .concat();
    let seen = texts(&["plain", "Hello", "plain", "Hello"]);
    assert_eq!(inflated(&stream), (seen, CONTINUE));
}

#[test]
fn last_blocks_may_stand_anywhere_in_a_message() {
    let said = "Hello, hello, hello. Hello again.";
    for form in [Form::Final, Form::FinalAlone, Form::FinalEvery(3)] {
        for level in [0, 1, 9] {
            let payload = zlib::deflate(said.as_bytes(), level, form);
            let outcome = inflated(&compressed(&payload));
            assert_eq!(outcome, (texts(&[said]), CONTINUE), "{form:?}, {level}");
        }
    }
}

#[test]
fn no_message_reaches_into_another_one() {
    // RFC 7692 (7.2.3.2): "Hello" by pointing at the one before, which needs a context that was not agreed.
    let shared = compressed(b"\xf2\x00\x11\x00\x00");
    assert_eq!(
        inflated(&[compressed(HELLO), shared].concat()),
        (texts(&["Hello"]), Err(Violation::Deflate))
    );
    // Nor does what stands behind a last block.
    let hello = zlib::deflate(b"Hello", 9, Form::FinalAlone);
    let joined = [&hello[..], b"\xf2\x00\x11\x00\x00"].concat();
    assert_eq!(
        inflated(&compressed(&joined)),
        (vec![], Err(Violation::Deflate))
    );
}

#[test]
fn the_bit_stands_where_it_was_agreed_and_nowhere_else() {
    const RSV2: u8 = 0x20;
    const RSV3: u8 = 0x10;
    let head = |bits: u8, opcode: OpCode| vec![FIN | bits | opcode as u8];
    let mut cases = vec![
        (
            "binary is still not spoken",
            [head(RSV1, OpCode::Binary), vec![0x80]].concat(),
            Violation::Binary,
        ),
        (
            "a message inside another one",
            [first_compressed_fragment(b""), head(RSV1, OpCode::Text)].concat(),
            Violation::Interleaved,
        ),
        (
            "a continuation",
            [
                first_compressed_fragment(b""),
                head(RSV1, OpCode::Continuation),
            ]
            .concat(),
            Violation::ReservedBit,
        ),
        (
            "a continuation of a plain message",
            [first_fragment(b""), head(RSV1, OpCode::Continuation)].concat(),
            Violation::ReservedBit,
        ),
        ("no opcode", vec![FIN | RSV1 | 3], Violation::ReservedBit),
    ];
    for opcode in [OpCode::Ping, OpCode::Pong, OpCode::Close] {
        cases.push(("control", head(RSV1, opcode), Violation::ReservedBit));
    }
    for bits in [RSV2, RSV3, RSV1 | RSV2, RSV1 | RSV3] {
        cases.push(("text", head(bits, OpCode::Text), Violation::ReservedBit));
    }
    for (name, stream, violation) in cases {
        assert_eq!(
            inflated(&stream),
            (vec![], Err(violation)),
            "{name}: {stream:?}"
        );
        let before = &stream[..stream.len() - 1];
        assert_eq!(inflated(before), (vec![], CONTINUE), "{name}, before");
    }
    assert_eq!(
        whole(&compressed(HELLO)),
        (vec![], Err(Violation::ReservedBit)),
        "not agreed"
    );
}

#[test]
fn what_is_no_deflate_is_refused() {
    let long = zlib::deflate(&[b'a'; 300], 9, Form::Flushed);
    for (name, payload) in [
        ("an unknown type of block", &b"\x07"[..]),
        (
            "lengths that do not match",
            b"\x00\x05\x00\x00\x00Hello\x00",
        ),
        ("a reference beyond the beginning", b"\xf2\x00\x11\x00\x00"),
        ("cut off in a block", &HELLO[..3]),
        ("cut off before the flush", &HELLO[..6]),
        ("cut off in a long block", &long[..long.len() - 2]),
        (
            "the flush was left on",
            b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff",
        ),
        (
            "something behind the flush",
            b"\xf2\x48\xcd\xc9\xc9\x07\x00\xff",
        ),
        (
            "something behind a last block",
            b"\xf3\x48\xcd\xc9\xc9\x07\x00\xff",
        ),
        ("text that nobody compressed", b"{\"type\":\"ping\"}"),
    ] {
        let expected = (vec![], Err(Violation::Deflate));
        assert_eq!(inflated(&compressed(payload)), expected, "{name}");
        let (first, rest) = payload.split_at(1);
        let stream = [first_compressed_fragment(first), last_fragment(rest)].concat();
        assert_eq!(inflated(&stream), expected, "{name}, in fragments");
    }
}

#[test]
fn what_comes_out_must_be_text() {
    for bytes in [&b"a\xff"[..], b"\xe2\x82", b"\xed\xa0\x80"] {
        let payload = zlib::deflate(bytes, 6, Form::Flushed);
        let expected = (vec![], Err(Violation::InvalidText));
        assert_eq!(inflated(&compressed(&payload)), expected, "{bytes:?}");
    }
    // Compressed bytes are no text and need not be.
    let payload = zlib::deflate("häß€😀".as_bytes(), 6, Form::Flushed);
    assert!(std::str::from_utf8(&payload).is_err());
    let outcome = inflated(&compressed(&payload));
    assert_eq!(outcome, (texts(&["häß€😀"]), CONTINUE));
}

#[test]
fn the_limit_holds_for_what_comes_out() {
    let full = "a".repeat(LIMIT as usize);
    for form in [Form::Flushed, Form::Final, Form::FinalEvery(100)] {
        let payload = zlib::deflate(full.as_bytes(), 9, form);
        let outcome = inflated(&compressed(&payload));
        assert_eq!(outcome, (texts(&[&full]), CONTINUE), "{form:?}");
        let over = format!("{full}a");
        let payload = zlib::deflate(over.as_bytes(), 9, form);
        let expected = (vec![], Err(Violation::TooLarge));
        assert_eq!(inflated(&compressed(&payload)), expected, "{form:?}");
    }
}

#[test]
fn a_bomb_is_refused() {
    // 1,000 bytes that stand for a million.
    let bomb = zlib::deflate(&vec![b'a'; 1_000_000], 9, Form::Flushed);
    assert!(bomb.len() < LIMIT as usize, "{}", bomb.len());
    let stream = [text(b"before"), compressed(&bomb)].concat();
    assert_eq!(
        inflated(&stream),
        (texts(&["before"]), Err(Violation::TooLarge))
    );
}

#[test]
fn a_message_may_be_as_long_as_deflate_can_make_it() {
    let text = "a".repeat(1_000_000);
    let shrunk = zlib::deflate(text.as_bytes(), 9, Form::Flushed);
    let mut decoder = Decoder::new(1_000_000, agreement());
    let mut seen = Vec::new();
    let outcome = decoder.feed(&mut compressed(&shrunk), |event| {
        seen.push(Seen::from(event));
        ControlFlow::Continue(())
    });
    assert_eq!((seen, outcome), (texts(&[&text]), CONTINUE));
}

#[test]
fn the_limit_holds_for_what_comes_in() {
    let half = vec![0; LIMIT as usize / 2];
    let stream = [
        first_compressed_fragment(&half),
        continuation(&half),
        vec![0x80, 0x81],
    ]
    .concat();
    assert_eq!(inflated(&stream), (vec![], Err(Violation::TooLarge)));
    let before = &stream[..stream.len() - 1];
    assert_eq!(inflated(before), (vec![], CONTINUE));
    // Nothing but empty blocks: as much as may come in, and it says nothing.
    let empty = [0, 0, 0, 0xff, 0xff].repeat(LIMIT as usize / 5);
    let stream = compressed(&[&empty[..], &[0]].concat());
    assert_eq!(inflated(&stream), (texts(&[""]), CONTINUE));
}

#[test]
fn a_compressed_frame_is_marked_and_smaller() {
    let payload = r#"{"type":"notification","data":{"title":"again and again"}}"#.repeat(10);
    let shrunk = frame::compressed(payload.as_bytes()).unwrap();
    assert_eq!(shrunk[0], FIN | RSV1 | OpCode::Text as u8);
    let length = usize::from(shrunk[1]);
    assert_eq!(shrunk.len(), 2 + length, "the shortest form, not masked");
    assert!(shrunk.len() < payload.len() / 2);
    assert!(!shrunk.ends_with(&[0, 0, 0xff, 0xff]), "the flush travels");
    let inflated = zlib::inflate(&shrunk[2..], 15).unwrap();
    assert_eq!(inflated, payload.as_bytes());
    let again = frame::compressed(payload.as_bytes());
    assert_eq!(again.as_ref(), Some(&shrunk), "a context was kept");
}

#[test]
fn what_is_short_or_does_not_shrink_is_not_compressed() {
    assert_eq!(frame::compressed(&[b'a'; 255]), None);
    assert!(frame::compressed(&[b'a'; 256]).is_some());
    for len in [256, 1_000, 100_000] {
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(len)
        .collect();
        assert_eq!(frame::compressed(&noise), None, "{len}");
    }
}

#[test]
fn a_long_message_is_compressed_whole() {
    let payload = r#"{"n":1,"title":"again"},"#.repeat(50_000);
    let shrunk = frame::compressed(payload.as_bytes()).unwrap();
    let (head, body) = shrunk.split_at(4);
    assert_eq!(head[..2], [FIN | RSV1 | OpCode::Text as u8, 126]);
    assert_eq!(zlib::inflate(body, 15).unwrap(), payload.as_bytes());
}
