//! Many who come back at once.

use crate::harness::{Server, World, append, titles};
use fanfare_gateway::Settings;
use serde_json::json;

const FROM_MEMORY: &str = r#"fanfare_gateway_replayed_total{source="ring"}"#;
const FROM_THE_LOG: &str = r#"fanfare_gateway_replayed_total{source="log"}"#;

/// Somebody who stays keeps the channel active, another leaves, and this many come meanwhile; then he is back.
async fn back_after(server: &Server, world: &World, missed: usize) {
    let mut stays = server.connect("/ws/", &world.token("1")).await;
    stays.subscribe("topic:a", None).await;
    let mut leaves = server.connect("/ws/", &world.token("2")).await;
    let cursor = leaves.subscribe("topic:a", None).await["cursor"].clone();
    drop(leaves);
    for title in titles(0..missed) {
        append(&world.handles, "topic:a", &title).await;
    }
    assert_eq!(stays.titles(missed).await, titles(0..missed));
    let mut back = server.connect("/ws/", &world.token("2")).await;
    let answer = back.subscribe("topic:a", cursor.as_str()).await;
    assert_eq!(answer["data"]["recovered"], json!(true));
    assert_eq!(back.titles(missed).await, titles(0..missed));
    append(&world.handles, "topic:a", "live").await;
    assert_eq!(back.titles(1).await, ["live"]);
}

#[tokio::test]
async fn what_was_missed_lately_comes_from_memory() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    back_after(&server, &world, 100).await;
    assert_eq!(server.counter(FROM_MEMORY), 100);
    assert_eq!(server.counter(FROM_THE_LOG), 0);
}

#[tokio::test]
async fn what_memory_does_not_hold_comes_from_the_log() {
    let world = World::new().await;
    let settings = Settings {
        ring_bytes: 4_096,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    back_after(&server, &world, 100).await;
    assert_eq!(server.counter(FROM_MEMORY), 0);
    assert_eq!(server.counter(FROM_THE_LOG), 100);
}

#[tokio::test]
async fn who_missed_nothing_asks_the_log_nothing() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    append(&world.handles, "topic:a", "before").await;
    let mut client = server.connect("/ws/", &world.token("1")).await;
    let cursor = client.subscribe("topic:a", None).await["cursor"].clone();
    let answer = client.subscribe("topic:a", cursor.as_str()).await;
    assert_eq!(answer["data"]["recovered"], json!(true));
    assert_eq!(answer["cursor"], cursor);
    assert_eq!(server.counter("fanfare_gateway_replay_reads_total"), 0);
}

#[tokio::test]
async fn those_beyond_the_pace_are_told_when_to_come_back() {
    let world = World::new().await;
    let settings = Settings {
        admissions_per_second: 2,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut here = Vec::new();
    for user in ["1", "2"] {
        let mut client = server.connect("/ws/", &world.token(user)).await;
        client.next_of("welcome").await;
        here.push(client);
    }
    let mut hints = Vec::new();
    for user in ["3", "4"] {
        let mut late = server.connect("/ws/", &world.token(user)).await;
        let goodbye = late.next_of("disconnect").await;
        assert_eq!(goodbye["data"]["reconnect"], json!(true));
        hints.push(goodbye["data"]["retry_after_ms"].as_u64().unwrap());
        assert_eq!(late.closed().await, 1013);
    }
    assert!(hints[0] >= 1_000 && hints[1] > hints[0], "{hints:?}");
    here[0].subscribe("topic:a", None).await;
}
