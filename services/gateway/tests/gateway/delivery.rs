//! An accepted publish reaches every subscribed session, once and in order.

use crate::harness::{Server, World, append, titles};
use fanfare_bus::faulty;
use fanfare_gateway::Settings;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn every_subscriber_gets_every_entry_in_order() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut own = server
        .connect("/ws/notifications/", &world.token("7"))
        .await;
    let mut other = server.connect("/ws/notifications", &world.token("8")).await;
    for _ in 0..3 {
        own.next_of("subscribed").await;
        other.next_of("subscribed").await;
    }
    for title in titles(0..50) {
        world.notify("all", &title).await;
    }
    world.notify("user:7", "to 7").await;
    world.notify("group:ops", "to ops").await;
    assert_eq!(own.titles(50).await, titles(0..50));
    assert_eq!(other.titles(50).await, titles(0..50));
    assert_eq!(own.titles(2).await, ["to 7", "to ops"]);
    assert_eq!(other.titles(1).await, ["to ops"]);
}

#[tokio::test]
async fn a_frame_says_where_it_stands() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let answer = client.subscribe("user:7", None).await;
    assert_eq!(answer["type"], "subscribed");
    assert_eq!(answer["data"]["recovered"], false);
    world.notify("user:7", "m0").await;
    let frame = client.next_of("notification").await;
    assert_eq!((&frame["n"], &frame["data"]["n"]), (&json!(1), &json!(1)));
    assert_eq!(frame["channel"], "user:7");
    assert!(frame["cursor"].as_str().unwrap().ends_with(".1"));
}

#[tokio::test]
async fn a_lossy_live_path_loses_nothing() {
    let world = World::new().await;
    let settings = Settings {
        audit_interval: Duration::from_millis(50),
        ..Settings::default()
    };
    let faulty = faulty::inject(world.handles.clone(), faulty::Faults::new(7));
    let server = Server::over(&world, faulty, settings).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    client.subscribe("topic:a", None).await;
    client.subscribe("topic:b", None).await;
    let publisher = async {
        for title in titles(0..400) {
            append(&world.handles, "topic:a", &title).await;
            append(&world.handles, "topic:b", &title).await;
        }
    };
    let reader = async {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        while a.len() + b.len() < 800 {
            let frame = client.next_of("notification").await;
            let title = frame["data"]["title"].as_str().unwrap().to_owned();
            if frame["channel"] == "topic:a" {
                a.push(title)
            } else {
                b.push(title)
            }
        }
        (a, b)
    };
    let ((), (a, b)) = tokio::join!(publisher, reader);
    assert_eq!(a, titles(0..400));
    assert_eq!(b, titles(0..400));
}

#[tokio::test]
async fn unsubscribing_ends_a_channel_and_only_that() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    client.subscribe("topic:a", None).await;
    client.subscribe("topic:b", None).await;
    client
        .send(&json!({"type": "unsubscribe", "channel": "topic:a"}))
        .await;
    client.next_of("unsubscribed").await;
    world.notify("topic:a", "no").await;
    world.notify("topic:b", "yes").await;
    assert_eq!(client.titles(1).await, ["yes"]);
}

#[tokio::test]
async fn what_the_live_path_never_shows_is_found_in_the_log() {
    let world = World::new().await;
    let settings = Settings {
        audit_interval: Duration::from_millis(50),
        ..Settings::default()
    };
    let faults = faulty::Faults {
        lost_per_mille: 1_000,
        ..faulty::Faults::new(1)
    };
    let server = Server::over(&world, faulty::inject(world.handles.clone(), faults), settings).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    client.subscribe("topic:a", None).await;
    world.notify("topic:a", "the last one").await;
    assert_eq!(client.titles(1).await, ["the last one"]);
}
