//! Group 6: texts are UTF-8, and one that is not ends the connection at the first octet that shows it.

mod sequences;

use super::{
    case::{Case, Expected, case, in_every_delivery},
    frames::{FIN, TEXT, echo, first, fragments, header, last, middle, ping, text},
};
use sequences::{INVALID, VALID, octets};

/// In Latin, Greek and Chinese, and beyond the first plane.
const WORDS: &str = "Hello-µ@ßöäüàá-UTF-8!! κόσμε 你好 🦀";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = empty();
    cases.extend(words());
    cases.extend(fail_fast());
    for (id, what, hex) in VALID {
        cases.extend(valid(&format!("{id} {what}"), &octets(hex)));
    }
    for plane in 0..=0x10_u32 {
        for end in [0xfffe, 0xffff] {
            let code_point = plane << 16 | end;
            let character = char::from_u32(code_point).expect("no surrogate ends a plane");
            let name = format!("6.22.3 the non-character {code_point:X}");
            cases.extend(valid(&name, character.to_string().as_bytes()));
        }
    }
    for (id, what, hex) in INVALID {
        cases.extend(invalid(&format!("{id} {what}"), &octets(hex)));
    }
    cases
}

fn empty() -> Vec<Case> {
    let refused = [Expected::Refused("bad_json")];
    let content = [Expected::Echo("middle".to_owned())];
    let rule = "empty fragments are fragments";
    let three = [first(""), middle(""), last("")];
    let filled = [first(""), middle(echo("middle")), last("")];
    let mut cases = vec![
        case("6.1.1 empty", "an empty text is UTF-8")
            .send(text(""))
            .refused("bad_json"),
    ];
    cases.extend(in_every_delivery(
        "6.1.2 three-empty-fragments",
        rule,
        &three,
        &refused,
    ));
    cases.extend(in_every_delivery(
        "6.1.3 filled-in-the-middle",
        rule,
        &filled,
        &content,
    ));
    cases
}

/// Characters may be cut anywhere, by frames and by writes.
fn words() -> Vec<Case> {
    let rule = "UTF-8 is checked over the whole message, not in each piece";
    let answer = [Expected::Echo(WORDS.to_owned())];
    let mut cases = Vec::new();
    for size in 1..=9 {
        let name = format!("6.2.1 fragments-of-{size}");
        cases.extend(in_every_delivery(
            &name,
            rule,
            &fragments(echo(WORDS), size),
            &answer,
        ));
    }
    for size in 1..=9 {
        cases.push(
            case(format!("6.2.2 writes-of-{size}"), rule)
                .chop(text(echo(WORDS)), size)
                .echo(WORDS),
        );
    }
    // Long enough for every width that a fast check works in, and every place of a character in it.
    let long = WORDS.repeat(20);
    cases.push(case("6.2.3 every-offset", rule).each(0..64, |case, pad| {
        let content = format!("{}{long}", "x".repeat(pad));
        case.send(text(echo(&content))).echo(content)
    }));
    cases
}

fn fail_fast() -> Vec<Case> {
    let rule = "a text that cannot become UTF-8 any more ends the connection before it is whole";
    let good = "κόσμε";
    vec![
        case("6.4.1 bad-second-fragment", rule)
            .send([first(good), ping("open")].concat())
            .pong("open")
            .send(middle([0xf4, 0x90, 0x80, 0x80]))
            .fails(1007),
        case("6.4.2 character-goes-bad-in-the-next-fragment", rule)
            .send([first([good.as_bytes(), &[0xf4]].concat()), ping("open")].concat())
            .pong("open")
            .send(middle([0x90]))
            .fails(1007),
        case("6.4.3 bad-inside-a-frame", rule)
            .send(header(FIN | TEXT, 1_000))
            .send(good)
            .send([0xf4, 0x90, 0x80, 0x80])
            .fails(1007),
        case("6.4.4 character-goes-bad-inside-a-frame", rule)
            .send(header(FIN | TEXT, 1_000))
            .send(good)
            .send([0xf4])
            .send([0x90])
            .fails(1007),
        case(
            "6.4.5 cut-off-at-the-end",
            "half a character may wait for its rest until the last fragment has come",
        )
        .send([first([0xe4, 0xbd]), ping("open")].concat())
        .pong("open")
        .send(last(""))
        .fails(1007),
        case(
            "6.4.6 bad-behind-a-good-message",
            "what came before is answered",
        )
        .send([text(echo("before")), text([0xff])].concat())
        .echo("before")
        .fails(1007),
    ]
}

fn valid(name: &str, octets: &[u8]) -> Vec<Case> {
    let rule = "what is UTF-8 is accepted";
    let content = std::str::from_utf8(octets).expect("the table knows what is valid");
    // Control characters have no place in JSON.
    let expected = if content.contains(|character| character < ' ') {
        Expected::Refused("bad_json")
    } else {
        Expected::Echo(content.to_owned())
    };
    vec![
        case(format!("{name}, alone"), rule)
            .send(text(octets))
            .refused("bad_json"),
        case(format!("{name}, echoed"), rule)
            .send(text(echo(content)))
            .expect(expected.clone()),
        case(format!("{name}, an octet a fragment"), rule)
            .send(fragments(echo(content), 1).concat())
            .expect(expected.clone()),
        case(format!("{name}, an octet a write"), rule)
            .chop(text(echo(content)), 1)
            .expect(expected),
    ]
}

fn invalid(name: &str, octets: &[u8]) -> Vec<Case> {
    let rule = "what is not UTF-8 ends the connection, at the first octet that shows it";
    let fatal_len = fatal_len(octets);
    let (harmless, fatal) = match fatal_len {
        Some(len) => (&octets[..len - 1], middle(&octets[len - 1..len])),
        // It only lacks its end, which the last fragment shows.
        None => (octets, last("")),
    };
    let mut steps = case(format!("{name}, an octet a fragment"), rule).send(first(""));
    for octet in harmless {
        steps = steps
            .send([middle([*octet]), ping([*octet])].concat())
            .pong([*octet]);
    }
    let mut cases = vec![
        case(format!("{name}, alone"), rule)
            .send(text(octets))
            .fails(1007),
        case(format!("{name}, as content"), rule)
            .send(text(echo(octets)))
            .fails(1007),
        steps.send(fatal).fails(1007),
    ];
    if let Some(len) = fatal_len {
        cases.push(
            case(format!("{name}, in a frame that is not whole"), rule)
                .send(header(FIN | TEXT, 1_000))
                .chop(&octets[..len], 1)
                .fails(1007),
        );
    }
    cases
}

/// How many octets it takes until no continuation can make this UTF-8.
fn fatal_len(octets: &[u8]) -> Option<usize> {
    (1..=octets.len()).find(|len| {
        std::str::from_utf8(&octets[..*len]).is_err_and(|error| error.error_len().is_some())
    })
}

#[test]
fn the_table_tells_good_from_bad() {
    for (id, _what, hex) in INVALID {
        std::str::from_utf8(&octets(hex)).expect_err(id);
    }
}
