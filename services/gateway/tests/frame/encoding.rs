//! What the server writes.

use fanfare_gateway::frame::{OpCode, close, header, ping, pong, text};
use fanfare_proto::CloseCode;

#[test]
fn each_length_has_its_shortest_form() {
    for (len, expected) in [
        (0, vec![0x81, 0]),
        (125, vec![0x81, 125]),
        (126, vec![0x81, 126, 0, 126]),
        (65_535, vec![0x81, 126, 0xff, 0xff]),
        (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let mut out = Vec::new();
        header(OpCode::Text, len, &mut out);
        assert_eq!(out, expected, "{len}");
        let frame = text(&vec![b'a'; len]);
        assert_eq!(frame[..out.len()], out, "{len}");
        assert_eq!(frame.len(), out.len() + len);
    }
}

#[test]
fn a_header_is_appended() {
    let mut out = vec![7];
    header(OpCode::Pong, 3, &mut out);
    assert_eq!(out, [7, 0x8a, 3]);
}

#[test]
fn control_frames_never_pass_their_bound() {
    assert_eq!(ping(b"ab"), [0x89, 2, b'a', b'b']);
    assert_eq!(pong(b""), [0x8a, 0]);
    assert_eq!(ping(&[1; 300])[1], 125);
    assert_eq!(pong(&[1; 126]).len(), 127);
    assert_eq!(close(CloseCode::Normal, ""), [0x88, 2, 0x03, 0xe8]);
    // 123 bytes are left for the reason, and a character of three bytes is not torn.
    let frame = close(CloseCode::Policy, &"€".repeat(50));
    assert_eq!(frame[1], 125);
    let frame = close(CloseCode::Policy, &format!("a{}", "€".repeat(50)));
    assert_eq!(
        std::str::from_utf8(&frame[4..]).unwrap(),
        format!("a{}", "€".repeat(40))
    );
}

#[test]
fn every_code_of_the_table_fits_with_its_reason() {
    for code in CloseCode::ALL {
        let frame = close(*code, code.reason());
        assert_eq!(frame[2..4], code.as_u16().to_be_bytes());
        assert_eq!(&frame[4..], code.reason().as_bytes());
    }
}
