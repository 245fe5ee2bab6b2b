//! Groups 3 and 4: bits and opcodes that mean nothing.

use super::{
    case::{Case, case},
    frames::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, echo, first, ping, text},
};
use fanfare_e2e::frame;

/// The reserved bits, by their value in the first byte.
const BITS: [u8; 7] = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70];

/// The opcodes nobody has defined.
const OPCODES: [u8; 10] = [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf];

/// Group 3: without an extension no reserved bit may be set, on any frame.
pub(super) fn bits() -> Vec<Case> {
    let kinds = [
        ("text", FIN | TEXT),
        ("first-fragment", TEXT),
        ("binary", FIN | BINARY),
        ("ping", FIN | PING),
        ("pong", FIN | PONG),
        ("close", FIN | CLOSE),
    ];
    let mut cases = Vec::new();
    for bits in BITS {
        let value = bits >> 4;
        for (kind, plain) in kinds {
            let name = format!("3.1 rsv-{value}-{kind}");
            let rule = "a reserved bit without an extension ends the connection";
            cases.push(
                case(name, rule)
                    .send(frame(plain | bits, b"\x03\xe8"))
                    .fails(1002),
            );
        }
        cases.push(
            case(
                format!("3.2 rsv-{value}-continuation"),
                "a reserved bit of a continuation ends the connection",
            )
            .send([first("{"), frame(FIN | CONTINUATION | bits, b"}")].concat())
            .fails(1002),
        );
        let around = [
            text(echo("before")),
            frame(FIN | TEXT | bits, &echo("wrong")),
            ping("after"),
        ];
        let rule = "what came before a reserved bit is answered, and nothing behind it";
        cases.push(
            case(format!("3.3 rsv-{value}-between, in one segment"), rule)
                .send(around.concat())
                .echo("before")
                .fails(1002),
        );
        cases.push(
            case(format!("3.3 rsv-{value}-between, an octet at a time"), rule)
                .chop(around.concat(), 1)
                .echo("before")
                .fails(1002),
        );
    }
    cases
}

/// Group 4: no opcode means nothing.
pub(super) fn opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in OPCODES {
        let rule = "an unknown opcode ends the connection, and nothing behind it is answered";
        for (what, fin, payload) in [
            ("empty", FIN, &b""[..]),
            ("with-payload", FIN, b"payload"),
            ("fragment", 0, b"payload"),
        ] {
            cases.push(
                case(format!("4.1 opcode-{opcode:x}-{what}"), rule)
                    .send([frame(fin | opcode, payload), ping("after")].concat())
                    .fails(1002),
            );
        }
        let around = [
            text(echo("before")),
            frame(FIN | opcode, b"payload"),
            ping("after"),
        ];
        cases.push(
            case(
                format!("4.2 opcode-{opcode:x}-between, in one segment"),
                rule,
            )
            .send(around.concat())
            .echo("before")
            .fails(1002),
        );
        cases.push(
            case(
                format!("4.2 opcode-{opcode:x}-between, an octet at a time"),
                rule,
            )
            .chop(around.concat(), 1)
            .echo("before")
            .fails(1002),
        );
        cases.push(
            case(
                format!("4.3 opcode-{opcode:x}-inside-a-message"),
                "an unknown opcode between fragments ends the connection",
            )
            .send([first("{"), frame(FIN | opcode, b"")].concat())
            .fails(1002),
        );
    }
    cases
}
