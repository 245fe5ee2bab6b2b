//! RFC 6455 frames as the measuring side needs them: where a server's frame ends, and frames of a client.

/// Longest frame of a server that is read, in bytes: a replayed or live frame holds at most 64 KiB of payload and its
/// envelope.
pub(crate) const FRAME_BYTES: usize = 128 * 1024;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A whole frame of a server at the front of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    /// Whether the payload is deflated (RSV1).
    pub(crate) compressed: bool,
    pub(crate) payload: &'a [u8],
    /// Of the whole frame.
    pub(crate) len: usize,
}

/// What the front of some bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan<'a> {
    Whole(Frame<'a>),
    /// The rest of the frame has not come.
    Partial,
    /// No frame that the server may send.
    Broken(&'static str),
}

/// Finds the first frame of `bytes`.
pub(crate) fn scan(bytes: &[u8]) -> Scan<'_> {
    let [first, second, ..] = *bytes else {
        return Scan::Partial;
    };
    if first & 0x80 == 0 {
        return Scan::Broken("a fragment");
    }
    if first & 0x30 != 0 {
        return Scan::Broken("a reserved bit");
    }
    if second & 0x80 != 0 {
        return Scan::Broken("a masked frame");
    }
    let Some((head, len)) = lengths(bytes, second) else {
        return Scan::Partial;
    };
    let Some(end) = usize::try_from(len)
        .ok()
        .filter(|len| *len <= FRAME_BYTES)
        .map(|len| head + len)
    else {
        return Scan::Broken("a frame that is too long");
    };
    match bytes.get(head..end) {
        None => Scan::Partial,
        Some(payload) => Scan::Whole(Frame {
            opcode: first & 0x0f,
            compressed: first & 0x40 != 0,
            payload,
            len: end,
        }),
    }
}

/// Bytes of the header and of the payload, once the header is there.
fn lengths(bytes: &[u8], second: u8) -> Option<(usize, u64)> {
    Some(match second {
        126 => (
            4,
            u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into(),
        ),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        len => (2, len.into()),
    })
}

/// A client's frame, masked as it must be.
pub(crate) fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = header(opcode, payload.len(), 0x80);
    out.extend_from_slice(&MASK);
    out.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    out
}

/// A server's text frame.
pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    let mut out = header(1, payload.len(), 0);
    out.extend_from_slice(payload);
    out
}

/// Bytes in front of a server's payload of this length.
pub(crate) fn header_bytes(payload: usize) -> usize {
    header(1, payload, 0).len()
}

fn header(opcode: u8, payload: usize, mask_bit: u8) -> Vec<u8> {
    let len = (payload as u64).to_be_bytes();
    let mut out = vec![0x80 | opcode];
    match payload {
        0..=125 => out.push(mask_bit | len[7]),
        126..=0xffff => {
            out.push(mask_bit | 126);
            out.extend_from_slice(&len[6..]);
        }
        _ => {
            out.push(mask_bit | 127);
            out.extend_from_slice(&len);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_ends_where_its_length_says() {
        for len in [0, 1, 125, 126, 127, 0xffff, 0x1_0000] {
            let payload = vec![b'x'; len];
            let mut bytes = text(&payload);
            let whole = bytes.len();
            assert_eq!(whole, header_bytes(len) + len);
            bytes.extend_from_slice(b"\x81\x01y");
            let Scan::Whole(frame) = scan(&bytes) else {
                panic!("{len}: {:?}", scan(&bytes));
            };
            assert_eq!((frame.len, frame.payload), (whole, &payload[..]));
            let Scan::Whole(next) = scan(&bytes[whole..]) else {
                panic!("{len}: the next frame is not found");
            };
            assert_eq!((next.payload, next.len), (&b"y"[..], 3));
            for cut in [0, 1, 2, 3, 9, whole - 1] {
                if cut < whole {
                    assert_eq!(scan(&bytes[..cut]), Scan::Partial, "{len} cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn the_deflated_are_told_from_the_plain() {
        let deflated = scan(b"\xc1\x01z");
        assert!(matches!(
            deflated,
            Scan::Whole(Frame {
                compressed: true,
                opcode: 1,
                ..
            })
        ));
        let close = scan(b"\x88\x02\x0f\xaa");
        assert!(matches!(
            close,
            Scan::Whole(Frame {
                compressed: false,
                opcode: 8,
                ..
            })
        ));
    }

    #[test]
    fn what_no_server_sends_is_broken() {
        assert!(matches!(scan(b"\x01\x01x"), Scan::Broken(_)), "a fragment");
        assert!(matches!(scan(b"\xa1\x01x"), Scan::Broken(_)), "RSV2");
        assert!(matches!(scan(&masked(1, b"x")), Scan::Broken(_)), "masked");
        let long = b"\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00";
        assert!(matches!(scan(long), Scan::Broken(_)), "4 GiB");
    }

    #[test]
    fn a_clients_frame_is_masked() {
        let frame = masked(1, b"hello");
        assert_eq!(frame[..2], [0x81, 0x80 | 5]);
        let unmasked: Vec<u8> = frame[6..]
            .iter()
            .zip(frame[2..6].iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect();
        assert_eq!(unmasked, b"hello");
    }
}
