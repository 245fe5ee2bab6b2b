//! Who is present, on two gateways around one bus.

use crate::{
    chat,
    faulty_bus::{self, Faults},
    harness::{Client, Server, World},
};
use fanfare_bus::bus::Received;
use fanfare_gateway::Settings;
use fanfare_proto::{
    subject,
    wire::{PresenceChanges, Reply, RoomRightsReply, RoomRightsRequest},
};
use prost::Message as _;
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

const LEAVE: Duration = Duration::from_millis(500);

fn settings(node: &str) -> Settings {
    Settings {
        node: node.to_owned(),
        shards: 2,
        presence_leave: LEAVE,
        presence_users: 5,
        ..Settings::default()
    }
}

/// Two gateways.
async fn pair(world: &World) -> [Server; 2] {
    [
        Server::start(world, settings("a")).await,
        Server::start(world, settings("b")).await,
    ]
}

/// Sends a `presence`, and gives the answer.
async fn ask(client: &mut Client, channel: &str) -> Value {
    let frame = json!({"type": "presence", "id": "p", "channel": channel});
    client.send(&frame).await;
    loop {
        let answer = client.next().await;
        if answer["id"] == "p" {
            return answer;
        }
    }
}

fn users(answer: &Value) -> Vec<&str> {
    let users = answer["data"]["users"].as_array();
    let users = users.unwrap_or_else(|| panic!("no users in {answer}"));
    users
        .iter()
        .map(|own| own["user"].as_str().unwrap())
        .collect()
}

/// A client that is present in `channel`, and knows who else is.
async fn enter(world: &World, server: &Server, user: &str, channel: &str) -> Client {
    let token = world.token_with(user, |identity| {
        identity.name = Some(user.to_uppercase());
    });
    let mut client = server.connect("/ws/", &token).await;
    let frame = json!({"type": "subscribe", "id": "s", "channel": channel, "presence": true});
    client.send(&frame).await;
    assert_eq!(client.next_of("subscribed").await["id"], "s");
    ask(&mut client, channel).await;
    client
}

/// Who came and went until `last`, which is the last of them.
async fn edges(client: &mut Client, last: &str) -> Vec<String> {
    let mut edges: Vec<String> = Vec::new();
    while edges.last().is_none_or(|edge| edge != last) {
        let frame = client.next().await;
        let kind = frame["type"].as_str().unwrap();
        if ["joined", "left"].contains(&kind) {
            let user = frame["data"]["user"].as_str().unwrap();
            edges.push(format!("{kind} {user}"));
        }
    }
    edges
}

#[tokio::test]
async fn those_who_are_present_see_each_other_on_every_gateway() {
    let world = World::new().await;
    let [a, b] = pair(&world).await;
    let mut ann = enter(&world, &a, "ann", "topic:x").await;
    let mut bob = enter(&world, &b, "bob", "topic:x").await;
    let joined = ann.next_of("joined").await;
    assert_eq!(joined["channel"], "topic:x");
    assert_eq!(joined["data"], json!({"user": "bob", "name": "BOB"}));
    for client in [&mut ann, &mut bob] {
        let answer = ask(client, "topic:x").await;
        assert_eq!(answer["type"], "presence_response");
        assert_eq!(answer["data"]["count"], 2);
        assert_eq!(users(&answer), ["ann", "bob"]);
    }
    let mut second = enter(&world, &b, "bob", "topic:x").await;
    let leave = json!({"type": "unsubscribe", "channel": "topic:x"});
    bob.send(&leave).await;
    bob.next_of("unsubscribed").await;
    let _marker = enter(&world, &b, "cy", "topic:x").await;
    assert_eq!(edges(&mut ann, "joined cy").await, ["joined cy"]);
    second.send(&leave).await;
    assert_eq!(edges(&mut ann, "left bob").await, ["left bob"]);
    assert_eq!(users(&ask(&mut ann, "topic:x").await), ["ann", "cy"]);
}

#[tokio::test]
async fn who_subscribes_without_presence_is_neither_shown_nor_told_but_may_ask() {
    let world = World::new().await;
    let [a, b] = pair(&world).await;
    let mut plain = b.connect("/ws/", &world.token("plain")).await;
    plain.subscribe("topic:x", None).await;
    let mut here = a.connect("/ws/", &world.token("here")).await;
    here.subscribe("topic:x", None).await;
    let mut ann = enter(&world, &a, "ann", "topic:x").await;
    let answer = ask(&mut plain, "topic:x").await;
    assert_eq!(users(&answer), ["ann"]);
    let _bob = enter(&world, &a, "bob", "topic:x").await;
    edges(&mut ann, "joined bob").await;
    world.notify("topic:x", "after").await;
    for client in [&mut plain, &mut here] {
        let next = client.next().await;
        assert_eq!(next["type"], "notification", "{next}");
    }
    assert_eq!(ann.next_of("notification").await["n"], 1);
}

#[tokio::test]
async fn who_comes_back_in_time_on_any_gateway_was_never_away() {
    let world = World::new().await;
    let [a, b] = pair(&world).await;
    let mut ann = enter(&world, &a, "ann", "topic:x").await;
    let bob = enter(&world, &b, "bob", "topic:x").await;
    edges(&mut ann, "joined bob").await;
    drop(bob);
    let bob = enter(&world, &b, "bob", "topic:x").await;
    drop(bob);
    let _bob = enter(&world, &a, "bob", "topic:x").await;
    // What he left behind on the gateway before him ends before what another leaves there later.
    let cy = enter(&world, &b, "cy", "topic:x").await;
    drop(cy);
    let seen = edges(&mut ann, "left cy").await;
    assert_eq!(seen, ["joined cy", "left cy"]);
}

#[tokio::test]
async fn a_drained_gateway_takes_only_those_with_it_who_do_not_come_back() {
    let world = World::new().await;
    let [a, b] = pair(&world).await;
    let mut ann = enter(&world, &a, "ann", "topic:x").await;
    let mut bob = enter(&world, &b, "bob", "topic:x").await;
    let mut cy = enter(&world, &b, "cy", "topic:x").await;
    edges(&mut ann, "joined cy").await;
    tokio::join!(b.gateway.drain(), bob.closed(), cy.closed());
    let _bob = enter(&world, &a, "bob", "topic:x").await;
    assert_eq!(edges(&mut ann, "left cy").await, ["left cy"]);
    let _marker = enter(&world, &a, "di", "topic:x").await;
    assert_eq!(edges(&mut ann, "joined di").await, ["joined di"]);
}

#[tokio::test]
async fn a_gateway_that_vanishes_leaves_no_ghosts() {
    let world = World::new().await;
    let [a, b] = pair(&world).await;
    let mut ann = enter(&world, &a, "ann", "topic:x").await;
    let _bob = enter(&world, &b, "bob", "topic:x").await;
    let _cy = enter(&world, &b, "cy", "topic:x").await;
    edges(&mut ann, "joined cy").await;
    let killed = Instant::now();
    b.kill().await;
    let _bob = enter(&world, &a, "bob", "topic:x").await;
    assert_eq!(edges(&mut ann, "left cy").await, ["left cy"]);
    let lease = Duration::from_millis(subject::GATEWAY_LEASE_MS);
    let interval = Duration::from_millis(subject::GATEWAY_HERE_INTERVAL_MS);
    assert!(killed.elapsed() > lease - interval, "only its silence told");
    assert_eq!(users(&ask(&mut ann, "topic:x").await), ["ann", "bob"]);
    let _marker = enter(&world, &a, "di", "topic:x").await;
    assert_eq!(edges(&mut ann, "joined di").await, ["joined di"]);
}

#[tokio::test]
async fn a_change_that_was_lost_is_found() {
    let world = World::new().await;
    let faults = Arc::new(Faults::default());
    let a = Server::start(&world, settings("a")).await;
    let handles = faulty_bus::inject(&world.handles, &faults);
    let b = Server::over(&world, handles, settings("b")).await;
    let mut ann = enter(&world, &a, "ann", "topic:x").await;
    // By the next change.
    faults.lost_changes.store(1, Ordering::SeqCst);
    let _bob = enter(&world, &b, "bob", "topic:x").await;
    let _cy = enter(&world, &b, "cy", "topic:x").await;
    let mut seen = vec![ann.next_of("joined").await, ann.next_of("joined").await];
    seen.retain(|frame| frame["data"]["user"] == "bob");
    assert_eq!(seen.len(), 1);
    // By what the gateway says when it says that it is here.
    faults.lost_changes.store(1, Ordering::SeqCst);
    let _di = enter(&world, &b, "di", "topic:x").await;
    assert_eq!(edges(&mut ann, "joined di").await, ["joined di"]);
    assert!(a.counter("fanfare_gateway_presence_gaps_total") >= 2);
}

#[tokio::test]
async fn who_hears_nobody_takes_nobody_for_gone() {
    let world = World::new().await;
    let faults = Arc::new(Faults::default());
    let handles = faulty_bus::inject(&world.handles, &faults);
    let a = Server::over(&world, handles, settings("a")).await;
    let b = Server::start(&world, settings("b")).await;
    let mut ann = enter(&world, &a, "ann", "topic:x").await;
    let _bob = enter(&world, &b, "bob", "topic:x").await;
    edges(&mut ann, "joined bob").await;
    faults.is_deaf.store(true, Ordering::SeqCst);
    let _cy = enter(&world, &b, "cy", "topic:x").await;
    // As long as its deafness must last to be longer than a lease: nothing else tells that a lease is over.
    tokio::time::sleep(Duration::from_millis(subject::GATEWAY_LEASE_MS + 1_000)).await;
    faults.is_deaf.store(false, Ordering::SeqCst);
    assert_eq!(edges(&mut ann, "joined cy").await, ["joined cy"]);
}

#[tokio::test]
async fn too_many_are_counted_and_named_again_when_they_are_few() {
    let world = World::new().await;
    let [a, b] = pair(&world).await;
    let mut ann = enter(&world, &a, "u0", "topic:x").await;
    let mut others = Vec::new();
    for number in 1..=5 {
        let server = if number % 2 == 0 { &a } else { &b };
        others.push(enter(&world, server, &format!("u{number}"), "topic:x").await);
    }
    let counted = ann.next_of("presence").await;
    assert_eq!(counted["data"], json!({"count": 6}));
    let answer = ask(&mut others[0], "topic:x").await;
    assert_eq!(answer["data"], json!({"count": 6}));
    let mut stranger = b.connect("/ws/", &world.token("stranger")).await;
    let answer = ask(&mut stranger, "topic:x").await;
    assert_eq!(answer["data"], json!({"count": 6}));
    others.truncate(3);
    let named = loop {
        let told = ann.next().await;
        assert!(told["type"] == "presence", "nobody is told apart: {told}");
        if told["data"]["users"].is_array() {
            break told;
        }
    };
    assert_eq!(users(&named), ["u0", "u1", "u2", "u3"]);
    let _back = enter(&world, &b, "u4", "topic:x").await;
    assert_eq!(edges(&mut ann, "joined u4").await, ["joined u4"]);
}

#[tokio::test]
async fn a_channel_that_one_gateway_alone_fills_is_counted_everywhere() {
    let world = World::new().await;
    let [a, b] = pair(&world).await;
    let mut ann = enter(&world, &a, "ann", "topic:x").await;
    let mut others = Vec::new();
    for number in 0..6 {
        others.push(enter(&world, &b, &format!("u{number}"), "topic:x").await);
    }
    let counts = async |ann: &mut Client, last: u64| {
        while ann.next_of("presence").await["data"]["count"] != last {}
    };
    counts(&mut ann, 7).await;
    let bus = &world.handles.bus;
    let mut changes = bus
        .subscribe(subject::GATEWAY_PRESENCE_CHANGES)
        .await
        .unwrap();
    others.push(enter(&world, &b, "u6", "topic:x").await);
    counts(&mut ann, 8).await;
    let Some(Received::Message(message)) = changes.next().await else {
        panic!("something was told");
    };
    let told = PresenceChanges::decode(message.payload).unwrap();
    assert!(told.edges.is_empty(), "numbers instead of edges");
    assert_eq!(
        (told.channels[0].count, told.channels[0].users.len()),
        (7, 0)
    );
    others.truncate(2);
    let named = loop {
        let told = ann.next_of("presence").await;
        if told["data"]["users"].is_array() {
            break told;
        }
    };
    assert_eq!(users(&named), ["ann", "u0", "u1"]);
}

#[tokio::test]
async fn who_may_not_read_a_channel_learns_nothing_of_it() {
    let world = World::new().await;
    let server = Server::start(&world, settings("a")).await;
    let token = world.token_with("ann", |identity| identity.channels.clear());
    let mut ann = server.connect("/ws/", &token).await;
    for (channel, code) in [
        ("topic:x", "forbidden"),
        // Nobody answers for rooms here.
        ("room:x", "unavailable"),
        ("user:ann", "bad_message"),
        ("group:ops", "bad_message"),
        ("all", "bad_message"),
        ("system:metrics", "bad_message"),
    ] {
        let answer = ask(&mut ann, channel).await;
        assert_eq!(answer["code"], code, "{answer}");
        let frame = json!({"type": "subscribe", "id": "p", "channel": channel, "presence": true});
        ann.send(&frame).await;
        let answer = ann.next().await;
        assert_eq!(answer["code"], code, "{answer}");
    }
    let refusing = chat::serve(&world, subject::CHAT_RIGHTS, |_request| chat::rights(false));
    let refusing = refusing.await;
    assert_eq!(ask(&mut ann, "room:x").await["code"], "forbidden");
    drop(refusing);
    let _allowing = chat::let_in(&world).await;
    let mut bob = enter(&world, &server, "bob", "room:x").await;
    let answer = ask(&mut ann, "room:x").await;
    assert_eq!(users(&answer), ["bob"]);
    assert_eq!(ask(&mut bob, "room:x").await["data"]["count"], 1);
}

#[tokio::test]
async fn who_does_not_want_to_be_shown_sees_the_others_and_is_not_counted() {
    let world = World::new().await;
    let [a, b] = pair(&world).await;
    let _chat = chat::serve(&world, subject::CHAT_RIGHTS, |payload| {
        let request = RoomRightsRequest::decode(payload).unwrap();
        Reply::ok(&RoomRightsReply {
            read: true,
            write: true,
            invisible: request.caller.unwrap().user == "ghost",
        })
    })
    .await;
    // Alone at first: nobody who is shown makes his gateway watch the room.
    let mut ghost = enter(&world, &a, "ghost", "room:x").await;
    assert_eq!(ask(&mut ghost, "room:x").await["data"]["count"], 0);
    let mut ann = enter(&world, &b, "ann", "room:x").await;
    assert_eq!(edges(&mut ghost, "joined ann").await, ["joined ann"]);
    let mut bob = enter(&world, &a, "bob", "room:x").await;
    assert_eq!(edges(&mut ghost, "joined bob").await, ["joined bob"]);
    for client in [&mut ghost, &mut ann, &mut bob] {
        let answer = ask(client, "room:x").await;
        assert_eq!(answer["data"]["count"], 2);
        assert_eq!(users(&answer), ["ann", "bob"]);
    }
    drop(bob);
    assert_eq!(edges(&mut ghost, "left bob").await, ["left bob"]);
    let second = enter(&world, &a, "ghost", "room:x").await;
    drop(second);
    let leave = json!({"type": "unsubscribe", "channel": "room:x"});
    ghost.send(&leave).await;
    ghost.next_of("unsubscribed").await;
    let _marker = enter(&world, &a, "cy", "room:x").await;
    let seen = edges(&mut ann, "joined cy").await;
    assert_eq!(seen, ["left bob", "joined cy"]);
}
