//! What a client sends, right and wrong.

use fanfare_e2e::frame;
use serde_json::{Value, json};

pub(super) const FIN: u8 = 0x80;
pub(super) const RSV1: u8 = 0x40;
pub(super) const CONTINUATION: u8 = 0x0;
pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xa;

const MASKED: u8 = 0x80;

pub(super) fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | TEXT, payload.as_ref())
}

/// The first fragment of a text.
pub(super) fn first(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(TEXT, payload.as_ref())
}

/// A fragment between the first and the last.
pub(super) fn middle(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(CONTINUATION, payload.as_ref())
}

pub(super) fn last(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | CONTINUATION, payload.as_ref())
}

pub(super) fn ping(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | PING, payload.as_ref())
}

pub(super) fn pong(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | PONG, payload.as_ref())
}

pub(super) fn close(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = [&code.to_be_bytes()[..], reason.as_ref()].concat();
    frame(FIN | CLOSE, &payload)
}

/// A text cut into fragments of at most `size` bytes.
pub(super) fn fragments(payload: impl AsRef<[u8]>, size: usize) -> Vec<Vec<u8>> {
    cut(TEXT, payload.as_ref(), size)
}

/// A message cut into fragments of at most `size` bytes. `opcode` is that of the first, with its reserved bits.
pub(super) fn cut(opcode: u8, payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let pieces: Vec<&[u8]> = payload.chunks(size).collect();
    let numbered = pieces.iter().enumerate();
    let cut = numbered.map(|(at, piece)| {
        let opcode = if at == 0 { opcode } else { CONTINUATION };
        let fin = if at + 1 == pieces.len() { FIN } else { 0 };
        frame(fin | opcode, piece)
    });
    cut.collect()
}

/// The header of a frame whose payload does not follow. Its mask is zero, so payload may be put behind it as it is.
pub(super) fn header(first: u8, payload_len: u64) -> Vec<u8> {
    let form = match payload_len {
        0..=125 => Form::Short,
        126..=0xffff => Form::Two,
        _ => Form::Eight,
    };
    header_in(form, first, payload_len)
}

/// How a length is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Short,
    Two,
    Eight,
}

/// Like [`header`], with the length in a form that may not be its shortest.
pub(super) fn header_in(form: Form, first: u8, payload_len: u64) -> Vec<u8> {
    let len = payload_len.to_be_bytes();
    let mut out = vec![first];
    match form {
        Form::Short => out.push(MASKED | len[7]),
        Form::Two => {
            out.push(MASKED | 126);
            out.extend_from_slice(&len[6..]);
        }
        Form::Eight => {
            out.push(MASKED | 127);
            out.extend_from_slice(&len);
        }
    }
    out.extend_from_slice(&[0; 4]);
    out
}

/// A frame that is not masked.
pub(super) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = header(first, payload.len() as u64);
    let mask_at = out.len() - 4;
    out.truncate(mask_at);
    out[1] &= !MASKED;
    out.extend_from_slice(payload);
    out
}

/// The message that is answered with `content`.
pub(super) fn echo(content: impl AsRef<[u8]>) -> Vec<u8> {
    // Written by hand so that octets stay as they are; only content that needs no escapes is sent.
    [br#"{"type":"echo","content":""#, content.as_ref(), br#""}"#].concat()
}

/// A message of exactly `len` bytes that is answered with its content, and the content.
pub(super) fn echo_of(len: usize) -> (Vec<u8>, String) {
    let letters = b'a'..=b'z';
    let content_len = len - echo("").len();
    let content: String = letters.cycle().map(char::from).take(content_len).collect();
    (echo(&content), content)
}

/// What the server says of a message, apart from its time and its person.
pub(super) fn gist(text: &str) -> Value {
    let frame: Value = serde_json::from_str(text).unwrap_or_default();
    json!({"type": frame["type"], "code": frame["code"], "message": frame["message"], "data": frame["data"]})
}
