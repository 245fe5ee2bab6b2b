//! Group 5: messages in fragments, with control frames between them.

use super::{
    case::{Case, Expected, case, in_every_delivery},
    frames::{
        BINARY, CLOSE, FIN, PING, PONG, TEXT, close, echo, first, fragments, last, middle, ping,
        pong, text,
    },
};
use fanfare_e2e::frame;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(fragmented_control());
    cases.extend(whole_messages());
    cases.extend(control_between());
    cases.extend(continuations_of_nothing());
    cases.extend(interleaved());
    cases
}

fn fragmented_control() -> impl Iterator<Item = Case> {
    let wrong = [
        ("5.1 ping-fragmented", PING, &b"frag"[..]),
        ("5.2 pong-fragmented", PONG, b"frag"),
        ("5.2.1 close-fragmented", CLOSE, b"\x03\xe8"),
    ];
    wrong.into_iter().flat_map(|(name, opcode, payload)| {
        let rule = "a control frame is its own last fragment";
        [
            case(name, rule).send(frame(opcode, payload)).fails(1002),
            case(format!("{name} between"), rule)
                .send([first("{"), frame(opcode, payload), last("}")].concat())
                .fails(1002),
        ]
    })
}

fn whole_messages() -> impl Iterator<Item = Case> {
    let message = echo("fragment1fragment2");
    let (head, tail) = message.split_at(message.len() / 2);
    let answer = [Expected::Echo("fragment1fragment2".to_owned())];
    let shapes = [
        ("5.3 two-fragments", vec![first(head), last(tail)]),
        ("5.4 empty-first-fragment", vec![first(""), last(&message)]),
        ("5.4.1 empty-last-fragment", vec![first(&message), last("")]),
        (
            "5.4.2 empty-middle-fragments",
            vec![first(head), middle(""), middle(""), last(tail)],
        ),
        ("5.5 an-octet-a-fragment", fragments(&message, 1)),
        ("5.5.1 seven-octets-a-fragment", fragments(&message, 7)),
    ];
    shapes.into_iter().flat_map(move |(name, frames)| {
        let rule = "a message in fragments is answered as one";
        in_every_delivery(name, rule, &frames, &answer)
    })
}

fn control_between() -> Vec<Case> {
    let message = echo("fragment1fragment2");
    let (head, tail) = message.split_at(message.len() / 2);
    let answer = Expected::Echo("fragment1fragment2".to_owned());
    let pongs = |payloads: &[&str]| {
        Expected::Pongs(payloads.iter().map(|own| own.as_bytes().to_vec()).collect())
    };
    let mut cases: Vec<Case> = in_every_delivery(
        "5.6 ping-between",
        "a ping between fragments is answered, and so is the message",
        &[first(head), ping("between"), last(tail)],
        &[pongs(&["between"]), answer.clone()],
    )
    .to_vec();
    cases.extend(in_every_delivery(
        "5.7 pong-between",
        "a pong between fragments changes nothing",
        &[first(head), pong("between"), last(tail)],
        std::slice::from_ref(&answer),
    ));
    cases.push(
        case(
            "5.8 ping-answered-inside-a-message",
            "a ping is answered before the message is whole",
        )
        .send([first(head), ping("now")].concat())
        .pong("now")
        .send(last(tail))
        .expect(answer),
    );
    let five = fragments(echo("abcdefghijklmnopqrstuvwxyz"), 12);
    let five_answer = Expected::Echo("abcdefghijklmnopqrstuvwxyz".to_owned());
    let mut frames = five.clone();
    frames.insert(4, ping("second"));
    frames.insert(2, ping("first"));
    cases.extend(in_every_delivery(
        "5.19 two-pings-between",
        "two pings between fragments are answered, the newer one at least",
        &frames,
        &[pongs(&["first", "second"]), five_answer.clone()],
    ));
    cases.push(
        case(
            "5.20 two-pings-answered-between",
            "each of two pings between fragments is answered at once",
        )
        .send([five[..2].concat(), ping("first")].concat())
        .pong("first")
        .send([five[2..4].concat(), ping("second")].concat())
        .pong("second")
        .send(five[4..].concat())
        .expect(five_answer),
    );
    cases.extend(in_every_delivery(
        "5.21 close-between",
        "a close between fragments is answered, and the message is not",
        &[first(head), close(1000, "")],
        &[Expected::Closed(vec![1000])],
    ));
    cases
}

fn continuations_of_nothing() -> Vec<Case> {
    let good = text(echo("good"));
    let rule = "a continuation of nothing ends the connection, and nothing behind it is answered";
    let fails = [Expected::Fails(vec![1002])];
    let echo_fails = [
        Expected::Echo("good".to_owned()),
        Expected::Fails(vec![1002]),
    ];
    let shapes = [
        (
            "5.9 last-without-start",
            vec![last("x"), good.clone()],
            &fails[..],
        ),
        (
            "5.10 empty-last-without-start",
            vec![last(""), good.clone()],
            &fails,
        ),
        (
            "5.12 continuation-without-start",
            vec![middle("x"), good.clone()],
            &fails,
        ),
        (
            "5.13 empty-continuation-without-start",
            vec![middle(""), good.clone()],
            &fails,
        ),
        (
            "5.15 continuation-after-a-message",
            [fragments(echo("good"), 9), vec![middle("x"), good.clone()]].concat(),
            &echo_fails,
        ),
        (
            "5.16 last-after-an-unfragmented-message",
            vec![good.clone(), last("x"), good],
            &echo_fails,
        ),
    ];
    let cases = shapes
        .into_iter()
        .flat_map(|(name, frames, expected)| in_every_delivery(name, rule, &frames, expected));
    cases.collect()
}

fn interleaved() -> impl Iterator<Item = Case> {
    let rule = "a new message inside another one ends the connection";
    let shapes = [
        ("5.18 text-inside-a-message", frame(FIN | TEXT, b"{}")),
        ("5.18.1 first-fragment-inside-a-message", frame(TEXT, b"{}")),
        ("5.18.2 binary-inside-a-message", frame(FIN | BINARY, b"{}")),
    ];
    shapes.into_iter().flat_map(move |(name, second)| {
        let frames = [first("{"), second, last("}")];
        let fails = [Expected::Fails(vec![1002])];
        in_every_delivery(name, rule, &frames, &fails)
    })
}
