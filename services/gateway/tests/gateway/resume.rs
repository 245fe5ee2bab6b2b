//! Who comes back with a cursor gets exactly what was missed, or is told that it cannot be had.

use crate::harness::{Server, World, append, titles};
use fanfare_bus::faulty;
use fanfare_gateway::Settings;
use fanfare_proto::Channel;
use serde_json::json;

#[tokio::test]
async fn five_hundred_missed_entries_come_in_order_on_another_gateway() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    client.subscribe("user:7", None).await;
    world.notify("user:7", "first").await;
    let cursor = client.next_of("notification").await["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    drop(client);
    server.kill().await;
    for title in titles(0..500) {
        world.notify("user:7", &title).await;
    }
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let answer = client.subscribe("user:7", Some(&cursor)).await;
    assert_eq!(
        (&answer["type"], &answer["data"]["recovered"]),
        (&json!("subscribed"), &json!(true))
    );
    assert_eq!(client.titles(500).await, titles(0..500));
    world.notify("user:7", "live").await;
    assert_eq!(client.titles(1).await, ["live"]);
}

#[tokio::test]
async fn the_inbox_resumes_from_the_cursors_of_the_address() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server
        .connect("/ws/notifications/", &world.token("7"))
        .await;
    let cursor = loop {
        let frame = client.next_of("subscribed").await;
        if frame["channel"] == "all" {
            break frame["cursor"].as_str().unwrap().to_owned();
        }
    };
    drop(client);
    world.notify("all", "missed").await;
    let path = format!("/ws/notifications/?since=all~{cursor}");
    let mut client = server.connect(&path, &world.token("7")).await;
    assert_eq!(client.titles(1).await, ["missed"]);
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_between_replay_and_live() {
    let world = World::new().await;
    let server = Server::over(
        &world,
        faulty::inject(world.handles.clone(), faulty::Faults::new(3)),
        Settings {
            audit_interval: std::time::Duration::from_millis(50),
            ..Settings::default()
        },
    )
    .await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let mut cursor = client.subscribe("topic:a", None).await["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let publisher = async {
        for title in titles(0..600) {
            append(&world.handles, "topic:a", &title).await;
        }
    };
    let reader = async {
        let mut got = Vec::new();
        while got.len() < 600 {
            let frame = client.next_of("notification").await;
            got.push(frame["data"]["title"].as_str().unwrap().to_owned());
            cursor = frame["cursor"].as_str().unwrap().to_owned();
            if got.len() % 60 == 0 {
                client = server.connect("/ws/", &world.token("7")).await;
                client.subscribe("topic:a", Some(&cursor)).await;
            }
        }
        got
    };
    let ((), got) = tokio::join!(publisher, reader);
    assert_eq!(got, titles(0..600));
}

#[tokio::test]
async fn a_cursor_that_the_log_does_not_know_is_told() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    for title in titles(0..10) {
        world.notify("topic:a", &title).await;
    }
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let head = client.subscribe("topic:a", None).await["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let (epoch, _) = head.split_once('.').unwrap();
    let other_epoch = format!("{:08x}.1.1", u32::from_str_radix(epoch, 16).unwrap() ^ 1);
    for (cursor, reason) in [
        (other_epoch, "epoch_changed"),
        (format!("{epoch}.999999.99"), "cursor_unknown"),
        (format!("{epoch}.1.7"), "cursor_unknown"),
        ("nonsense".to_owned(), "cursor_unknown"),
    ] {
        client
            .send(&json!({"type": "subscribe", "id": "x", "channel": "topic:a", "since": cursor}))
            .await;
        let reset = client.next_of("reset").await;
        assert_eq!(reset["data"]["reason"], reason, "{cursor}");
        let answer = client.next_of("subscribed").await;
        assert_eq!(answer["data"]["recovered"], false);
        assert_eq!(answer["cursor"], json!(head));
    }
    world
        .handles
        .log
        .trim(&Channel::parse("topic:a").unwrap(), 6)
        .await
        .unwrap();
    let old = client
        .subscribe("topic:b", Some(&format!("{epoch}.0.0")))
        .await;
    assert_eq!(old["data"]["recovered"], true);
    client
        .send(&json!({"type": "subscribe", "channel": "topic:a", "since": format!("{epoch}.1.1")}))
        .await;
    assert_eq!(
        client.next_of("reset").await["data"]["reason"],
        "history_trimmed"
    );
}

#[tokio::test]
async fn history_comes_in_pages() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    for title in titles(0..10) {
        world.notify("topic:a", &title).await;
    }
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let mut page = async |frame: serde_json::Value| {
        client.send(&frame).await;
        let answer = client.next_of("history_response").await;
        let items = answer["data"]["items"].as_array().unwrap().clone();
        let numbers: Vec<u64> = items
            .iter()
            .map(|item| item["n"].as_u64().unwrap())
            .collect();
        (numbers, answer["data"]["more"].as_bool().unwrap())
    };
    assert_eq!(
        page(json!({"type": "history", "channel": "topic:a", "limit": 3})).await,
        (vec![8, 9, 10], true)
    );
    let before = json!({"type": "history", "channel": "topic:a", "limit": 3, "before": 4});
    assert_eq!(page(before).await, (vec![1, 2, 3], false));
    let after = json!({"type": "history", "channel": "topic:a", "limit": 3, "after": 4});
    assert_eq!(page(after).await, (vec![5, 6, 7], true));
}

#[tokio::test]
async fn who_subscribes_twice_at_once_hears_everything_once() {
    let world = World::new().await;
    let settings = Settings {
        frames_burst: 1_000,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    client.next_of("welcome").await;
    for round in 0..30 {
        let channel = format!("topic:{}", round % 3);
        for frame in [
            json!({"type": "subscribe", "channel": channel}),
            json!({"type": "unsubscribe", "channel": channel}),
            json!({"type": "subscribe", "channel": channel}),
            json!({"type": "subscribe", "id": "last", "channel": channel}),
        ] {
            client.send(&frame).await;
        }
        loop {
            let frame = client.next().await;
            if frame["id"] == "last" {
                assert_eq!(frame["type"], "subscribed", "{frame}");
                break;
            }
        }
        let title = format!("m{round}");
        world.notify(&channel, &title).await;
        assert_eq!(client.titles(1).await, [title]);
    }
}

#[tokio::test]
async fn many_long_backlogs_at_once_do_not_make_a_good_reader_slow() {
    let world = World::new().await;
    let settings = Settings {
        outbox_frames: 300,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let mut cursors = Vec::new();
    for topic in ["topic:a", "topic:b", "topic:c", "topic:d"] {
        let answer = client.subscribe(topic, None).await;
        cursors.push((topic, answer["cursor"].as_str().unwrap().to_owned()));
    }
    drop(client);
    let padding = "x".repeat(2_000);
    for (topic, _) in &cursors {
        for number in 0..200 {
            world.notify(topic, &format!("m{number} {padding}")).await;
        }
    }
    let mut client = server.connect("/ws/", &world.token("7")).await;
    for (topic, cursor) in &cursors {
        let frame = json!({"type": "subscribe", "channel": topic, "since": cursor});
        client.send(&frame).await;
    }
    assert_eq!(client.titles(800).await.len(), 800);
}
