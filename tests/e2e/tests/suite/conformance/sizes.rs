//! Groups 9 and 10: long messages, in every number of fragments and writes, and many messages; the limit.

use super::{
    case::{Case, Expected, case},
    frames::{
        BINARY, CONTINUATION, FIN, TEXT, echo_of, first, fragments, header, last, middle, ping,
        text,
    },
};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// For the long ones: the largest limit that can be set.
pub(super) const ROOMY: [&str; 2] = ["--frame-bytes", "1048576"];

/// For the limit: the smallest that can be set, so that a message at it costs little.
pub(super) const NARROW: [&str; 2] = ["--frame-bytes", "1024"];
const NARROW_BYTES: usize = 1024;

/// A message may have this many fragments at that limit: `64 + 1024 / 64`.
const NARROW_FRAGMENTS: usize = 80;

pub(super) fn long() -> Vec<Case> {
    let mut cases = Vec::new();
    for len in [64 * KIB, 256 * KIB, MIB] {
        let (message, content) = echo_of(len);
        cases.push(
            case(format!("9.1 whole-{len}"), "a long message comes back")
                .send(text(message))
                .echo(content),
        );
    }
    let (message, content) = echo_of(MIB);
    for size in [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB] {
        cases.push(
            case(
                format!("9.3 fragments-of-{size}"),
                "a long message in fragments comes back",
            )
            .send(fragments(&message, size).concat())
            .echo(&content),
        );
    }
    for size in [64, 128, 256, 512, KIB, 2 * KIB] {
        cases.push(
            case(
                format!("9.5 writes-of-{size}"),
                "a long message comes back, whatever writes it came in",
            )
            .chop(text(&message), size)
            .echo(&content),
        );
    }
    cases
}

pub(super) fn many() -> Vec<Case> {
    let mut cases = Vec::new();
    for len in [32, 64, 256, KIB, 4 * KIB] {
        let (message, content) = echo_of(len);
        let rule = "each of many messages comes back";
        cases.push(
            case(format!("9.7 round-trips-of-{len}"), rule).each(0..250, |case, _number| {
                case.send(text(&message)).echo(&content)
            }),
        );
        let queued = case(format!("9.8 pipelined-{len}"), rule).send(text(&message).repeat(250));
        cases.push(queued.each(0..250, |case, _number| case.echo(&content)));
    }
    let (message, content) = echo_of(64 * KIB);
    let mut frames = fragments(&message, 1_300);
    cases.push(
        case(
            "10.1.1 fragments-of-1300",
            "a message in fragments of a packet each comes back",
        )
        .each(frames.clone(), Case::send)
        .echo(&content),
    );
    let places: Vec<usize> = (5..frames.len()).step_by(10).collect();
    let payloads: Vec<Vec<u8>> = places.iter().map(|at| format!("{at}").into()).collect();
    for (at, payload) in places.iter().zip(&payloads).rev() {
        frames.insert(*at, ping(payload));
    }
    cases.push(
        case(
            "10.1.2 fragments-with-pings",
            "pings between many fragments are answered",
        )
        .send(frames.concat())
        .expect(Expected::Pongs(payloads))
        .echo(content),
    );
    cases
}

/// A message over the limit is refused at the header that takes it there.
pub(super) fn limit() -> Vec<Case> {
    let (message, content) = echo_of(NARROW_BYTES);
    let (most, rest) = message.split_at(NARROW_BYTES - 1);
    let over = "a message over the limit is refused at the header that takes it there";
    let mut cases = vec![
        case("9.9.1 at-the-limit", "a message at the limit is a message")
            .send(text(&message))
            .echo(&content),
        case(
            "9.9.2 at-the-limit-in-fragments",
            "the limit is of the message, whatever its fragments are",
        )
        .send([first(most), ping("p".repeat(125)), middle(rest), last("")].concat())
        .pong("p".repeat(125))
        .echo(&content),
        case("9.9.3 fragments-over-the-limit", over)
            .send([first(most), middle(rest), ping("open")].concat())
            .pong("open")
            .send(header(CONTINUATION, 1))
            .fails(1009),
        case("9.9.4 last-fragment-over-the-limit", over)
            .send([first(most), ping("open")].concat())
            .pong("open")
            .send(header(FIN | CONTINUATION, 2))
            .fails(1009),
        case(
            "9.9.5 binary-over-the-limit",
            "binary is refused, however long",
        )
        .send(header(FIN | BINARY, 1 << 40))
        .fails(1003),
        case(
            "9.9.6 all-of-it-is-sent",
            "a refusal is heard by who goes on sending",
        )
        .send(text("x".repeat(4 * MIB)))
        .fails(1009),
        case("9.9.7 most-fragments", "a message may have many fragments")
            .send(message_in(NARROW_FRAGMENTS, &message))
            .echo(&content),
        case(
            "9.9.8 too-many-fragments",
            "empty fragments do not go on for ever",
        )
        .send([first(""), middle("").repeat(NARROW_FRAGMENTS)].concat())
        .fails(1009),
    ];
    for len in [
        NARROW_BYTES as u64 + 1,
        65_535,
        65_536,
        1 << 32,
        (1 << 63) - 1,
    ] {
        for (what, opcode) in [("text", FIN | TEXT), ("fragment", TEXT)] {
            let name = format!("9.9.9 {what}-of-{len}");
            cases.push(case(name, over).send(header(opcode, len)).fails(1009));
        }
    }
    cases
}

/// The message and as many empty fragments as make `count`.
fn message_in(count: usize, message: &[u8]) -> Vec<u8> {
    [first(message), middle("").repeat(count - 2), last("")].concat()
}
