//! Group 12: compressed messages of every size, whole and in fragments, under every agreement.

use super::{
    agreement::{Agreement, Offer},
    case::{Case, case},
    deflate::deflate,
    frames::{RSV1, TEXT, cut, echo, echo_of},
};
use std::ops::RangeInclusive;

/// What clients offer. The first is the shortest, the second what browsers say, the others vary the windows.
const OFFERS: [(&str, Option<u8>); 8] = [
    ("permessage-deflate", None),
    ("permessage-deflate; client_max_window_bits", None),
    (
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        None,
    ),
    ("permessage-deflate; server_max_window_bits=8", Some(8)),
    ("permessage-deflate; server_max_window_bits=9", Some(9)),
    (
        "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10",
        Some(12),
    ),
    (
        "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15",
        Some(15),
    ),
    (
        "permessage-deflate; client_no_context_takeover; server_max_window_bits=10",
        Some(10),
    ),
];

/// All that JSON need not escape.
const LETTERS: RangeInclusive<char> = ']'..='~';

/// Around the size below which nothing is compressed, the windows, and the forms of the length.
const LENGTHS: [usize; 15] = [
    32, 64, 200, 300, 512, 513, 1_024, 1_025, 4_096, 8_192, 16_384, 32_768, 32_769, 65_536, 131_072,
];

pub(super) fn offer(value: &str, server_window_bits: Option<u8>) -> Offer {
    Offer {
        values: vec![value.to_owned()],
        due: Some(Agreement { server_window_bits }),
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, (value, bits)) in (1..).zip(OFFERS) {
        for len in LENGTHS {
            for (what, size) in [("whole", usize::MAX), ("in-fragments-of-256", 256)] {
                let rule = format!("messages of {len} bytes come back under {value:?}");
                let name = format!("12.{number} compressed-{len}-{what}");
                cases.push(case(name, rule).offering(offer(value, bits)).each(
                    contents(len),
                    |case, (content, level)| {
                        let payload = deflate(echo(&content), level);
                        case.send(cut(RSV1 | TEXT, &payload, size).concat())
                            .echo(content)
                    },
                ));
            }
        }
    }
    cases.push(
        case("12.9.1 many", "each of many compressed messages comes back")
            .offering(offer(OFFERS[0].0, None))
            .each(0..250, |case, number| {
                let (message, content) = echo_of(32 + number);
                case.send(cut(RSV1 | TEXT, &deflate(message, 1), usize::MAX).concat())
                    .echo(content)
            }),
    );
    cases
}

/// Contents of about `len` bytes with the level each is compressed at: what repeats at once, what repeats after 1,000
/// bytes only, letters of several bytes, what hardly gets smaller, and what a quick compression makes larger.
fn contents(len: usize) -> [(String, u32); 5] {
    let len = len - echo("").len();
    let block = noise(1_000, LETTERS);
    let far: String = block.chars().cycle().take(len).collect();
    let greek: String = "κόσμε 你好 ".chars().cycle().take(len / 3 + 1).collect();
    let (_message, near) = echo_of(len + echo("").len());
    let letters = noise(len, LETTERS);
    let characters = noise(len / 3, '\u{4e00}'..='\u{9fff}');
    [
        (near, 1),
        (far, 9),
        (greek, 6),
        (letters, 0),
        (characters, 1),
    ]
}

/// Characters of `range` in no order, the same each time.
fn noise(len: usize, range: RangeInclusive<char>) -> String {
    let range: Vec<char> = range.collect();
    let mut state = 0x2545_f491_u32;
    let characters = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        range[(state >> 8) as usize % range.len()]
    });
    characters.take(len).collect()
}
