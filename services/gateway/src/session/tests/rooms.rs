//! Rooms: what is asked for them, and how `/ws/chat` begins.

use super::*;
use fanfare_proto::{
    subject,
    wire::{ChangeRequest, HistoryRequest, MessageRequest, ReadRequest, change_request::Change},
};
use prost::Message as _;

fn room(id: &str) -> Channel {
    Channel::parse(&format!("room:{id}")).unwrap()
}

/// The one request that `frame` leads to: its subject and payload.
fn request(client: &mut Client, frame: &Value) -> (String, bytes::Bytes) {
    let mut effects = client.say(frame);
    assert_eq!(effects.len(), 1, "{frame}");
    client.complete(Completion::Sent);
    match effects.remove(0) {
        Effect::Call(Call::Request(request)) => (request.subject, request.payload),
        other => panic!("{frame} led to {other:?}"),
    }
}

#[test]
fn a_message_goes_to_the_chat_service_as_it_was_sent() {
    let mut client = Client::signed_in(Endpoint::Plain);
    let text = r#"{"type":"publish","channel":"room:a","content":"h\u00e9","client_id":"c","data":{"reply_to":3,  "x":1e2}}"#;
    let effects = client.turn(|session, turn| session.on_text(text, turn));
    let [Effect::Call(Call::Request(call))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(call.subject, subject::CHAT_MESSAGE);
    let asked = MessageRequest::decode(call.payload.clone()).unwrap();
    assert_eq!(asked.caller.unwrap().user, "7");
    assert_eq!(
        (asked.channel.as_str(), asked.client_id.as_str()),
        ("room:a", "c")
    );
    assert_eq!(&asked.content[..], br#""h\u00e9""#);
    assert_eq!(&asked.data[..], br#"{"reply_to":3,  "x":1e2}"#);
    let frame = json!({"type": "publish", "channel": "room:a", "data": {"content": "x"}});
    let (_, payload) = request(&mut client, &frame);
    assert!(MessageRequest::decode(payload).unwrap().content.is_empty());
}

#[test]
fn a_change_names_its_message_and_what_becomes_of_it() {
    let mut client = Client::signed_in(Endpoint::Plain);
    let mut change = |frame: Value| {
        let (subject, payload) = request(&mut client, &frame);
        assert_eq!(subject, subject::CHAT_CHANGE);
        let asked = ChangeRequest::decode(payload).unwrap();
        assert_eq!((asked.channel.as_str(), asked.n), ("room:a", 5));
        (asked.change.unwrap(), asked.client_id)
    };
    let edit =
        json!({"type": "edit", "channel": "room:a", "n": 5, "content": "x", "client_id": "c"});
    assert_eq!(change(edit), (Change::Edit("x".into()), "c".into()));
    let delete = json!({"type": "delete", "channel": "room:a", "n": 5});
    assert!(matches!(change(delete), (Change::Delete(_), none) if none.is_empty()));
    let react = json!({"type": "react", "channel": "room:a", "n": 5, "content": "👍", "on": false});
    let (Change::React(reaction), _) = change(react) else {
        panic!("a reaction was asked for");
    };
    assert_eq!((reaction.emoji.as_str(), reaction.on), ("👍", false));
}

#[test]
fn a_room_is_read_and_looked_through_by_the_chat_service() {
    let mut client = Client::signed_in(Endpoint::Plain);
    let read = json!({"type": "read", "channel": "room:a", "n": 9});
    let (subject, payload) = request(&mut client, &read);
    assert_eq!(subject, subject::CHAT_READ);
    assert_eq!(ReadRequest::decode(payload).unwrap().n, 9);
    for (field, expected) in [
        (json!({}), (None, None, None)),
        (json!({"before": 4}), (Some(4), None, None)),
        (json!({"after": 0}), (None, Some(0), None)),
        (json!({"around": 4}), (None, None, Some(4))),
    ] {
        let mut frame = json!({"type": "history", "channel": "room:a", "limit": 20});
        let fields = field.as_object().unwrap().clone();
        frame.as_object_mut().unwrap().extend(fields);
        let (subject, payload) = request(&mut client, &frame);
        assert_eq!(subject, subject::CHAT_HISTORY);
        let asked = HistoryRequest::decode(payload).unwrap();
        assert_eq!((asked.before, asked.after, asked.around), expected);
        assert_eq!(asked.limit, 20);
    }
}

#[test]
fn frames_of_another_shape_are_told_what_is_wrong() {
    let mut client = Client::signed_in(Endpoint::Plain);
    for (fields, words) in [
        (json!({"type": "publish"}), "content or data is missing"),
        (
            json!({"type": "publish", "content": 7}),
            "content must be a text",
        ),
        (
            json!({"type": "publish", "data": ["x"]}),
            "data of a message is an object",
        ),
        (
            json!({"type": "publish", "content": "x", "client_id": "c".repeat(129)}),
            "client_id is at most 128 bytes",
        ),
        (json!({"type": "edit", "content": "x"}), "n is missing"),
        (json!({"type": "edit", "n": 1}), "content must be a text"),
        (json!({"type": "delete"}), "n is missing"),
        (
            json!({"type": "react", "n": 1, "content": "x"}),
            "on is missing: true or false",
        ),
        (
            json!({"type": "react", "n": 1, "on": true}),
            "content must be a text",
        ),
        (json!({"type": "typing"}), "on is missing: true or false"),
        (json!({"type": "read"}), "n is missing"),
        (
            json!({"type": "history", "before": 1, "around": 1}),
            "before, after or around, not several",
        ),
        (
            json!({"type": "history", "limit": 201}),
            "limit is 1 to 200",
        ),
    ] {
        let mut frame = json!({"id": "9", "channel": "room:a"});
        let fields = fields.as_object().unwrap().clone();
        frame.as_object_mut().unwrap().extend(fields);
        let error = client.ask(&frame);
        assert_eq!(
            (&error["code"], &error["message"], &error["id"]),
            (&json!("bad_message"), &json!(words), &json!("9")),
            "{frame}"
        );
    }
    for kind in ["edit", "delete", "react", "typing"] {
        let error = client
            .ask(&json!({"type": kind, "channel": "topic:x", "n": 1, "content": "x", "on": true}));
        assert_eq!(error["message"], "channel must be a room, room:<id>");
    }
    let around = json!({"type": "history", "channel": "topic:x", "around": 3});
    assert_eq!(client.ask(&around)["code"], "bad_message");
}

#[test]
fn typing_is_told_of_rooms_that_are_read_and_not_too_often() {
    let mut client = Client::signed_in(Endpoint::Plain);
    let typing = json!({"type": "typing", "id": "9", "channel": "room:a", "on": true});
    let refused = client.ask(&typing);
    assert_eq!(
        (&refused["code"], &refused["id"]),
        (&json!("not_found"), &json!("9"))
    );
    assert!(client.session.aside.is_none(), "nothing is kept");
    client.say(&json!({"type": "subscribe", "channel": "room:a"}));
    client.complete(Completion::Subscribed(room("a")));
    let told = client.say(&typing);
    assert!(matches!(
        told[..],
        [Effect::Call(Call::Typing { on: true, .. })]
    ));
    assert!(client.say(&typing).is_empty());
    // Who leaves and comes back is not told more often.
    client.say(&json!({"type": "unsubscribe", "channel": "room:a"}));
    client.say(&json!({"type": "subscribe", "channel": "room:a"}));
    client.now = at(1_999);
    assert!(client.say(&typing).is_empty());
    client.now = at(2_000);
    assert_eq!(client.say(&typing).len(), 1);
    client.say(&json!({"type": "unsubscribe", "channel": "room:a"}));
    client.say(&json!({"type": "subscribe", "channel": "room:b"}));
    client.now = at(4_000);
    let off = json!({"type": "typing", "channel": "room:b", "on": false});
    assert!(client.say(&off).is_empty());
    assert!(client.session.aside.is_none(), "nothing is kept for long");
}

fn page(rooms: &[&str], next: &str) -> Completion {
    Completion::Rooms(Ok(RoomPage {
        text: br#"{"type":"rooms"}"#.to_vec(),
        rooms: rooms
            .iter()
            .map(|id| (room(id), format!("list-{id}")))
            .collect(),
        next: next.to_owned(),
    }))
}

/// The rooms that `effects` subscribe, with their cursors and whether the chat service is asked.
fn subscribes(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Call(Call::Subscribe {
                channel,
                since,
                ask,
                ..
            }) => {
                let since = since.as_deref().unwrap_or("now");
                let ask = if *ask { " asked" } else { "" };
                Some(format!("{channel} {since}{ask}"))
            }
            _ => None,
        })
        .collect()
}

fn asks_for_page(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::Call(Call::Rooms { after }) => Some(after.as_str()),
        _ => None,
    })
}

/// A client on `/ws/chat` whose own channel is read, and whose first page of rooms is asked for.
fn starting(resume: &[(&str, &str)]) -> Client {
    let mut client = Client::at(Endpoint::Chat);
    let resume = resume
        .iter()
        .map(|(name, cursor)| (Channel::parse(name).unwrap(), (*cursor).to_owned()));
    client.session.aside().resume.extend(resume);
    let effects = client.turn(|session, turn| session.begin(identity("7"), turn));
    assert_eq!(asks_for_page(&effects), None, "not before it is read");
    let own = Channel::parse("user:7").unwrap();
    let effects = client.turn(|session, turn| session.on_begun(&own, turn));
    assert_eq!(asks_for_page(&effects), Some(""));
    client.complete(Completion::Subscribed(own));
    client
}

fn subscribed(client: &mut Client, id: &str) -> Vec<Effect> {
    client.complete(Completion::Subscribed(room(id)))
}

#[test]
fn rooms_are_subscribed_one_after_another_each_from_where_the_client_or_the_list_is() {
    let mut client = starting(&[("room:b", "own-b"), ("room:gone", "own-gone")]);
    let effects = client.complete(page(&["a", "b"], "next"));
    assert_eq!(sent(&effects)[0]["type"], "rooms");
    assert_eq!(subscribes(&effects), ["room:a list-a"]);
    assert_eq!(subscribes(&subscribed(&mut client, "a")), ["room:b own-b"]);
    let effects = subscribed(&mut client, "b");
    assert_eq!(asks_for_page(&effects), Some("next"));
    let effects = client.complete(page(&["c"], ""));
    assert_eq!(subscribes(&effects), ["room:c list-c"]);
    assert!(subscribed(&mut client, "c").is_empty());
    assert!(client.session.aside.is_none(), "the start is over");
    assert_eq!(client.session.calls, 0);
}

#[test]
fn the_start_leaves_the_clients_own_calls_their_room() {
    let mut client = starting(&[]);
    client.complete(page(&["a", "b", "c"], ""));
    assert_eq!(client.session.calls, 1);
    for _ in 0..CALLS - 1 {
        let effects = client.say(&json!({"type": "system_info"}));
        assert!(matches!(effects[..], [Effect::Call(_)]));
    }
}

#[test]
fn of_more_rooms_than_may_be_read_the_first_are_and_one_error_says_so() {
    let mut client = starting(&[]);
    client.complete(page(&["a", "b", "c", "d", "e"], "next"));
    subscribed(&mut client, "a");
    subscribed(&mut client, "b");
    let effects = subscribed(&mut client, "c");
    let error = &sent(&effects)[0];
    assert_eq!(error["code"], "rate_limited", "four is the limit");
    assert_eq!(asks_for_page(&effects), Some("next"), "all are listed");
    let effects = client.complete(page(&["f"], ""));
    assert_eq!(sent(&effects).len(), 1, "the list, and no other error");
    assert!(client.session.aside.is_none());
}

#[test]
fn a_list_without_an_end_has_one_here() {
    let mut client = starting(&[]);
    let mut pages = 1;
    while asks_for_page(&client.complete(page(&[], "again"))).is_some() {
        pages += 1;
        assert!(pages <= 100, "it goes on");
    }
    assert_eq!(pages, 100);
    assert!(client.session.aside.is_none());
}

#[test]
fn a_list_that_is_not_to_be_had_is_told_and_nothing_else_is_lost() {
    let mut client = starting(&[]);
    let effects = client.complete(Completion::Rooms(Err(ErrorCode::Unavailable.into())));
    let error = &sent(&effects)[0];
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("error"), &json!("unavailable"))
    );
    assert!(
        client
            .session
            .has_channel(&Channel::parse("user:7").unwrap())
    );
    assert!(client.session.aside.is_none());
}

#[test]
fn rooms_are_listed_also_when_the_own_channel_is_not_read() {
    let mut client = Client::at(Endpoint::Chat);
    client.turn(|session, turn| session.begin(identity("7"), turn));
    let effects = client.say(&json!({"type": "unsubscribe", "channel": "user:7"}));
    assert_eq!(asks_for_page(&effects), Some(""));
    let mut client = Client::at(Endpoint::Chat);
    client.turn(|session, turn| session.begin(identity("7"), turn));
    let effects = client.complete(Completion::NotSubscribed {
        id: None,
        channel: Channel::parse("user:7").unwrap(),
        refusal: ErrorCode::Unavailable.into(),
    });
    assert_eq!(asks_for_page(&effects), Some(""));
}

#[test]
fn a_client_that_is_quicker_decides_about_a_room_itself() {
    let mut client = starting(&[]);
    client.complete(page(&["a", "b", "c", "d"], ""));
    // One that is under way, and two that wait.
    let effects = client.say(&json!({"type": "unsubscribe", "id": "1", "channel": "room:a"}));
    assert_eq!(sent(&effects)[0]["type"], "unsubscribed");
    assert_eq!(subscribes(&effects), ["room:b list-b"]);
    let effects = client.say(&json!({"type": "unsubscribe", "id": "2", "channel": "room:c"}));
    assert_eq!(sent(&effects)[0]["type"], "unsubscribed");
    let effects = client.say(&json!({"type": "subscribe", "channel": "room:d", "since": "own-d"}));
    assert_eq!(subscribes(&effects), ["room:d own-d asked"]);
    assert!(subscribed(&mut client, "b").is_empty(), "that was the last");
    assert!(client.session.aside.is_none());
}

#[test]
fn a_room_that_cannot_be_subscribed_is_named_and_the_next_one_follows() {
    let mut client = starting(&[]);
    client.complete(page(&["a", "b"], ""));
    let effects = client.complete(Completion::NotSubscribed {
        id: None,
        channel: room("a"),
        refusal: ErrorCode::Unavailable.into(),
    });
    let frames = sent(&effects);
    assert_eq!(frames[0]["code"], "unavailable");
    assert_eq!(
        (&frames[1]["type"], &frames[1]["channel"]),
        (&json!("unsubscribed"), &json!("room:a"))
    );
    assert_eq!(subscribes(&effects), ["room:b list-b"]);
}

#[test]
fn a_list_that_may_be_older_than_the_loss_of_a_room_is_not_believed() {
    let expel = |client: &mut Client, id: &str| {
        let channel = room(id);
        client.turn(|session, turn| session.expelled(&channel, turn))
    };
    let mut client = starting(&[]);
    assert!(expel(&mut client, "a").is_empty(), "it is not read yet");
    let effects = client.complete(page(&["a", "b"], "next"));
    assert_eq!(subscribes(&effects), ["room:a list-a asked"]);
    assert_eq!(
        subscribes(&subscribed(&mut client, "a")),
        ["room:b list-b asked"]
    );
    // The next page is asked for later, and knows.
    subscribed(&mut client, "b");
    let effects = client.complete(page(&["c", "d"], ""));
    assert_eq!(subscribes(&effects), ["room:c list-c"]);
    let effects = expel(&mut client, "d");
    assert_eq!(sent(&effects)[0]["type"], "unsubscribed", "it waited");
    let effects = expel(&mut client, "c");
    assert_eq!(sent(&effects)[0]["channel"], "room:c", "it was under way");
    assert!(client.session.aside.is_none(), "nothing is left");
}
