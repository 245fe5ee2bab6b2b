//! Group 1: text and binary messages of every length, masks, forms of the length.

use super::{
    case::{Case, case, in_every_delivery},
    frames::{
        BINARY, CLOSE, FIN, Form, PING, TEXT, echo, echo_of, header, header_in, text, unmasked,
    },
};
use fanfare_e2e::masked_frame;

/// Lengths around where the header changes its form.
const LENGTHS: [usize; 9] = [32, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case(
            "1.1.1 text-empty",
            "an empty text is a message, though no JSON",
        )
        .send(text(""))
        .refused("bad_json"),
        case("1.1.2 text-one-byte", "a text of one byte is a message")
            .send(text("7"))
            .refused("bad_json"),
    ];
    cases.extend(lengths());
    cases.extend(binary());
    cases.extend(masks());
    cases.extend(length_forms());
    cases.extend(segments());
    cases
}

fn lengths() -> impl Iterator<Item = Case> {
    LENGTHS.into_iter().flat_map(|len| {
        let (message, content) = echo_of(len);
        let whole = case(
            format!("1.1.3 text-{len}"),
            format!("a text of {len} bytes comes back"),
        )
        .send(text(&message))
        .echo(&content);
        // As in the classic suite, and so that no piece ends where a header or a character does.
        let chopped = case(
            format!("1.1.4 text-{len}-chopped"),
            format!("a text of {len} bytes comes back, whatever writes it came in"),
        )
        .chop(text(&message), 997.min(len / 3))
        .echo(&content);
        [whole, chopped]
    })
}

/// Binary is not spoken here, so each is refused as soon as its header says what it is.
fn binary() -> impl Iterator<Item = Case> {
    let whole = [0, 125, 126, 127, 128, 65_535, 65_536].map(|len| {
        case(
            format!("1.2.1 binary-{len}"),
            "a binary message is refused at its header",
        )
        .send(header(FIN | BINARY, len))
        .fails(1003)
    });
    let others = [
        case(
            "1.2.2 binary-fragment",
            "the first fragment of a binary message is refused at its header",
        )
        .send(header(BINARY, 5))
        .fails(1003),
        case(
            "1.2.3 binary-after-text",
            "what came before a binary message is answered",
        )
        .send([text(echo("before")), header(FIN | BINARY, 1)].concat())
        .echo("before")
        .fails(1003),
        case(
            "1.2.4 binary-octets",
            "a header of a binary message in pieces is refused too",
        )
        .chop(header(FIN | BINARY, 70_000), 1)
        .fails(1003),
    ];
    whole.into_iter().chain(others)
}

fn masks() -> impl Iterator<Item = Case> {
    let good = [[0; 4], [0xff; 4], [0x80, 0, 0, 1], *b"\"{}\\"].map(|mask| {
        let frame = masked_frame(FIN | TEXT, &echo("masked"), mask);
        let name = format!("1.3.1 mask-{:08x}", u32::from_be_bytes(mask));
        in_every_delivery(
            &name,
            "any mask is taken off, wherever the payload is cut",
            &[frame],
            &[super::case::Expected::Echo("masked".to_owned())],
        )
    });
    let bare = [
        ("text", unmasked(FIN | TEXT, &echo("bare"))),
        ("empty-text", unmasked(FIN | TEXT, b"")),
        ("fragment", unmasked(TEXT, b"{")),
        ("binary", unmasked(FIN | BINARY, b"\0")),
        ("ping", unmasked(FIN | PING, b"bare")),
        ("close", unmasked(FIN | CLOSE, b"\x03\xe8")),
    ]
    .map(|(what, frame)| {
        case(
            format!("1.3.2 unmasked-{what}"),
            "a frame without a mask ends the connection",
        )
        .send(frame)
        .fails(1002)
    });
    let late = case(
        "1.3.3 unmasked-after-masked",
        "a mask is asked of every frame, not of the first alone",
    )
    .send([text(echo("masked")), unmasked(FIN | TEXT, b"{}")].concat())
    .echo("masked")
    .fails(1002);
    good.into_iter().flatten().chain(bare).chain([late])
}

fn length_forms() -> impl Iterator<Item = Case> {
    let long = [
        ("0-in-two-bytes", Form::Two, 0),
        ("125-in-two-bytes", Form::Two, 125),
        ("0-in-eight-bytes", Form::Eight, 0),
        ("125-in-eight-bytes", Form::Eight, 125),
        ("126-in-eight-bytes", Form::Eight, 126),
        ("65535-in-eight-bytes", Form::Eight, 65_535),
        ("64th-bit", Form::Eight, 1 << 63),
        ("all-bits", Form::Eight, u64::MAX),
    ];
    long.into_iter().map(|(what, form, len)| {
        case(
            format!("1.4.1 length-{what}"),
            "a length has its shortest form and no 64th bit",
        )
        .send(header_in(form, FIN | TEXT, len))
        .fails(1002)
    })
}

/// Frames and writes need not have the same borders.
fn segments() -> impl Iterator<Item = Case> {
    let contents: Vec<String> = (0..32).map(|number| format!("message {number}")).collect();
    let joined: Vec<u8> = contents.iter().flat_map(|own| text(echo(own))).collect();
    let (long, content) = echo_of(60_000);
    let with_answers = |case: Case| contents.iter().fold(case, |case, own| case.echo(own));
    let cut = [1, 2, 3, 5, 7, 13, 64].map(|size| {
        with_answers(
            case(
                format!("1.5.1 writes-of-{size}"),
                "many messages are answered in order, wherever the writes are cut",
            )
            .chop(joined.clone(), size),
        )
    });
    let whole = [
        with_answers(
            case(
                "1.5.2 many-in-one-segment",
                "many messages of one write are answered in order",
            )
            .send(joined.clone()),
        ),
        case(
            "1.5.3 half-a-message-behind-another",
            "a message whose rest comes later is answered then",
        )
        .send([text(echo("one")), text(&long)[..30_000].to_vec()].concat())
        .echo("one")
        .send(&text(&long)[30_000..])
        .echo(content),
    ];
    cut.into_iter().chain(whole)
}
