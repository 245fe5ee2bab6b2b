//! A user may not read a room any more: once every gateway has said so, nothing of it reaches any of his sessions.

use crate::{
    chat::{self, Slow},
    harness::{Client, Server, World},
};
use fanfare_gateway::Settings;
use fanfare_proto::{
    subject,
    wire::{LeaveCommand, LeaveReply, Reply, RoomListReply},
};
use prost::Message as _;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

fn settings(node: &str) -> Settings {
    Settings {
        node: node.to_owned(),
        shards: 2,
        presence_leave: Duration::from_millis(200),
        ..Settings::default()
    }
}

/// Takes `user` out of `room:a` on so many gateways; gives their names once all have answered.
async fn expel(world: &World, user: &str, gateways: usize) -> Vec<String> {
    let command = LeaveCommand {
        channel: "room:a".to_owned(),
        user: user.to_owned(),
    };
    let bus = &world.handles.bus;
    let limit = Duration::from_secs(10);
    let payload = command.encode_to_vec().into();
    let answers = bus.gather(subject::GATEWAY_LEAVE, payload, limit, gateways);
    let answers = answers.await.unwrap();
    let mut nodes: Vec<String> = answers
        .into_iter()
        .map(|bytes| LeaveReply::decode(bytes).unwrap().node)
        .collect();
    nodes.sort_unstable();
    nodes
}

/// All frames until the answer to a ping that is sent now: whatever was on its way has come by then.
async fn rest(client: &mut Client) -> Vec<Value> {
    client.send(&json!({"type": "ping", "id": "rest"})).await;
    let mut frames = Vec::new();
    loop {
        let frame = client.next().await;
        if frame["id"] == "rest" {
            return frames;
        }
        frames.push(frame);
    }
}

fn kinds(frames: &[Value]) -> Vec<&str> {
    frames
        .iter()
        .map(|frame| frame["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn all_sessions_of_the_user_leave_on_every_gateway_and_no_others() {
    let world = World::new().await;
    let _chat = chat::let_in(&world).await;
    let a = Server::start(&world, settings("a")).await;
    let b = Server::start(&world, settings("b")).await;
    let mut own = Vec::new();
    for server in [&a, &a, &b] {
        let mut client = server.connect("/ws/", &world.token("7")).await;
        let frame = json!({"type": "subscribe", "channel": "room:a", "presence": true});
        client.send(&frame).await;
        client.next_of("subscribed").await;
        client.subscribe("room:b", None).await;
        own.push(client);
    }
    let mut other = a.connect("/ws/", &world.token("8")).await;
    let frame = json!({"type": "subscribe", "channel": "room:a", "presence": true});
    other.send(&frame).await;
    other.next_of("subscribed").await;
    assert_eq!(expel(&world, "7", 2).await, ["a", "b"]);
    world.notify("room:a", "no").await;
    world.notify("room:b", "yes").await;
    for client in &mut own {
        let left = client.next_of("unsubscribed").await;
        assert_eq!(
            (&left["channel"], &left["id"]),
            (&json!("room:a"), &Value::Null)
        );
        assert_eq!(client.titles(1).await, ["yes"]);
    }
    assert_eq!(other.next_of("left").await["data"]["user"], "7");
    let again = json!({"type": "unsubscribe", "id": "u", "channel": "room:a"});
    own[0].send(&again).await;
    assert_eq!(own[0].next_of("error").await["code"], "not_found");
}

#[tokio::test]
async fn who_was_let_in_before_does_not_begin_to_read_after() {
    let world = World::new().await;
    let server = Server::start(&world, settings("a")).await;
    let rights = Slow::serve(&world, subject::CHAT_RIGHTS, |_request| chat::rights(true)).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let frame = json!({"type": "subscribe", "id": "s", "channel": "room:a"});
    client.send(&frame).await;
    rights.asked().await;
    expel(&world, "7", 1).await;
    rights.go();
    let refused = client.next_of("error").await;
    assert_eq!(
        (&refused["id"], &refused["code"]),
        (&json!("s"), &json!("forbidden"))
    );
    assert_eq!(client.next_of("unsubscribed").await["channel"], "room:a");
    world.notify("room:a", "no").await;
    assert!(rest(&mut client).await.is_empty());
    // He may ask again, and is let in again: that was asked later.
    client.send(&frame).await;
    rights.asked().await;
    rights.go();
    assert_eq!(client.next_of("subscribed").await["id"], "s");
    world.notify("room:a", "yes").await;
    assert_eq!(client.titles(1).await, ["yes"]);
}

#[tokio::test]
async fn a_list_of_rooms_from_before_lets_nobody_in_after() {
    let world = World::new().await;
    let server = Server::start(&world, settings("a")).await;
    let is_member = Arc::new(AtomicBool::new(true));
    let may_read = Arc::clone(&is_member);
    let _rights = chat::serve(&world, subject::CHAT_RIGHTS, move |_request| {
        chat::rights(may_read.load(Ordering::SeqCst))
    })
    .await;
    let cursor = world.cursor("room:a").await;
    let list = Slow::serve(&world, subject::CHAT_ROOMS, move |_request| {
        Reply::ok(&RoomListReply {
            channels: vec!["room:a".to_owned()],
            cursors: vec![cursor.clone()],
            data: json!({"rooms": [], "more": false}).to_string().into(),
            next: String::new(),
        })
    })
    .await;
    let mut client = server.connect("/ws/chat/", &world.token("7")).await;
    list.asked().await;
    is_member.store(false, Ordering::SeqCst);
    expel(&world, "7", 1).await;
    world.notify("room:a", "no").await;
    list.go();
    client.next_of("rooms").await;
    assert_eq!(client.next_of("error").await["code"], "forbidden");
    assert_eq!(client.next_of("unsubscribed").await["channel"], "room:a");
    world.notify("room:a", "no").await;
    assert!(rest(&mut client).await.is_empty());
}

/// Whatever is under way in the gateway when the command comes: a question, an attachment, a replay.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_slips_through_under_load() {
    const ROUNDS: usize = 60;
    const CLIENTS: usize = 8;
    let world = World::new().await;
    let settings = Settings {
        frames_burst: 10_000,
        ..settings("a")
    };
    let server = Server::start(&world, settings).await;
    let is_member = Arc::new(AtomicBool::new(true));
    let may_read = Arc::clone(&is_member);
    let _rights = chat::serve(&world, subject::CHAT_RIGHTS, move |_request| {
        chat::rights(may_read.load(Ordering::SeqCst))
    })
    .await;
    let begin = world.cursor("room:a").await;
    for title in 0..100 {
        world.notify("room:a", &format!("m{title}")).await;
    }
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = server.connect("/ws/", &world.token("7")).await;
        client.next_of("welcome").await;
        clients.push(client);
    }
    for round in 0..ROUNDS {
        is_member.store(true, Ordering::SeqCst);
        for (index, client) in clients.iter_mut().enumerate() {
            let mut frame = json!({"type": "subscribe", "channel": "room:a"});
            if index % 2 == 0 {
                frame["since"] = json!(begin);
            }
            client.send(&frame).await;
        }
        for _ in 0..round % 16 {
            tokio::task::yield_now().await;
        }
        is_member.store(false, Ordering::SeqCst);
        expel(&world, "7", 1).await;
        let first_n = world.notify("room:a", "secret").await.position.n;
        for client in &mut clients {
            let frames = rest(client).await;
            let is_secret = |frame: &Value| frame["n"].as_u64().is_some_and(|n| n >= first_n);
            assert!(!frames.iter().any(is_secret), "round {round}: {frames:?}");
            let kinds = kinds(&frames);
            let last = kinds.iter().rposition(|kind| *kind == "subscribed");
            let left = kinds.iter().rposition(|kind| *kind == "unsubscribed");
            assert!(last.is_none() || left > last, "round {round}: {kinds:?}");
        }
    }
}
