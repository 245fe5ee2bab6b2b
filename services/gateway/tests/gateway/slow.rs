//! A slow reader hurts only itself.

use crate::harness::{Server, World, titles};
use fanfare_bus::bus::Received;
use fanfare_gateway::Settings;
use fanfare_proto::{
    subject,
    wire::{SessionBatch, SessionReport},
};
use prost::Message as _;
use serde_json::json;

/// A title of this many bytes fills socket buffers quickly.
const BIG: usize = 16 * 1024;

#[tokio::test]
async fn a_reader_that_stops_is_closed_and_gets_the_rest_when_it_returns() {
    let world = World::new().await;
    let settings = Settings {
        outbox_bytes: 256 * 1024,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut reports = world
        .handles
        .bus
        .subscribe(subject::NOTIFY_SESSIONS)
        .await
        .unwrap();
    let mut slow = server.connect("/ws/", &world.token("7")).await;
    let mut quick = server.connect("/ws/", &world.token("8")).await;
    let cursor = slow.subscribe("topic:a", None).await["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    quick.subscribe("topic:a", None).await;
    let padding = "x".repeat(BIG);
    let count = 1_000;
    let mut waited = 0;
    for number in 0..count {
        world
            .notify("topic:a", &format!("m{number} {padding}"))
            .await;
        quick.titles(1).await;
        waited = server.counter("fanfare_gateway_queue_bytes ").max(waited);
        if server
            .metrics
            .text()
            .contains("frames_sent_total{outcome=\"too_slow\"} 1")
        {
            break;
        }
    }
    assert_eq!(slow.closed().await, 4010);
    drop(slow);
    let report = loop {
        let Some(Received::Message(message)) = reports.next().await else {
            panic!("the bus has ended");
        };
        let batch = SessionBatch::decode(message.payload).unwrap();
        let ended = |report: &SessionReport| report.ended_at_ms > 0 && report.user == "7";
        if let Some(report) = batch.sessions.into_iter().find(ended) {
            break report;
        }
    };
    // It is counted while it waits, and is forgotten with its connection.
    assert!(waited > BIG as u64, "{waited} bytes have waited at most");
    assert_eq!(server.counter("fanfare_gateway_queue_bytes "), 0);
    let head = world.notify("topic:a", "head").await.position.n;
    assert_eq!(quick.titles(1).await, ["head"]);
    assert_eq!(report.close_code, 4010);
    // What was thrown away with the queue, several entries of 32 KiB, does not count as written.
    assert!(report.coverage[0].upto_n + 4 < head, "{report:?} of {head}");
    world.notify("topic:a", "last").await;
    assert_eq!(quick.titles(1).await, ["last"]);
    let mut back = server.connect("/ws/", &world.token("7")).await;
    let answer = back.subscribe("topic:a", Some(&cursor)).await;
    assert_eq!(answer["data"]["recovered"], true);
    let first = back.titles(1).await.remove(0);
    assert!(first.starts_with("m0 "));
    while back.titles(1).await != ["last"] {}
}

#[tokio::test]
async fn a_long_replay_waits_for_its_reader() {
    let world = World::new().await;
    let settings = Settings {
        outbox_frames: 300,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let cursor = client.subscribe("topic:a", None).await["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    client
        .send(&json!({"type": "unsubscribe", "channel": "topic:a"}))
        .await;
    client.next_of("unsubscribed").await;
    for title in titles(0..2_000) {
        world.notify("topic:a", &title).await;
    }
    client.subscribe("topic:a", Some(&cursor)).await;
    assert_eq!(client.titles(2_000).await, titles(0..2_000));
}
