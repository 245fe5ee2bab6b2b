//! Replays `vectors/`: what other implementations of the contract are tested against too.

use fanfare_proto::{
    Channel, CloseCode, Cursor, ErrorCode, client::ClientFrame, code::NextStep, delivery,
    wire::Entry,
};
use prost::Message as _;
use serde_json::{Value, json};

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_code_tables_are_the_ones_that_clients_mirror() {
    let close: Vec<Value> = CloseCode::ALL
        .iter()
        .map(|code| {
            let next = match code.next_step() {
                NextStep::Reconnect => "reconnect",
                NextStep::RefreshThenReconnect => "refresh_then_reconnect",
                NextStep::Stop => "stop",
            };
            json!({"code": code.as_u16(), "reason": code.reason(), "next": next})
        })
        .collect();
    let errors: Vec<Value> = ErrorCode::ALL
        .iter()
        .map(|code| json!({"code": code.as_str(), "http": code.http_status()}))
        .collect();
    let tables = json!({"close": close, "errors": errors});
    let golden: Value = serde_json::from_str(include_str!("../vectors/codes.json")).unwrap();
    assert_eq!(tables, golden, "{tables:#}");
}

#[test]
fn client_frames_are_judged_as_written_down() {
    for vector in vectors(include_str!("../vectors/client_frames.json")) {
        let text = vector["text"].as_str().unwrap();
        let verdict = match ClientFrame::parse(text) {
            Ok(frame) => json!({"type": frame.kind}),
            Err(code) => json!({"error": code.as_str()}),
        };
        assert_eq!(verdict, vector["verdict"], "{text}");
    }
}

/// Also holds that bytes an older version has written still mean the same.
#[test]
fn stored_entries_become_the_frames_written_down() {
    for vector in vectors(include_str!("../vectors/entries.json")) {
        let text = |field: &str| vector[field].as_str().unwrap();
        let bytes: Vec<u8> = (0..text("entry_hex").len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text("entry_hex")[at..at + 2], 16).unwrap())
            .collect();
        let entry = Entry::decode(bytes.as_slice()).unwrap();
        let channel = Channel::parse(text("channel")).unwrap();
        let cursor = Cursor::parse(text("cursor")).unwrap();
        let frame = String::from_utf8(delivery::entry_frame(&entry, &channel, cursor)).unwrap();
        assert_eq!(frame, text("frame"));
    }
}
