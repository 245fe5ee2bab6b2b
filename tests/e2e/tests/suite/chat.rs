//! Chat as its users have it: the real binary, over sockets and HTTP.

use fanfare_e2e::{Api, Server, Socket};
use reqwest::Method;
use serde_json::{Value, json};

async fn call(api: &Api, token: &str, method: Method, path: &str, body: Value) -> Value {
    let answer = api.call(method, path, token, &[], &body).await;
    assert!(
        (200..300).contains(&answer.status),
        "{path}: {}",
        answer.body
    );
    answer.body
}

/// A private room that `owner` has made and the others have joined.
async fn room(api: &Api, owner: &str, others: &[&str]) -> String {
    let body = json!({"kind": "private", "name": "Lab"});
    let token = api.token(owner).await;
    let room = call(api, &token, Method::POST, "/v1/rooms", body).await;
    let id = room["id"].as_str().expect("a room has an id").to_owned();
    for user in others {
        let path = format!("/v1/rooms/{id}/members/{user}");
        call(api, &token, Method::PUT, &path, json!({})).await;
        let own = api.token(user).await;
        let path = format!("/v1/rooms/{id}/join");
        call(api, &own, Method::POST, &path, json!({})).await;
    }
    id
}

async fn device(server: &Server, user: &str) -> Socket {
    let token = server.api().token(user).await;
    server.upgrade("/ws/chat/").bearer(&token).welcomed().await
}

/// Waits until the room of the start is subscribed.
async fn settled(socket: &mut Socket, channel: &str) -> Value {
    socket
        .find("its room", |frame| {
            frame["type"] == "subscribed" && frame["channel"] == channel
        })
        .await
}

async fn publish(socket: &mut Socket, channel: &str, content: &str) -> u64 {
    let frame = json!({"type": "publish", "channel": channel, "content": content});
    let answer = socket.ask(frame).await;
    answer["data"]["n"]
        .as_u64()
        .unwrap_or_else(|| panic!("{answer}"))
}

/// What `events` of a room a client hears, as `type content`.
async fn hears(socket: &mut Socket, count: usize) -> Vec<String> {
    let of_room = ["message", "edited", "deleted", "reaction"];
    let mut heard = Vec::new();
    while heard.len() < count {
        let frame = socket
            .find("an entry of the room", |frame| {
                of_room.iter().any(|kind| frame["type"] == *kind)
            })
            .await;
        let data = &frame["data"];
        let what = data["content"].as_str().or(data["emoji"].as_str());
        let kind = frame["type"].as_str().unwrap_or_default();
        heard.push(
            format!("{kind} {}", what.unwrap_or_default())
                .trim_end()
                .to_owned(),
        );
    }
    heard
}

#[tokio::test]
async fn two_users_talk_on_three_devices_and_miss_nothing() {
    let server = Server::start().await;
    let id = room(server.api(), "alice", &["bob"]).await;
    let channel = format!("room:{id}");
    let mut phone = device(&server, "alice").await;
    let rooms = phone.frame("rooms").await;
    assert_eq!(rooms["data"]["rooms"][0]["channel"], channel, "{rooms}");
    assert_eq!(rooms["data"]["rooms"][0]["role"], "owner", "{rooms}");
    settled(&mut phone, &channel).await;
    let mut desk = device(&server, "alice").await;
    settled(&mut desk, &channel).await;
    let mut bob = device(&server, "bob").await;
    settled(&mut bob, &channel).await;

    let first = publish(&mut phone, &channel, "hello @bob").await;
    for device in [&mut desk, &mut bob] {
        let message = device.frame("message").await;
        assert_eq!(message["data"]["content"], "hello @bob", "{message}");
        assert_eq!(message["data"]["mentions"], json!(["bob"]), "{message}");
        assert_eq!(message["n"], first);
    }
    let told = bob.frame("notification").await;
    assert_eq!(told["data"]["msg_type"], "mention", "{told}");
    assert_eq!(told["data"]["link_id"], json!(id), "{told}");

    // Bob's network is gone; meanwhile things are said, changed and taken back.
    let cursor = publish_cursor(&mut bob, &channel, "brb").await;
    drop(bob);
    let kept = publish(&mut phone, &channel, "teh plan").await;
    let secret = publish(&mut phone, &channel, "my password is tiger").await;
    let edit = json!({"type": "edit", "channel": channel, "n": kept, "content": "the plan"});
    assert_eq!(phone.ask(edit).await["type"], "published");
    let delete = json!({"type": "delete", "channel": channel, "n": secret});
    assert_eq!(phone.ask(delete).await["type"], "published");
    let react =
        json!({"type": "react", "channel": channel, "n": first, "content": "👍", "on": true});
    assert_eq!(desk.ask(react).await["type"], "published");

    let token = server.api().token("bob").await;
    let back = format!("/ws/chat/?since={channel}~{cursor}");
    let mut bob = server.upgrade(&back).bearer(&token).welcomed().await;
    let subscribed = settled(&mut bob, &channel).await;
    assert_eq!(subscribed["data"]["recovered"], true, "{subscribed}");
    let heard = hears(&mut bob, 4).await;
    // Of the deleted one only that it was: it is gone from the log, unless this node still had it in memory.
    let without: Vec<&String> = heard.iter().filter(|one| !one.contains("tiger")).collect();
    assert_eq!(
        without[..3],
        ["message teh plan", "edited the plan", "deleted"],
        "{heard:?}"
    );

    let history = json!({"type": "history", "channel": channel, "limit": 50});
    let page = bob.ask(history).await;
    let text = page.to_string();
    assert!(
        !text.contains("tiger") && !text.contains("teh plan"),
        "{page}"
    );
    let items = page["data"]["items"].as_array().expect("items");
    let item = |n: u64| {
        let found = items.iter().find(|item| item["n"] == n);
        found.unwrap_or_else(|| panic!("no {n} in {page}"))
    };
    assert_eq!(item(kept)["data"]["content"], "the plan");
    assert!(item(kept)["data"]["edited_at"].is_string());
    assert_eq!(item(secret)["data"]["deleted"]["by"], "alice");
    assert_eq!(
        item(first)["data"]["reactions"],
        json!([{"emoji": "👍", "count": 1, "users": ["alice"]}])
    );

    // Bob writes; Alice reads it on one device, and the count falls on the other.
    let last = publish(&mut bob, &channel, "good").await;
    let read = json!({"type": "read", "channel": channel, "n": last});
    let counts = desk.ask(read).await;
    assert_eq!(counts["type"], "read_response", "{counts}");
    assert_eq!(counts["data"]["unread"], 0, "{counts}");
    let fallen = phone.frame("room_counts").await;
    assert_eq!(fallen["data"]["channel"], channel, "{fallen}");
    assert_eq!(fallen["data"]["unread"], 0, "{fallen}");
    assert_eq!(fallen["data"]["read_n"], last, "{fallen}");
}

async fn publish_cursor(socket: &mut Socket, channel: &str, content: &str) -> String {
    let frame = json!({"type": "publish", "channel": channel, "content": content});
    let answer = socket.ask(frame).await;
    let cursor = answer["data"]["cursor"].as_str();
    cursor.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_private_room() {
    let server = Server::start().await;
    let id = room(server.api(), "alice", &[]).await;
    let mut alice = device(&server, "alice").await;
    settled(&mut alice, &format!("room:{id}")).await;
    let n = publish(&mut alice, &format!("room:{id}"), "between us").await;
    let mut eve = device(&server, "eve").await;
    let frames = |channel: &str| {
        let of = |kind: &str, more: Value| {
            let mut frame = json!({"type": kind, "channel": channel});
            let own = frame.as_object_mut().expect("an object");
            own.extend(more.as_object().expect("an object").clone());
            frame
        };
        vec![
            of("subscribe", json!({})),
            of("subscribe", json!({"presence": true})),
            of("history", json!({})),
            of("history", json!({"around": n})),
            of("presence", json!({})),
            of("publish", json!({"content": "hi"})),
            of("edit", json!({"n": n, "content": "hi"})),
            of("delete", json!({"n": n})),
            of("react", json!({"n": n, "content": "👍", "on": true})),
            of("read", json!({"n": n})),
        ]
    };
    let (real, none) = (frames(&format!("room:{id}")), frames("room:no-such-room"));
    for (of_real, of_none) in real.into_iter().zip(none) {
        let kind = of_real["type"].clone();
        let (mut real, mut none) = (
            eve.ask_patiently(of_real).await,
            eve.ask_patiently(of_none).await,
        );
        for answer in [&mut real, &mut none] {
            answer["timestamp"] = Value::Null;
        }
        assert_eq!(real, none, "{kind}");
        assert_eq!(real["type"], "error", "{kind}");
    }
    let typing = json!({"type": "typing", "channel": format!("room:{id}"), "on": true});
    eve.send(&typing).await;
    assert_eq!(eve.ask(json!({"type": "ping"})).await["type"], "pong");
    // Not asked for: her own message may come before the answer.
    let last =
        json!({"type": "publish", "channel": format!("room:{id}"), "content": "still alone"});
    alice.send(&last).await;
    let mut kinds = Vec::new();
    loop {
        let frame = alice.next().await.expect("a frame");
        kinds.push(frame["type"].as_str().unwrap_or_default().to_owned());
        if frame["data"]["content"] == "still alone" {
            break;
        }
    }
    assert!(!kinds.contains(&"typing".to_owned()), "{kinds:?}");
}

#[tokio::test]
async fn typing_is_told_to_the_others_and_ends_by_itself() {
    let server = Server::start().await;
    let id = room(server.api(), "alice", &["bob"]).await;
    let channel = format!("room:{id}");
    let mut alice = device(&server, "alice").await;
    let mut bob = device(&server, "bob").await;
    settled(&mut alice, &channel).await;
    settled(&mut bob, &channel).await;
    alice
        .send(&json!({"type": "typing", "channel": channel, "on": true}))
        .await;
    let typing = bob.frame("typing").await;
    assert_eq!(typing["data"]["user"], "alice", "{typing}");
    assert_eq!(typing["data"]["on"], true, "{typing}");
    assert!(
        typing["data"]["expires_in_ms"].as_u64() > Some(0),
        "{typing}"
    );
    // Her own device hears the message, and nothing of her typing before it.
    publish(&mut bob, &channel, "go on").await;
    loop {
        let frame = alice.next().await.expect("a frame");
        assert_ne!(frame["type"], "typing", "{frame}");
        if frame["type"] == "message" {
            break;
        }
    }
}
