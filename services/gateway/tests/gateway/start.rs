//! How `/ws/chat` begins.

use crate::{
    chat::{self, Slow},
    harness::{Client, Server, World},
};
use bytes::Bytes;
use fanfare_gateway::Settings;
use fanfare_proto::{
    Channel, subject,
    wire::{Event, Reply, RoomListReply, RoomListRequest},
};
use prost::Message as _;
use serde_json::{Value, json};
use std::sync::Arc;

/// A page of rooms, each with where it stands.
async fn page(world: &World, rooms: &[&str], next: &str) -> RoomListReply {
    let mut cursors = Vec::new();
    for room in rooms {
        cursors.push(world.cursor(room).await);
    }
    RoomListReply {
        channels: rooms.iter().map(|room| (*room).to_owned()).collect(),
        cursors,
        data: json!({"rooms": rooms, "more": !next.is_empty()})
            .to_string()
            .into(),
        next: next.to_owned(),
    }
}

/// Answers with the pages, by where they begin.
fn pages(pages: Vec<(&'static str, RoomListReply)>) -> impl Fn(Bytes) -> Reply + Send + Sync {
    move |payload| {
        let request = RoomListRequest::decode(payload).unwrap();
        let page = pages.iter().find(|(after, _)| *after == request.after);
        let (_, page) = page.unwrap_or_else(|| panic!("no page begins at {:?}", request.after));
        Reply::ok(page)
    }
}

/// What comes until the channel is subscribed: types with channels.
async fn until_subscribed(client: &mut Client, last: &str) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    loop {
        let frame = client.next().await;
        let kind = frame["type"].as_str().unwrap();
        let channel = frame["channel"].as_str().unwrap_or_default();
        seen.push(format!("{kind} {channel}").trim_end().to_owned());
        if kind == "subscribed" && channel == last {
            return seen;
        }
    }
}

#[tokio::test]
async fn the_own_channel_comes_first_then_each_page_of_rooms_and_its_rooms() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let first = page(&world, &["room:a", "room:b"], "next").await;
    let second = page(&world, &["room:c"], "").await;
    let list = pages(vec![("", first), ("next", second)]);
    let _chat = chat::serve(&world, subject::CHAT_ROOMS, list).await;
    let mut client = server.connect("/ws/chat/", &world.token("7")).await;
    let mut lists = Vec::new();
    let mut seen = Vec::new();
    while lists.len() < 2 {
        let frame = client.next().await;
        let kind = frame["type"].as_str().unwrap().to_owned();
        if kind == "rooms" {
            lists.push(frame["data"].clone());
        }
        seen.push(format!("{kind} {}", frame["channel"]));
    }
    let subscribed = |channel: &str| format!("subscribed \"{channel}\"");
    let expected = [
        "welcome null".to_owned(),
        subscribed("user:7"),
        "rooms null".to_owned(),
        subscribed("room:a"),
        subscribed("room:b"),
        "rooms null".to_owned(),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        lists[0],
        json!({"rooms": ["room:a", "room:b"], "more": true})
    );
    assert_eq!(lists[1], json!({"rooms": ["room:c"], "more": false}));
    until_subscribed(&mut client, "room:c").await;
    for room in ["user:7", "room:a", "room:c"] {
        world.notify(room, room).await;
    }
    assert_eq!(client.titles(3).await, ["user:7", "room:a", "room:c"]);
}

#[tokio::test]
async fn what_happens_after_the_list_is_not_missed() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    world.notify("room:a", "in the list").await;
    let list = pages(vec![("", page(&world, &["room:a"], "").await)]);
    let chat = Slow::serve(&world, subject::CHAT_ROOMS, list).await;
    let mut client = server.connect("/ws/chat/", &world.token("7")).await;
    chat.asked().await;
    // The list is written, and not there yet.
    world.notify("room:a", "later").await;
    let own = Channel::parse("user:7").unwrap();
    let membership = Event {
        channel: own.name().to_owned(),
        r#type: "room_membership".to_owned(),
        ..Event::default()
    };
    let payload = membership.encode_to_vec().into();
    let bus = &world.handles.bus;
    bus.publish(&subject::event(&own), payload).await.unwrap();
    client.next_of("room_membership").await;
    chat.go();
    assert_eq!(client.titles(1).await, ["later"]);
    world.notify("room:a", "live").await;
    assert_eq!(client.titles(1).await, ["live"]);
}

#[tokio::test]
async fn a_client_that_comes_back_begins_where_it_left_off() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let own = world.cursor("room:a").await;
    world.notify("room:a", "missed").await;
    let list = pages(vec![("", page(&world, &["room:a", "room:b"], "").await)]);
    let _chat = chat::serve(&world, subject::CHAT_ROOMS, list).await;
    let path = format!("/ws/chat/?since=room:a~{own},room:b~nonsense");
    let mut client = server.connect(&path, &world.token("7")).await;
    assert_eq!(client.titles(1).await, ["missed"]);
    let reset = client.next_of("reset").await;
    assert_eq!(reset["channel"], "room:b");
}

#[tokio::test]
async fn without_a_list_the_rest_is_there() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/chat", &world.token("7")).await;
    let error = client.next_of("error").await;
    assert_eq!(
        (&error["code"], &error["id"]),
        (&json!("unavailable"), &Value::Null)
    );
    world.notify("user:7", "mine").await;
    assert_eq!(client.titles(1).await, ["mine"]);
    let _chat = chat::let_in(&world).await;
    client.subscribe("room:a", None).await;
    world.notify("room:a", "yes").await;
    assert_eq!(client.titles(1).await, ["yes"]);
}

/// A hundred rooms, each of which has missed something, and a client that asks for all it may meanwhile.
#[tokio::test]
async fn many_rooms_do_not_crowd_out_what_the_client_asks_itself() {
    const ROOMS: usize = 100;
    let world = Arc::new(World::new().await);
    let settings = Settings {
        frames_burst: 1_000,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let names: Vec<String> = (0..ROOMS).map(|room| format!("room:{room}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let list = page(&world, &names, "").await;
    for name in &names {
        world.notify(name, name).await;
    }
    let _chat = chat::serve(&world, subject::CHAT_ROOMS, pages(vec![("", list)])).await;
    let mut client = server.connect("/ws/chat/", &world.token("7")).await;
    client.next_of("rooms").await;
    for id in 0..60 {
        client
            .send(&json!({"type": "system_info", "id": id.to_string()}))
            .await;
    }
    let (mut answers, mut titles) = (0, Vec::new());
    while answers < 60 || titles.len() < ROOMS {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "system_info_response" => answers += 1,
            "notification" => titles.push(frame["data"]["title"].clone()),
            "subscribed" => {}
            other => panic!("{other}: {frame}"),
        }
    }
    assert_eq!(json!(titles), json!(names));
}

#[tokio::test]
async fn of_too_many_rooms_the_first_are_read_and_the_rest_is_listed() {
    let world = World::new().await;
    let settings = Settings {
        subscriptions: 3,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let first = page(&world, &["room:a", "room:b", "room:c"], "next").await;
    let second = page(&world, &["room:d"], "").await;
    let list = pages(vec![("", first), ("next", second)]);
    let _chat = chat::serve(&world, subject::CHAT_ROOMS, list).await;
    let mut client = server.connect("/ws/chat/", &world.token("7")).await;
    assert_eq!(
        until_subscribed(&mut client, "room:b").await[2..],
        ["rooms", "subscribed room:a", "subscribed room:b"]
    );
    let error = client.next().await;
    assert_eq!(error["code"], "rate_limited", "{error}");
    assert_eq!(client.next().await["data"]["rooms"], json!(["room:d"]));
    client.send(&json!({"type": "ping"})).await;
    assert_eq!(client.next().await["type"], "pong", "one error says it all");
}
