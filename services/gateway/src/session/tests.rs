//! The protocol, without a socket.

use super::*;
use fanfare_tokens::{ChannelRight, TokenError};
use serde_json::{Value, json};

fn terms() -> Arc<Terms> {
    Arc::new(Terms {
        node: "n1".to_owned(),
        heartbeat_interval_ms: 25_000,
        auth_timeout_ms: 10_000,
        token_notice_ms: 60_000,
        subscriptions: 4,
        frames_per_second: 20,
        frames_burst: 100,
    })
}

fn identity(user: &str) -> Arc<Identity> {
    Arc::new(Identity {
        user: user.to_owned(),
        groups: vec!["ops".to_owned()],
        channels: vec![ChannelRight {
            pattern: "topic:*".to_owned(),
            read: true,
            write: true,
        }],
        expires_at_ms: 100_000,
        ..Identity::default()
    })
}

const fn at(ms: u64) -> Now {
    Now {
        wall_ms: ms as i64,
        ms,
    }
}

struct Client {
    session: Session,
    now: Now,
}

impl Client {
    fn at(endpoint: Endpoint) -> Self {
        let session = Session::new(
            SessionId::random(),
            endpoint,
            None,
            HashMap::new(),
            terms(),
            at(0),
        );
        Self {
            session,
            now: at(0),
        }
    }

    fn signed_in(endpoint: Endpoint) -> Self {
        let mut client = Self::at(endpoint);
        client.turn(|session, turn| session.begin(identity("7"), turn));
        client
    }

    fn turn(&mut self, step: impl FnOnce(&mut Session, &mut Turn<'_>)) -> Vec<Effect> {
        let mut effects = Vec::new();
        let now = self.now;
        step(
            &mut self.session,
            &mut Turn {
                now,
                effects: &mut effects,
            },
        );
        effects
    }

    fn say(&mut self, frame: &Value) -> Vec<Effect> {
        let text = frame.to_string();
        self.turn(|session, turn| session.on_text(&text, turn))
    }

    /// The one frame that answers `frame`.
    fn ask(&mut self, frame: &Value) -> Value {
        let effects = self.say(frame);
        let [Effect::Send(text)] = &effects[..] else {
            panic!("one frame was expected: {effects:?}");
        };
        serde_json::from_slice(text).unwrap()
    }

    fn complete(&mut self, completion: Completion) -> Vec<Effect> {
        self.turn(|session, turn| session.on_completion(completion, turn))
    }
}

fn sent(effects: &[Effect]) -> Vec<Value> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(text) => serde_json::from_slice(text).ok(),
            _ => None,
        })
        .collect()
}

#[test]
fn the_test_page_gets_its_answers() {
    let mut client = Client::signed_in(Endpoint::Test);
    let pong = client.ask(&json!({"type": "ping", "id": "1"}));
    assert_eq!(pong["type"], "pong");
    assert_eq!(pong["id"], "1");
    assert_eq!(pong["data"]["server_time"], "1970-01-01T00:00:00.000Z");
    let echo = client.ask(&json!({"type": "echo", "content": "hé \"you\" <b>"}));
    assert_eq!(
        (&echo["type"], &echo["message"]),
        (&json!("echo_response"), &json!("hé \"you\" <b>"))
    );
    let chat = client.ask(&json!({"type": "chat", "content": "hi"}));
    assert_eq!(chat["message"], "收到聊天消息: hi");
    assert_eq!(chat["data"], json!({"user": "7", "original_message": "hi"}));
    let custom = client.ask(&json!({"type": "custom", "data": {"a": [1]}, "content": "x"}));
    assert_eq!(custom["type"], "custom_response");
    assert_eq!(custom["data"], json!({"content": "x", "data": {"a": [1]}}));
}

#[test]
fn a_new_type_is_one_file_and_one_line() {
    let mut client = Client::signed_in(Endpoint::Test);
    let reversed = client.ask(&json!({"type": "reverse", "content": "abc"}));
    assert_eq!(
        (&reversed["type"], &reversed["message"]),
        (&json!("reverse_response"), &json!("cba"))
    );
}

#[test]
fn what_cannot_be_answered_says_why_and_closes_nothing() {
    let mut client = Client::signed_in(Endpoint::Test);
    for (frame, code) in [
        (json!({"type": "nonsense", "id": "9"}), "unknown_type"),
        (json!({"type": "echo", "id": "9"}), "bad_message"),
        (json!({"type": "subscribe", "id": "9"}), "bad_message"),
        (
            json!({"type": "subscribe", "id": "9", "channel": "user:*"}),
            "bad_message",
        ),
        (
            json!({"type": "subscribe", "id": "9", "channel": "user:8"}),
            "forbidden",
        ),
        (
            json!({"type": "subscribe", "id": "9", "channel": "system:metrics"}),
            "forbidden",
        ),
        (
            json!({"type": "history", "id": "9", "channel": "group:dev"}),
            "forbidden",
        ),
        (
            json!({"type": "history", "id": "9", "channel": "all", "limit": 201}),
            "bad_message",
        ),
        (
            json!({"type": "publish", "id": "9", "channel": "user:7", "data": 1}),
            "forbidden",
        ),
        (
            json!({"type": "read", "id": "9", "channel": "topic:x", "n": 1}),
            "forbidden",
        ),
        (
            json!({"type": "unsubscribe", "id": "9", "channel": "all"}),
            "not_found",
        ),
        (json!({"type": "ack", "id": "a b"}), "bad_message"),
    ] {
        let error = client.ask(&frame);
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!(code)),
            "{frame}"
        );
        assert_eq!(error["id"], frame["id"]);
    }
    let error = client.turn(|session, turn| session.on_text("[1]", turn));
    assert_eq!(sent(&error)[0]["code"], "bad_json");
    let wrong = client.ask(&json!({"type": "subscribe", "id": "9", "channel": 7}));
    assert_eq!(
        (&wrong["code"], &wrong["id"]),
        (&json!("bad_message"), &json!("9"))
    );
}

#[test]
fn the_inbox_is_subscribed_at_its_endpoint() {
    let mut client = Client::at(Endpoint::Notifications);
    let effects = client.turn(|session, turn| session.begin(identity("7"), turn));
    let channels: Vec<&str> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Call(Call::Subscribe { channel, .. }) => Some(channel.name()),
            _ => None,
        })
        .collect();
    assert_eq!(channels, ["user:7", "group:ops", "all"]);
    let welcome = &sent(&effects)[0];
    assert_eq!(welcome["type"], "welcome");
    assert_eq!(welcome["data"]["heartbeat_interval_ms"], 25_000);
}

#[test]
fn without_a_token_only_auth_is_heard_and_not_for_long() {
    let mut client = Client::at(Endpoint::Plain);
    assert_eq!(client.ask(&json!({"type": "ping"}))["code"], "unauthorized");
    client.now = at(9_999);
    assert!(client.turn(Session::on_tick).is_empty());
    client.now = at(10_000);
    let effects = client.turn(Session::on_tick);
    assert!(matches!(
        effects[..],
        [Effect::Close(CloseCode::AuthTimeout)]
    ));
}

#[test]
fn a_bad_first_token_closes_and_a_bad_refresh_does_not() {
    let verdict = |outcome| Completion::Verified {
        id: Some("1".into()),
        outcome,
    };
    let mut client = Client::at(Endpoint::Plain);
    let effects = client.say(&json!({"type": "auth", "token": "x"}));
    assert!(matches!(effects[..], [Effect::Call(Call::Verify { .. })]));
    let effects = client.complete(verdict(Err(TokenError::Signature)));
    assert!(matches!(
        effects[..],
        [Effect::Send(_), Effect::Close(CloseCode::Unauthorized)]
    ));

    let mut client = Client::signed_in(Endpoint::Plain);
    client.say(&json!({"type": "auth", "token": "x"}));
    let effects = client.complete(verdict(Err(TokenError::Expired)));
    assert_eq!(sent(&effects)[0]["code"], "unauthorized");
    assert_eq!(effects.len(), 1);
    client.say(&json!({"type": "auth", "token": "x"}));
    let effects = client.complete(verdict(Ok(identity("8"))));
    assert_eq!(sent(&effects)[0]["code"], "forbidden");
}

#[test]
fn an_ending_token_is_announced_and_can_be_refreshed_in_place() {
    let mut client = Client::signed_in(Endpoint::Plain);
    assert_eq!(client.session.next_tick_ms(at(0)), 40_000);
    client.now = at(40_000);
    assert_eq!(
        sent(&client.turn(Session::on_tick))[0]["type"],
        "token_expiring"
    );
    assert!(client.turn(Session::on_tick).is_empty());
    client.say(&json!({"type": "auth", "token": "x"}));
    let fresh = Arc::new(Identity {
        expires_at_ms: 200_000,
        ..Identity::clone(&identity("7"))
    });
    let effects = client.complete(Completion::Verified {
        id: None,
        outcome: Ok(fresh),
    });
    assert_eq!(sent(&effects)[0]["type"], "auth_response");
    client.now = at(100_000);
    assert!(client.turn(Session::on_tick).is_empty());
    client.now = at(200_000);
    let effects = client.turn(Session::on_tick);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Close(CloseCode::Unauthorized)))
    );
}

#[test]
fn a_fresh_token_with_fewer_rights_ends_what_it_no_longer_allows() {
    let mut client = Client::signed_in(Endpoint::Notifications);
    client.say(&json!({"type": "auth", "token": "x"}));
    let fewer = Arc::new(Identity {
        groups: Vec::new(),
        ..Identity::clone(&identity("7"))
    });
    let effects = client.complete(Completion::Verified {
        id: None,
        outcome: Ok(fewer),
    });
    assert!(
        effects.iter().any(
            |effect| matches!(effect, Effect::Leave(channel) if channel.name() == "group:ops")
        )
    );
    assert!(
        sent(&effects)
            .iter()
            .any(|frame| frame["type"] == "unsubscribed")
    );
}

#[test]
fn a_flood_is_told_to_slow_down_and_then_closed() {
    let mut client = Client::signed_in(Endpoint::Test);
    for _ in 0..100 {
        assert_eq!(client.ask(&json!({"type": "ping"}))["type"], "pong");
    }
    let effects = client.say(&json!({"type": "ping", "id": "last"}));
    assert!(matches!(effects[..], [Effect::Limited, Effect::Send(_)]));
    let refused = &sent(&effects)[0];
    assert_eq!(refused["code"], "rate_limited");
    assert_eq!(refused["id"], "last");
    assert_eq!(refused["data"]["retry_after_ms"], 50);
    let closed = (0..ABUSE).any(|_| {
        let effects = client.say(&json!({"type": "ping"}));
        matches!(
            effects[..],
            [Effect::Limited, Effect::Close(CloseCode::RateAbuse)]
        )
    });
    assert!(closed);
}

#[test]
fn subscriptions_and_calls_have_a_bound() {
    let mut client = Client::signed_in(Endpoint::Plain);
    for topic in 0..4 {
        let effects =
            client.say(&json!({"type": "subscribe", "channel": format!("topic:{topic}")}));
        assert!(matches!(effects[..], [Effect::Call(_)]));
    }
    assert_eq!(
        client.ask(&json!({"type": "subscribe", "channel": "topic:5"}))["code"],
        "rate_limited"
    );
    for _ in 4..CALLS {
        client.say(&json!({"type": "system_info"}));
    }
    assert_eq!(
        client.ask(&json!({"type": "system_info"}))["code"],
        "rate_limited"
    );
    client.complete(Completion::Sent);
    assert!(matches!(
        client.say(&json!({"type": "system_info"}))[..],
        [Effect::Call(_)]
    ));
}

#[test]
fn a_refused_subscription_can_be_tried_again() {
    let mut client = Client::signed_in(Endpoint::Plain);
    client.say(&json!({"type": "subscribe", "channel": "room:1"}));
    let channel = Channel::parse("room:1").unwrap();
    let effects = client.complete(Completion::NotSubscribed {
        id: None,
        channel,
        refusal: ErrorCode::Unavailable.into(),
    });
    assert_eq!(sent(&effects)[0]["code"], "unavailable");
    let again = client.say(&json!({"type": "subscribe", "channel": "room:1"}));
    assert!(matches!(
        again[..],
        [Effect::Call(Call::Subscribe { ask: true, .. })]
    ));
}

mod rooms;
