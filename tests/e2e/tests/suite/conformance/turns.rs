//! Group 12, continued: compressed messages among others, and where their bit may stand.

use super::{
    case::{Case, Expected, case, in_every_delivery},
    compression::offer,
    deflate::deflate,
    frames::{
        BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, TEXT, close, cut, echo_of, first,
        header, last, middle, ping, text,
    },
    streams::{HELLO, compressed},
};
use fanfare_e2e::frame;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = between();
    cases.extend(bits());
    let offer = offer("permessage-deflate", None);
    let offering = |case: Case| case.offering(offer.clone());
    cases.into_iter().map(offering).collect()
}

/// Compressed, plain and control frames take turns.
fn between() -> Vec<Case> {
    let (message, content) = echo_of(1_500);
    let fragments = cut(RSV1 | TEXT, &deflate(&message, 6), 20);
    let mut pinged = fragments.clone();
    pinged.insert(2, ping("second"));
    pinged.insert(1, ping("first"));
    let pongs = Expected::Pongs(vec![b"first".to_vec(), b"second".to_vec()]);
    let answer = Expected::Echo(content.clone());
    let mut cases = in_every_delivery(
        "12.12.1 pings-between-fragments",
        "pings between compressed fragments are answered, and so is the message",
        &pinged,
        &[pongs, answer.clone()],
    )
    .to_vec();
    cases.extend(in_every_delivery(
        "12.12.2 empty-fragments",
        "fragments of a compressed message may be empty",
        &[
            vec![frame(RSV1 | TEXT, b""), middle("")],
            vec![middle(deflate(&message, 6)), last("")],
        ]
        .concat(),
        std::slice::from_ref(&answer),
    ));
    let turns = [
        text(&message),
        compressed(deflate(&message, 6)),
        [first(&message[..9]), last(&message[9..])].concat(),
        fragments.concat(),
        text(&message),
    ];
    let answers = vec![answer; turns.len()];
    cases.extend(in_every_delivery(
        "12.12.3 taking-turns",
        "compressed and plain messages may take turns",
        &turns,
        &answers,
    ));
    cases.push(
        case(
            "12.12.4 ping-inside-a-compressed-message",
            "a ping is answered before the message is whole",
        )
        .send([fragments[0].clone(), ping("now")].concat())
        .pong("now")
        .send(fragments[1..].concat())
        .echo(&content),
    );
    cases.push(
        case(
            "12.12.5 close-inside-a-compressed-message",
            "a close between compressed fragments is answered",
        )
        .send([fragments[0].clone(), close(1000, "")].concat())
        .closed(&[1000]),
    );
    cases.push(
        case(
            "12.12.6 plain-text-fails-fast",
            "a plain text is still checked as it comes",
        )
        .send([first("κόσμε"), ping("open")].concat())
        .pong("open")
        .send(middle([0xff]))
        .fails(1007),
    );
    cases
}

/// The bit belongs to the first frame of a compressed text, and no other bit means anything.
fn bits() -> Vec<Case> {
    let rule = "a reserved bit where none belongs ends the connection";
    let (head, tail) = HELLO.split_at(3);
    let first_compressed = frame(RSV1 | TEXT, head);
    let shapes = [
        (
            "last-fragment",
            [
                first_compressed.clone(),
                frame(FIN | RSV1 | CONTINUATION, tail),
            ]
            .concat(),
            1002,
        ),
        (
            "middle-fragment",
            [first_compressed.clone(), frame(RSV1 | CONTINUATION, tail)].concat(),
            1002,
        ),
        (
            "plain-message",
            [first("{"), frame(FIN | RSV1 | CONTINUATION, b"}")].concat(),
            1002,
        ),
        ("ping", frame(FIN | RSV1 | PING, HELLO), 1002),
        ("pong", frame(FIN | RSV1 | PONG, HELLO), 1002),
        ("close", frame(FIN | RSV1 | CLOSE, b"\x03\xe8"), 1002),
        (
            "text-inside-a-message",
            [first_compressed, compressed(HELLO)].concat(),
            1002,
        ),
        ("unknown-opcode", frame(FIN | RSV1 | 0x3, HELLO), 1002),
        ("binary", header(FIN | RSV1 | BINARY, 7), 1003),
    ];
    let one = shapes.into_iter().map(|(what, bytes, code)| {
        case(format!("12.13.1 bit-on-{what}"), rule)
            .send(bytes)
            .fails(code)
    });
    let others = [0x10, 0x20, 0x30, 0x50, 0x60, 0x70].map(|bits: u8| {
        case(format!("12.13.2 bits-{:x}", bits >> 4), rule)
            .send(frame(FIN | bits | TEXT, HELLO))
            .fails(1002)
    });
    one.chain(others).collect()
}
