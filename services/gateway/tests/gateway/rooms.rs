//! Rooms: what a gateway asks of the chat service and passes on, and what it delivers of them.

use crate::{
    chat::{self, Slow},
    harness::{Client, Server, World},
};
use fanfare_bus::{bus::Received, log::Append, log::Expect};
use fanfare_gateway::Settings;
use fanfare_proto::{
    Channel, ErrorCode, subject,
    wire::{
        ChangeRequest, Entry, EntryType, Event, HistoryReply, HistoryRequest, MessageRequest,
        PublishReply, ReadReply, ReadRequest, Reply, TypingRequest,
    },
};
use prost::Message as _;
use serde_json::{Value, json};

/// The answer to `frame`, which gets an id.
async fn ask(client: &mut Client, mut frame: Value) -> Value {
    frame["id"] = json!("q");
    client.send(&frame).await;
    loop {
        let answer = client.next().await;
        if answer["id"] == "q" {
            return answer;
        }
    }
}

/// One frame of each type that is asked of the chat service.
fn questions() -> [Value; 6] {
    let of_room = |mut frame: Value| {
        frame["channel"] = json!("room:a");
        frame
    };
    [
        json!({"type": "publish", "content": "x"}),
        json!({"type": "edit", "n": 1, "content": "y"}),
        json!({"type": "delete", "n": 1}),
        json!({"type": "react", "n": 1, "content": "👍", "on": true}),
        json!({"type": "read", "n": 1}),
        json!({"type": "history", "around": 1}),
    ]
    .map(of_room)
}

#[tokio::test]
async fn without_a_chat_service_everything_about_rooms_is_unavailable_at_once() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    for frame in questions() {
        let answer = ask(&mut client, frame).await;
        assert_eq!(answer["code"], "unavailable", "{answer}");
    }
}

#[tokio::test]
async fn what_the_chat_service_answers_is_passed_on() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let published = |n: u64| {
        Reply::ok(&PublishReply {
            n,
            cursor: format!("c{n}"),
        })
    };
    let _message = chat::serve(&world, subject::CHAT_MESSAGE, move |payload| {
        let request = MessageRequest::decode(payload).unwrap();
        assert_eq!(request.caller.unwrap().user, "7");
        published(1)
    })
    .await;
    let _change = chat::serve(&world, subject::CHAT_CHANGE, move |payload| {
        let request = ChangeRequest::decode(payload).unwrap();
        published(request.n + 1)
    })
    .await;
    let _read = chat::serve(&world, subject::CHAT_READ, |payload| {
        let request = ReadRequest::decode(payload).unwrap();
        let data = json!({"channel": request.channel, "read_n": request.n});
        let data = data.to_string().into();
        Reply::ok(&ReadReply { data })
    })
    .await;
    let _history = chat::serve(&world, subject::CHAT_HISTORY, |payload| {
        let request = HistoryRequest::decode(payload).unwrap();
        let data = json!({"items": [], "more": false, "around": request.around});
        let data = data.to_string().into();
        Reply::ok(&HistoryReply { data })
    })
    .await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let mut answers = Vec::new();
    for frame in questions() {
        answers.push(ask(&mut client, frame).await);
    }
    for (answer, n) in answers.iter().zip([1, 2, 2, 2]) {
        assert_eq!(answer["type"], "published");
        assert_eq!(answer["data"], json!({"n": n, "cursor": format!("c{n}")}));
    }
    assert_eq!(answers[4]["type"], "read_response");
    let read = json!({"channel": "room:a", "read_n": 1});
    assert_eq!(answers[4]["data"], read);
    assert_eq!(answers[5]["type"], "history_response");
    assert_eq!(answers[5]["channel"], "room:a");
    let history = json!({"items": [], "more": false, "around": 1});
    assert_eq!(answers[5]["data"], history);
}

#[tokio::test]
async fn a_refusal_of_the_chat_service_keeps_its_code_and_words() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let _message = chat::serve(&world, subject::CHAT_MESSAGE, |_payload| {
        Reply::failure(ErrorCode::Forbidden, "you are muted until noon")
    })
    .await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let message = json!({"type": "publish", "channel": "room:a", "content": "x"});
    let answer = ask(&mut client, message).await;
    assert_eq!(
        (&answer["code"], &answer["message"]),
        (&json!("forbidden"), &json!("you are muted until noon"))
    );
}

#[tokio::test]
async fn typing_reaches_the_chat_service_from_those_only_who_read_the_room() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut told = world
        .handles
        .bus
        .subscribe(subject::CHAT_TYPING)
        .await
        .unwrap();
    let mut next = async || match told.next().await {
        Some(Received::Message(message)) => TypingRequest::decode(message.payload).unwrap(),
        other => panic!("{other:?}"),
    };
    let rights = Slow::serve(&world, subject::CHAT_RIGHTS, |_request| chat::rights(true)).await;
    let typing =
        |id: &str, on: bool| json!({"type": "typing", "id": id, "channel": "room:a", "on": on});
    let mut client = server.connect("/ws/", &world.token("7")).await;
    client.send(&typing("before", true)).await;
    assert_eq!(client.next_of("error").await["id"], "before");
    let subscribe = json!({"type": "subscribe", "channel": "room:a"});
    client.send(&subscribe).await;
    rights.asked().await;
    client.send(&typing("early", true)).await;
    let early = client.next_of("error").await;
    assert_eq!(
        (&early["id"], &early["code"]),
        (&json!("early"), &json!("not_found"))
    );
    rights.go();
    client.next_of("subscribed").await;
    // That one was not told does not keep him silent.
    let mut other = server.connect("/ws/", &world.token("8")).await;
    other.send(&subscribe).await;
    rights.asked().await;
    rights.go();
    other.next_of("subscribed").await;
    other.send(&typing("other", true)).await;
    let first = next().await;
    assert_eq!(first.caller.unwrap().user, "8");
    assert!(first.on && first.channel == "room:a");
    other.send(&typing("again", true)).await;
    other.send(&typing("off", false)).await;
    assert!(!next().await.on, "the one in between came too soon");
}

/// Publishes a `typing` of `user` in `room:a`, which he himself does not get.
async fn types(world: &World, user: &str) {
    let channel = Channel::parse("room:a").unwrap();
    let event = Event {
        channel: channel.name().to_owned(),
        r#type: "typing".to_owned(),
        data: json!({"user": user, "on": true}).to_string().into(),
        except_user: user.to_owned(),
        ..Event::default()
    };
    let payload = event.encode_to_vec().into();
    let bus = &world.handles.bus;
    bus.publish(&subject::event(&channel), payload)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_event_reaches_everybody_but_the_user_that_it_excepts() {
    let world = World::new().await;
    let _chat = chat::let_in(&world).await;
    let settings = Settings {
        shards: 2,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut clients = Vec::new();
    for user in ["7", "7", "8", "8", "9"] {
        let mut client = server.connect("/ws/", &world.token(user)).await;
        client.subscribe("room:a", None).await;
        client.subscribe("room:b", None).await;
        clients.push((user, client));
    }
    types(&world, "7").await;
    types(&world, "8").await;
    types(&world, "nobody").await;
    for (own, client) in &mut clients {
        for user in ["7", "8", "nobody"] {
            if *own != user {
                let frame = client.next().await;
                assert_eq!(
                    (&frame["type"], &frame["data"]["user"]),
                    (&json!("typing"), &json!(user)),
                    "to {own}"
                );
            }
        }
    }
}

async fn append(world: &World, kind: EntryType, body: Value) -> u64 {
    let entry = Entry {
        r#type: kind.into(),
        body: body.to_string().into(),
        ..Entry::default()
    };
    let append = Append {
        channel: Channel::parse("room:a").unwrap(),
        msg_id: None,
        expect: Expect::Any,
        ttl_ms: None,
        payload: entry.encode_to_vec().into(),
        trace: None,
    };
    world.handles.log.append(append).await.unwrap().position.n
}

/// A message and what becomes of it.
async fn conversation(world: &World) {
    append(world, EntryType::Message, json!({"content": "a"})).await;
    append(world, EntryType::Edit, json!({"n": 1, "content": "b"})).await;
    append(world, EntryType::Reaction, json!({"n": 1, "emoji": "x"})).await;
    append(world, EntryType::Room, json!({"change": "renamed"})).await;
}

async fn kinds(client: &mut Client, count: usize) -> Vec<String> {
    let mut kinds = Vec::new();
    while kinds.len() < count {
        let frame = client.next().await;
        if frame["cursor"].is_string() && frame["type"] != "subscribed" {
            kinds.push(format!(
                "{} {}",
                frame["type"].as_str().unwrap(),
                frame["n"]
            ));
        }
    }
    kinds
}

const CONVERSATION: [&str; 4] = ["message 1", "edited 2", "reaction 3", "room 4"];

#[tokio::test]
async fn what_becomes_of_a_message_is_delivered_and_replayed_like_one() {
    let world = World::new().await;
    let _chat = chat::let_in(&world).await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    let begin = client.subscribe("room:a", None).await["cursor"].clone();
    let begin = begin.as_str();
    conversation(&world).await;
    assert_eq!(kinds(&mut client, 4).await, CONVERSATION);
    let from_memory = r#"fanfare_gateway_replayed_total{source="ring"}"#;
    let from_the_log = r#"fanfare_gateway_replayed_total{source="log"}"#;
    let mut back = server.connect("/ws/", &world.token("8")).await;
    back.subscribe("room:a", begin).await;
    assert_eq!(kinds(&mut back, 4).await, CONVERSATION);
    assert_eq!(server.counter(from_memory), 4, "an edit replaces nothing");
    // What is deleted is not kept in memory for those who come back, whatever has become of it in the log.
    append(&world, EntryType::Deletion, json!({"n": 1, "by": "7"})).await;
    let room = Channel::parse("room:a").unwrap();
    world.handles.log.delete(&room, 1).await.unwrap();
    assert_eq!(kinds(&mut client, 1).await, ["deleted 5"]);
    let mut back = server.connect("/ws/", &world.token("9")).await;
    back.subscribe("room:a", begin).await;
    let left = ["edited 2", "reaction 3", "room 4", "deleted 5"];
    assert_eq!(kinds(&mut back, 4).await, left);
    assert_eq!(server.counter(from_memory), 4);
    assert_eq!(server.counter(from_the_log), 4);
}
