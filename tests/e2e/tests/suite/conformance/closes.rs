//! Group 7: how connections end.

use super::{
    case::{Case, Expected, case, in_every_delivery},
    frames::{CLOSE, FIN, close, echo, echo_of, first, header, last, ping, text},
};
use fanfare_e2e::frame;

/// Codes that a close frame may carry.
const GOOD: [u16; 16] = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];

/// Codes that it may not: for reports inside a program, not assigned, or out of every range.
const BAD: [u16; 14] = [
    0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65_535,
];

/// A close without a code is answered with one, or without.
const NO_CODE: u16 = 1005;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = before_close();
    cases.extend(around_close());
    cases.extend(payloads());
    cases.extend(codes());
    cases
}

fn before_close() -> Vec<Case> {
    let bye = close(1000, "");
    vec![
        case(
            "7.1.1 text-then-close",
            "a message before a close is answered",
        )
        .send(text(echo("before")))
        .echo("before")
        .send(bye.clone())
        .closed(&[1000]),
        case(
            "7.1.1.1 text-and-close",
            "a message in one segment with a close is answered",
        )
        .send([text(echo("before")), bye].concat())
        .echo("before")
        .closed(&[1000]),
    ]
}

/// What follows a close is not answered, and does not lose the answer; nor does what was not read yet.
fn around_close() -> Vec<Case> {
    let rule = "what comes behind a close is not answered, and does not reset the connection";
    let bye = close(1000, "");
    let shapes = [
        ("7.1.2 close-twice", vec![bye.clone(), bye.clone()]),
        ("7.1.3 close-then-ping", vec![bye.clone(), ping("after")]),
        (
            "7.1.4 close-then-text",
            vec![bye.clone(), text(echo("after"))],
        ),
        (
            "7.1.5 close-inside-a-message",
            vec![first("{"), bye.clone(), last("}")],
        ),
        (
            "7.1.7 close-then-nonsense",
            vec![bye.clone(), vec![0xff; 32]],
        ),
    ];
    let closed = [Expected::Closed(vec![1000])];
    let each = shapes
        .into_iter()
        .flat_map(|(name, frames)| in_every_delivery(name, rule, &frames, &closed));
    let mut cases: Vec<Case> = each.collect();
    cases.push(
        case("7.1.8 close-then-a-lot", rule)
            .send([bye.clone(), vec![0; 1024 * 1024]].concat())
            .closed(&[1000]),
    );
    let (long, content) = echo_of(65_536);
    let answered = "a close is answered behind all that is still to be sent";
    cases.push(
        case("7.1.6 long-text-close-ping", answered)
            .send([text(&long), bye.clone(), ping("after")].concat())
            .echo(&content)
            .closed(&[1000]),
    );
    cases.push(
        case("7.1.9 close-behind-unread-answers", answered)
            .send([text(&long).repeat(100), bye].concat())
            .each(0..100, |case, _number| case.echo(&content))
            .closed(&[1000]),
    );
    cases
}

fn payloads() -> Vec<Case> {
    let longest = "*".repeat(123);
    let characters = "é".repeat(61);
    let mut cases: Vec<Case> = in_every_delivery(
        "7.3.1 close-empty",
        "a close need not have a code",
        &[frame(FIN | CLOSE, b"")],
        &[Expected::Closed(vec![1000, NO_CODE])],
    )
    .to_vec();
    for (name, payload) in [
        ("7.3.3 close-with-a-code", close(1000, "")),
        ("7.3.4 close-with-a-reason", close(1000, "ok")),
        ("7.3.5 close-with-the-longest-reason", close(1000, &longest)),
        (
            "7.3.7 close-with-other-characters",
            close(1000, &characters),
        ),
    ] {
        let rule = "a close may have a code and a reason of 123 octets";
        cases.extend(in_every_delivery(
            name,
            rule,
            &[payload],
            &[Expected::Closed(vec![1000])],
        ));
    }
    for (name, payload) in [
        ("7.3.2 close-of-one-octet", frame(FIN | CLOSE, b"\x03")),
        ("7.3.6 close-too-long", close(1000, "*".repeat(124))),
        ("7.3.8 close-far-too-long", close(1000, "*".repeat(70_000))),
    ] {
        let rule = "a close has no octet, or two and at most 125";
        cases.push(case(name, rule).send(payload).fails(1002));
    }
    cases.push(
        case(
            "7.3.2.1 close-of-one-octet-announced",
            "a close that cannot be right is refused at its header",
        )
        .send(header(FIN | CLOSE, 1))
        .fails(1002),
    );
    for (name, reason) in [
        ("7.5.1 reason-cut-off", &b"\xce\xba\xe1\xbd"[..]),
        ("7.5.2 reason-overlong", b"\xc0\xaf"),
        ("7.5.3 reason-surrogate", b"bye \xed\xa0\x80"),
        ("7.5.4 reason-above-the-last", b"bye \xf4\x90\x80\x80 bye"),
    ] {
        let rule = "the reason of a close is UTF-8";
        cases.extend(in_every_delivery(
            name,
            rule,
            &[close(1000, reason)],
            &[Expected::Fails(vec![1007])],
        ));
    }
    cases
}

/// A good code comes back, or 1000 does.
fn codes() -> impl Iterator<Item = Case> {
    let reasons = ["", "because"];
    let good = GOOD.into_iter().flat_map(move |code| {
        reasons.map(|reason| {
            case(
                format!("7.7 close-{code}-{}", reason.len()),
                "a code that may be sent is answered with itself or 1000",
            )
            .send(close(code, reason))
            .closed(&[code, 1000])
        })
    });
    let bad = BAD.into_iter().flat_map(move |code| {
        reasons.map(|reason| {
            case(
                format!("7.9 close-{code}-{}", reason.len()),
                "a code that may not be sent is a protocol error",
            )
            .send(close(code, reason))
            .fails(1002)
        })
    });
    good.chain(bad)
}
