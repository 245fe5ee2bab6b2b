//! Group 2: pings and pongs.

use super::{
    case::{Case, Expected, case, in_every_delivery},
    frames::{FIN, Form, PING, PONG, echo, header_in, ping, pong, text},
};

/// Every byte is a payload, also those that are no text.
const BINARY: [u8; 8] = [0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, rule, payload) in [
        (
            "2.1 ping-empty",
            "a ping without payload is answered",
            &b""[..],
        ),
        (
            "2.2 ping-text",
            "the payload of a ping comes back",
            b"Hello, world!",
        ),
        (
            "2.3 ping-binary",
            "the payload of a ping may be any bytes",
            &BINARY,
        ),
        (
            "2.4 ping-longest",
            "a ping may have 125 bytes",
            &[0xfe; 125],
        ),
    ] {
        let expected = [Expected::Pongs(vec![payload.to_vec()])];
        cases.extend(in_every_delivery(name, rule, &[ping(payload)], &expected));
    }
    cases.extend(too_long());
    cases.extend(unasked_pongs());
    cases.extend(many());
    cases.push(
        case(
            "2.12 every-length",
            "a ping of each length up to 125 is answered",
        )
        .each(0..=125, |case, len: u8| {
            let payload = vec![len; usize::from(len)];
            case.send(ping(&payload)).pong(payload)
        }),
    );
    cases
}

/// A control frame has no room for a longer form of the length, whatever the length is.
fn too_long() -> impl Iterator<Item = Case> {
    let headers = [
        ("126", Form::Two, 126),
        ("65536", Form::Eight, 65_536),
        ("5-in-two-bytes", Form::Two, 5),
        ("5-in-eight-bytes", Form::Eight, 5),
    ];
    headers.into_iter().flat_map(|(what, form, len)| {
        [("ping", PING), ("pong", PONG)].map(|(kind, opcode)| {
            case(
                format!("2.5 {kind}-{what}"),
                "a ping or pong of more than 125 bytes ends the connection at its header",
            )
            .send(header_in(form, FIN | opcode, len))
            .fails(1002)
        })
    })
}

fn unasked_pongs() -> impl Iterator<Item = Case> {
    let then_ping = [pong("unasked"), ping("asked")];
    let expected = [Expected::Pongs(vec![b"asked".to_vec()])];
    let then_asked = in_every_delivery(
        "2.9 pong-then-ping",
        "a pong nobody asked for changes nothing for the ping behind it",
        &then_ping,
        &expected,
    );
    [
        ("2.7 pong-empty", &b""[..]),
        ("2.8 pong-unasked", b"unasked"),
        ("2.8.1 pong-longest", &[0xfe; 125]),
    ]
    .into_iter()
    .map(|(name, payload)| {
        case(name, "a pong nobody asked for is not answered")
            .send(pong(payload))
            .send(text(echo("still here")))
            .echo("still here")
    })
    .chain(then_asked)
}

fn many() -> impl Iterator<Item = Case> {
    let payloads: Vec<Vec<u8>> = (0..10)
        .map(|number| format!("payload {number}").into_bytes())
        .collect();
    let pings: Vec<Vec<u8>> = payloads.iter().map(ping).collect();
    let one_by_one = case(
        "2.10 ten-pings",
        "each ping of ten is answered before the next",
    )
    .each(payloads.clone(), |case, payload| {
        case.send(ping(&payload)).pong(payload)
    });
    let newest = [Expected::Pongs(payloads)];
    let at_once = in_every_delivery(
        "2.11 ten-pings-at-once",
        "of pings that came before the answer, the newest at least is answered, and none twice",
        &pings,
        &newest,
    );
    [one_by_one].into_iter().chain(at_once)
}
