//! Group 12, continued: what a compressed message may be made of, what it may not, and how large it may become.

use super::{
    case::{Case, Expected, case, in_every_delivery},
    compression::offer,
    deflate::{deflate, deflate_final, deflate_pieces},
    frames::{CONTINUATION, FIN, RSV1, TEXT, cut, echo_of, header},
};
use fanfare_e2e::frame;
use flate2::FlushCompress;

/// What the server takes if nothing else is set.
const LIMIT_BYTES: usize = 64 * 1024;

/// RFC 7692 names no code for a stream that cannot be read.
const BROKEN: [u16; 2] = [1002, 1007];

/// "Hello", as RFC 7692 (7.2.3.1) compresses it.
pub(super) const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = made_of_blocks();
    cases.extend(broken());
    cases.extend(bombs());
    let offer = offer("permessage-deflate", None);
    let offering = |case: Case| case.offering(offer.clone());
    cases.into_iter().map(offering).collect()
}

pub(super) fn compressed(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | RSV1 | TEXT, payload.as_ref())
}

/// Everything that deflate can be written as is read.
fn made_of_blocks() -> Vec<Case> {
    let (message, content) = echo_of(2_000);
    let pieces = |flush| deflate_pieces(&message, 6, 100, flush);
    let joined = [
        deflate(&message[..700], 9),
        b"\0\0\xff\xff".to_vec(),
        deflate(&message[700..], 0),
    ];
    let shapes = [
        ("stored", deflate(&message, 0)),
        ("quick", deflate(&message, 1)),
        ("thorough", deflate(&message, 9)),
        ("flushed-often", pieces(FlushCompress::Sync)),
        ("flushed-fully", pieces(FlushCompress::Full)),
        ("last-block", deflate_final(&message, 6)),
        ("last-block-stored", deflate_final(&message, 0)),
        ("two-streams-joined", joined.concat()),
    ];
    let answer = [Expected::Echo(content)];
    let read = shapes.iter().flat_map(|(what, payload)| {
        in_every_delivery(
            &format!("12.10.1 blocks-{what}"),
            "deflate is read in every way it may be written",
            &cut(RSV1 | TEXT, payload, 64),
            &answer,
        )
    });
    let examples = [
        ("one-block", HELLO),
        ("stored", b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),
        ("last-block", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
        (
            "two-blocks",
            b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        ),
        ("empty", b"\x00"),
        ("empty-fixed", b"\x02\x00"),
    ];
    let examples = examples.into_iter().flat_map(|(what, payload)| {
        in_every_delivery(
            &format!("12.10.2 example-{what}"),
            "the examples of RFC 7692 are messages, though no JSON",
            &[compressed(payload)],
            &[Expected::Refused("bad_json")],
        )
    });
    read.chain(examples).collect()
}

fn broken() -> Vec<Case> {
    let (message, _content) = echo_of(2_000);
    let whole = deflate(&message, 6);
    let shapes = [
        ("block-of-no-type", b"\x07".to_vec()),
        (
            "lengths-that-differ",
            b"\x00\x05\x00\x00\x00Hello\x00".to_vec(),
        ),
        ("before-the-beginning", b"\xf2\x00\x11\x00\x00".to_vec()),
        ("cut-off", whole[..whole.len() / 2].to_vec()),
        ("cut-off-before-the-flush", HELLO[..6].to_vec()),
        ("not-compressed", message),
        ("noise", vec![0xff; 64]),
    ];
    let mut cases: Vec<Case> = shapes
        .into_iter()
        .flat_map(|(what, payload)| {
            in_every_delivery(
                &format!("12.11.1 broken-{what}"),
                "a compressed message that cannot be read ends the connection",
                &cut(RSV1 | TEXT, &payload, 5),
                &[Expected::Fails(BROKEN.to_vec())],
            )
        })
        .collect();
    cases.push(
        case(
            "12.11.2 context-of-the-message-before",
            "no message reaches into another one, as was agreed",
        )
        .send([compressed(HELLO), compressed(b"\xf2\x00\x11\x00\x00")].concat())
        .refused("bad_json")
        .expect(Expected::Fails(BROKEN.to_vec())),
    );
    for (what, octets) in [
        ("bad", &b"\xc0\xaf"[..]),
        ("cut-off", b"\xe4\xbd"),
        ("surrogate", b"\xed\xa0\x80"),
    ] {
        cases.extend(in_every_delivery(
            &format!("12.11.3 text-{what}"),
            "what comes out is UTF-8",
            &cut(RSV1 | TEXT, &deflate(octets, 6), 2),
            &[Expected::Fails(vec![1007])],
        ));
    }
    cases
}

/// The limit holds for what comes out as for what goes in.
fn bombs() -> Vec<Case> {
    let (longest, content) = echo_of(LIMIT_BYTES);
    let rule = "a message over the limit is refused, however small it travels";
    let bomb = |len| compressed(deflate(vec![b'a'; len], 9));
    vec![
        case(
            "12.14.1 at-the-limit",
            "a compressed message at the limit is a message",
        )
        .send(compressed(deflate(&longest, 9)))
        .echo(content),
        case("12.14.2 a-byte-over", rule)
            .send(bomb(LIMIT_BYTES + 1))
            .fails(1009),
        case("12.14.3 a-thousand-times-over", rule)
            .send(bomb(1_000 * LIMIT_BYTES))
            .fails(1009),
        case("12.14.4 in-fragments", rule)
            .send(cut(RSV1 | TEXT, &deflate(vec![b'a'; 1 << 22], 9), 64).concat())
            .fails(1009),
        case(
            "12.14.5 header-over-the-limit",
            "what travels is refused at the header that takes it over the limit",
        )
        .send(header(FIN | RSV1 | TEXT, LIMIT_BYTES as u64 + 1))
        .fails(1009),
        case(
            "12.14.6 fragments-over-the-limit",
            "what travels is refused at the header that takes it over the limit",
        )
        .send(
            [
                frame(RSV1 | TEXT, &vec![0; LIMIT_BYTES]),
                header(CONTINUATION, 1),
            ]
            .concat(),
        )
        .fails(1009),
    ]
}
