//! Several channels in one drain: one write for each connection, and the order of each channel.

use crate::harness::{Client, Server, World, append, titles};
use fanfare_gateway::Settings;
use futures_util::future::join_all;
use std::collections::HashMap;

const CHANNELS: [&str; 5] = ["topic:a", "topic:b", "topic:c", "user:7", "all"];

const ROUNDS: usize = 100;

async fn reader(server: &Server, token: &str, channels: &[&str]) -> Client {
    let mut client = server.connect("/ws/", token).await;
    for channel in channels {
        client.subscribe(channel, None).await;
    }
    client
}

/// Reads the titles of all rounds, by channel.
async fn by_channel(client: &mut Client, channels: usize) -> HashMap<String, Vec<String>> {
    let mut titles: HashMap<String, Vec<String>> = HashMap::new();
    for title in client.titles(ROUNDS * channels).await {
        let (channel, number) = title.split_once(' ').unwrap();
        titles
            .entry(channel.to_owned())
            .or_default()
            .push(number.to_owned());
    }
    titles
}

#[tokio::test]
async fn each_channel_keeps_its_order_and_a_connection_gets_one_write() {
    let world = World::new().await;
    let settings = Settings {
        shards: 2,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut all = reader(&server, &world.token("7"), &CHANNELS).await;
    let mut some = reader(&server, &world.token("8"), &CHANNELS[1..3]).await;
    let mut one = reader(&server, &world.token("9"), &["all"]).await;
    for round in 0..ROUNDS {
        let appends = CHANNELS.map(|channel| {
            let world = &world;
            async move { world.notify(channel, &format!("{channel} {round}")).await }
        });
        join_all(appends).await;
    }
    let in_order: Vec<String> = (0..ROUNDS).map(|round| round.to_string()).collect();
    for (client, channels) in [
        (&mut all, &CHANNELS[..]),
        (&mut some, &CHANNELS[1..3]),
        (&mut one, &["all"][..]),
    ] {
        let titles = by_channel(client, channels.len()).await;
        assert_eq!(titles.len(), channels.len());
        for channel in channels {
            assert_eq!(titles[*channel], in_order, "{channel}");
        }
    }
    let frames = server.counter("fanfare_gateway_frames_sent_total{outcome=\"written\"}");
    let writes = server.counter("fanfare_gateway_writes_total");
    assert_eq!(frames, (ROUNDS * (5 + 2 + 1)) as u64);
    // Entries that were committed together are drained together.
    assert!(writes < frames, "{writes} writes of {frames} frames");
}

#[tokio::test]
async fn what_comes_during_a_fan_out_reaches_everybody_once_and_in_order() {
    const READERS: usize = 150;
    const ENTRIES: usize = 200;
    let world = World::new().await;
    let settings = Settings {
        shards: 1,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut readers = Vec::new();
    for reader in 0..READERS {
        let token = world.token(&reader.to_string());
        let mut client = server.connect("/ws/", &token).await;
        client.subscribe("topic:a", None).await;
        readers.push(client);
    }
    for title in titles(0..ENTRIES) {
        append(&world.handles, "topic:a", &title).await;
    }
    for client in &mut readers {
        assert_eq!(client.titles(ENTRIES).await, titles(0..ENTRIES));
    }
    append(&world.handles, "topic:a", "last").await;
    for client in &mut readers {
        assert_eq!(client.titles(1).await, ["last"]);
    }
}
