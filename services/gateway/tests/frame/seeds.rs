//! What the fuzzers of this module begin with, and what they once choked on: `fuzz/seeds/<target>/<what it shows>.<end>`,
//! where the end is `Open`, `Closed` or the name of a violation. The targets cut an input as [`stream_of`] does.
//!
//! A find becomes a test by copying its input there under such a name. The others are made here.

use crate::{
    client::{
        FIN, LIMIT, RSV1, agreement, compressed, continuation, control, decode_under,
        first_compressed_fragment, first_fragment, frame, last_fragment, text,
    },
    violations::{Case, message_cases, text_cases},
};
use fanfare_gateway::frame::OpCode;
use std::{
    fs, iter,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

/// Each target, and whether its streams may be compressed.
const TARGETS: [(&str, bool); 2] = [("frame", false), ("deflate", true)];

fn directory(target: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("fuzz/seeds").join(target)
}

/// An input: how many lengths of pieces follow, the lengths, the stream.
fn stream_of(input: &[u8]) -> (&[u8], &[u8]) {
    let (count, rest) = input.split_first().expect("an input says how it is cut");
    rest.split_at(usize::from(*count).min(rest.len()))
}

/// An input that is not cut.
fn input(parts: &[&[u8]]) -> Vec<u8> {
    [&[0][..], &parts.concat()].concat()
}

fn frame_seeds() -> Vec<(String, Vec<u8>)> {
    let broken = message_cases().into_iter().chain(text_cases());
    let named = |Case {
                     name,
                     bytes,
                     violation,
                 }| {
        let name = name.replace(' ', "-");
        (format!("{name}.{violation:?}"), input(&[&bytes]))
    };
    let full = vec![b'a'; LIMIT as usize];
    let half = &full[..LIMIT as usize / 2];
    let mut cut = text("häß€😀".as_bytes());
    cut.splice(0..0, [4, 1, 1, 6, 2]);
    let whole = [
        ("empty-text.Open", input(&[&text(b"")])),
        ("text-cut-inside-characters.Open", cut),
        ("text-of-the-limit.Open", input(&[&text(&full)])),
        (
            "fragments-of-the-limit-around-a-ping.Open",
            input(&[
                &first_fragment(half),
                &control(OpCode::Ping, &[7; 125]),
                &last_fragment(half),
            ]),
        ),
        (
            "character-across-fragments.Open",
            input(&[
                &first_fragment(b"\xe2"),
                &continuation(b""),
                &last_fragment(b"\x82\xac"),
            ]),
        ),
        (
            "pong-then-close-then-more.Closed",
            input(&[
                &control(OpCode::Pong, b""),
                &control(OpCode::Close, b"\x03\xe8bye"),
                &text(b"late"),
            ]),
        ),
        (
            "close-of-a-bad-gateway.Closed",
            input(&[&control(OpCode::Close, b"\x03\xf6-")]),
        ),
        ("empty-close.Closed", input(&[&control(OpCode::Close, b"")])),
    ];
    let whole = whole.map(|(name, input)| (name.to_owned(), input));
    broken.map(named).chain(whole).collect()
}

/// "Hello" in one block.
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
/// The same in a block that says it is the last one.
const FINAL: &[u8] = b"\xf3\x48\xcd\xc9\xc9\x07\x00";
/// "Hello" by pointing at the message before.
const SHARED: &[u8] = b"\xf2\x00\x11\x00\x00";
/// A JSON object with codes of its own, by zlib at level 9.
const DYNAMIC: &[u8] = b"\x1c\x88\x3d\x0a\x80\x30\x0c\x85\xaf\xf2\xc8\xdc\xc5\xb5\xb7\xd1\x1a\x68\x97\xc4\xb6\x4f\x44\
    \xc4\xbb\x1b\x9c\xbe\x9f\x47\x78\x1f\x2a\x59\xb4\x54\x97\x24\x6d\x0f\x5f\x42\x8a\x1b\xd5\x18\x45\xc7\xa6\xf0\x01\
    \x73\xe2\x8f\x04\xd6\x95\x68\x33\xa8\xe8\xa7\x4e\x36\xb7\x8c\xab\x6a\x8c\x21\xef\x07";

/// 100,000 times the letter a.
fn bomb() -> Vec<u8> {
    let head = b"\xec\xc1\x31\x01\0\0\0\xc2\xa0\xac\xeb\x5f\xc2\x1a\x1e\x40\x01";
    [&head[..], &[0; 96], b"\xaf\x06"].concat()
}

fn deflate_seeds() -> Vec<(String, Vec<u8>)> {
    let message = |payload: &[u8]| input(&[&compressed(payload)]);
    let stored = b"\x00\x05\x00\xfa\xffHello\x00";
    let marked = |opcode: OpCode| frame(FIN | RSV1 | opcode as u8, b"", [0; 4]);
    let mut cut = compressed(DYNAMIC);
    cut.splice(0..0, [5, 3, 9, 1, 20, 2]);
    let seeds = [
        ("one-block.Open", message(HELLO)),
        ("stored-block.Open", message(stored)),
        (
            "two-blocks.Open",
            message(b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
        ),
        ("own-codes-in-pieces.Open", cut),
        ("last-block.Open", message(&[FINAL, &[0]].concat())),
        ("last-block-alone.Open", message(FINAL)),
        (
            "last-block-in-the-middle.Open",
            message(&[FINAL, HELLO].concat()),
        ),
        ("empty-stored.Open", message(b"\x00")),
        ("empty-fixed.Open", message(b"\x02\x00")),
        ("empty-of-no-bytes.Open", message(b"")),
        (
            "fragments-around-a-ping.Open",
            input(&[
                &first_compressed_fragment(&HELLO[..3]),
                &control(OpCode::Ping, b"p"),
                &continuation(b""),
                &last_fragment(&HELLO[3..]),
            ]),
        ),
        (
            "plain-and-compressed-in-turn.Open",
            input(&[
                &text(b"a"),
                &compressed(HELLO),
                &text(b"b"),
                &compressed(DYNAMIC),
            ]),
        ),
        (
            "wide-characters.Open",
            message(b"\xca\x38\xbc\xe4\xf0\xfc\x47\x4d\x6b\x3e\xcc\x9f\xd1\x00\x00"),
        ),
        (
            "then-a-close.Closed",
            input(&[&compressed(HELLO), &control(OpCode::Close, b"")]),
        ),
        ("not-utf-8.InvalidText", message(b"\x4a\xfc\x0f\x00")),
        (
            "ends-inside-a-character.InvalidText",
            message(b"\x4a\x7c\xd4\x04\x00"),
        ),
        ("bomb.TooLarge", message(&bomb())),
        (
            "bomb-in-fragments.TooLarge",
            input(&[
                &first_compressed_fragment(&bomb()[..60]),
                &last_fragment(&bomb()[60..]),
            ]),
        ),
        ("cut-off.Deflate", message(&DYNAMIC[..40])),
        (
            "flush-left-on.Deflate",
            message(&[HELLO, &[0, 0, 0xff, 0xff]].concat()),
        ),
        ("unknown-block.Deflate", message(b"\x07")),
        (
            "shared-context.Deflate",
            input(&[&compressed(HELLO), &compressed(SHARED)]),
        ),
        (
            "shared-context-behind-a-last-block.Deflate",
            message(&[FINAL, SHARED].concat()),
        ),
        (
            "nobody-compressed-it.Deflate",
            message(b"{\"type\":\"ping\"}"),
        ),
        ("marked-ping.ReservedBit", input(&[&marked(OpCode::Ping)])),
        (
            "marked-continuation.ReservedBit",
            input(&[
                &first_compressed_fragment(HELLO),
                &marked(OpCode::Continuation),
            ]),
        ),
        ("marked-binary.Binary", input(&[&marked(OpCode::Binary)])),
        (
            "message-inside-a-message.Interleaved",
            input(&[&first_compressed_fragment(HELLO), &compressed(HELLO)]),
        ),
    ];
    seeds.map(|(name, input)| (name.to_owned(), input)).into()
}

#[test]
fn each_seed_ends_as_its_name_says_however_it_is_cut() {
    for (target, may_compress) in TARGETS {
        let agreement = agreement().filter(|_| may_compress);
        let mut count = 0;
        for entry in fs::read_dir(directory(target)).unwrap() {
            let path = entry.unwrap().path();
            let seed = fs::read(&path).unwrap();
            let (pieces, stream) = stream_of(&seed);
            let outcome = decode_under(agreement, stream, []);
            let end = match outcome.1 {
                Ok(ControlFlow::Continue(())) => "Open".to_owned(),
                Ok(ControlFlow::Break(())) => "Closed".to_owned(),
                Err(violation) => format!("{violation:?}"),
            };
            let expected = path.extension().and_then(|end| end.to_str());
            assert_eq!(Some(&*end), expected, "{}", path.display());
            let pieces = pieces.iter().map(|len| usize::from(*len));
            let cut = decode_under(agreement, stream, pieces);
            assert_eq!(cut, outcome, "{}", path.display());
            for len in [1, 2, 3, 7, 50] {
                let pieces = iter::repeat_n(len, stream.len() / len);
                let cut = decode_under(agreement, stream, pieces);
                assert_eq!(cut, outcome, "{} by {len}", path.display());
            }
            count += 1;
        }
        assert!(count > 20, "{target} has {count} seeds");
    }
}

/// Writes what differs, so that the next run is green; what is left to do is to commit it.
#[test]
fn the_seeds_are_what_is_made_here() {
    let mut written = Vec::new();
    for (target, seeds) in [("frame", frame_seeds()), ("deflate", deflate_seeds())] {
        for (name, input) in seeds {
            let path = directory(target).join(name);
            if !fs::read(&path).is_ok_and(|seed| seed == input) {
                fs::create_dir_all(directory(target)).unwrap();
                fs::write(&path, input).unwrap();
                written.push(path);
            }
        }
    }
    assert!(written.is_empty(), "commit what was written: {written:#?}");
}
