//! Replays `vectors/`: what other implementations of the contract are tested against too.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests may")]

use fanfare_proto::{
    Channel, CloseCode, Cursor, ErrorCode,
    client::ClientFrame,
    code::NextStep,
    delivery,
    wire::{ChannelPresence, Entry, GatewayHere, PresenceChanges, PresenceReply, PresenceRequest},
};
use prost::Message as _;
use serde_json::{Value, json};

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
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
        let bytes = bytes(text("entry_hex"));
        let entry = Entry::decode(bytes.as_slice()).unwrap();
        let channel = Channel::parse(text("channel")).unwrap();
        let cursor = Cursor::parse(text("cursor")).unwrap();
        let frame = String::from_utf8(delivery::entry_frame(&entry, &channel, cursor)).unwrap();
        assert_eq!(frame, text("frame"));
    }
}

fn whole(presence: &ChannelPresence) -> String {
    let mut text = format!("{} ={}", presence.channel, presence.count);
    for person in &presence.users {
        text = format!("{text} {} {}", person.user, person.name);
        text.truncate(text.trim_end().len());
    }
    text
}

fn gateway_here(told: &GatewayHere) -> String {
    let leaving = if told.leaving { " leaving" } else { "" };
    let asking = if told.asks { " asking" } else { "" };
    let GatewayHere {
        node,
        incarnation,
        changes,
        ..
    } = told;
    format!("{node}@{incarnation}{leaving}{asking} after {changes}")
}

fn presence_changes(told: &PresenceChanges) -> String {
    let edges = told.edges.iter().map(|edge| {
        let sign = if edge.joined { '+' } else { '-' };
        let text = format!("{} {sign}{} {}", edge.channel, edge.user, edge.name);
        text.trim_end().to_owned()
    });
    let all: Vec<String> = edges.chain(told.channels.iter().map(whole)).collect();
    let PresenceChanges {
        node,
        incarnation,
        counter,
        ..
    } = told;
    format!("{node}@{incarnation} {counter}: {}", all.join(", "))
}

fn presence_reply(told: &PresenceReply) -> String {
    let all: Vec<String> = told.channels.iter().map(whole).collect();
    let PresenceReply {
        node,
        incarnation,
        counter,
        ..
    } = told;
    format!("{node}@{incarnation} {counter}: {}", all.join(", "))
}

/// Two versions run side by side in every rollout.
#[test]
fn what_gateways_have_told_of_presence_means_the_same() {
    for vector in vectors(include_str!("../vectors/presence.json")) {
        let bytes = bytes(vector["hex"].as_str().unwrap());
        let bytes = bytes.as_slice();
        let means = match vector["message"].as_str().unwrap() {
            "GatewayHere" => gateway_here(&GatewayHere::decode(bytes).unwrap()),
            "PresenceChanges" => presence_changes(&PresenceChanges::decode(bytes).unwrap()),
            "PresenceRequest" => PresenceRequest::decode(bytes).unwrap().channels.join(", "),
            "PresenceReply" => presence_reply(&PresenceReply::decode(bytes).unwrap()),
            other => panic!("{other} is no message of presence"),
        };
        assert_eq!(means, vector["means"]);
    }
}
