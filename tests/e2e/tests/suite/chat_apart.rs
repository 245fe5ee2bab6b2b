//! Chat among processes apart: any number of workers and gateways.

use fanfare_e2e::{Fleet, Member, Socket};
use reqwest::Method;
use serde_json::{Value, json};

async fn manage(chat: &Member, method: Method, path: &str, body: Value) -> Value {
    let key = chat.api().key().to_owned();
    let answer = chat.api().call(method, path, &key, &[], &body).await;
    assert!(
        (200..300).contains(&answer.status),
        "{path}: {}",
        answer.body
    );
    answer.body
}

async fn device(auth: &Member, gateway: &Member, user: &str) -> Socket {
    let token = auth.api().token(user).await;
    let mut socket = gateway.upgrade("/ws/chat/").bearer(&token).welcomed().await;
    socket
        .find("the room", |frame| {
            frame["type"] == "subscribed" && frame["channel"] == "room:lab"
        })
        .await;
    socket
}

#[tokio::test]
async fn a_banned_user_is_out_on_every_gateway_once_the_ban_is_answered() {
    let fleet = Fleet::new();
    let auth = fleet.auth().await;
    let _notify = fleet.notify(&auth).await;
    let (one, two) = (fleet.chat(&auth).await, fleet.chat(&auth).await);
    let (left, right) = (fleet.gateway(&auth).await, fleet.gateway(&auth).await);
    let body = json!({"id": "lab", "kind": "public", "name": "Lab", "members": ["alice", "bob"]});
    manage(&one, Method::POST, "/v1/rooms", body).await;
    let mut alice = device(&auth, &left, "alice").await;
    let mut bobs = [
        device(&auth, &left, "bob").await,
        device(&auth, &right, "bob").await,
    ];
    let ban = json!({"seconds": 600, "reason": "spam"});
    manage(&two, Method::PUT, "/v1/rooms/lab/bans/bob", ban).await;
    let content = json!({"type": "publish", "channel": "room:lab", "content": "he is gone"});
    assert_eq!(alice.ask(content).await["type"], "published");
    for bob in &mut bobs {
        let mut kinds = Vec::new();
        bob.send(&json!({"type": "ping", "id": "last"})).await;
        while kinds.last().is_none_or(|kind| kind != "pong") {
            let frame = bob.next().await.expect("a frame");
            kinds.push(frame["type"].as_str().unwrap_or_default().to_owned());
        }
        assert!(kinds.contains(&"unsubscribed".to_owned()), "{kinds:?}");
        assert!(!kinds.contains(&"message".to_owned()), "{kinds:?}");
        let again = json!({"type": "subscribe", "channel": "room:lab"});
        assert_eq!(bob.ask(again).await["code"], "forbidden");
    }
    let audit = manage(&one, Method::GET, "/v1/rooms/lab/audit", Value::Null).await;
    assert!(audit.to_string().contains("spam"), "{audit}");
}

#[tokio::test]
async fn workers_share_every_room_and_one_that_dies_is_not_missed() {
    let fleet = Fleet::new();
    let auth = fleet.auth().await;
    let _notify = fleet.notify(&auth).await;
    let (mut one, two) = (fleet.chat(&auth).await, fleet.chat(&auth).await);
    let gateway = fleet.gateway(&auth).await;
    let body = json!({"id": "lab", "kind": "public", "name": "Lab", "members": ["alice", "bob"]});
    manage(&one, Method::POST, "/v1/rooms", body).await;
    let mut alice = device(&auth, &gateway, "alice").await;
    let mut bob = device(&auth, &gateway, "bob").await;
    let publish = |index: usize| {
        json!({
            "type": "publish", "channel": "room:lab", "content": format!("m{index}"),
            "client_id": format!("c{index}"),
        })
    };
    let mut places = Vec::new();
    for index in 0..10 {
        let answer = alice.ask_patiently(publish(index)).await;
        places.push(answer["data"]["n"].as_u64().expect("an ordinal"));
    }
    one.process_mut().kill();
    for index in 10..20 {
        // Until the broker knows that the worker is gone, requests may go to it.
        let n = loop {
            let answer = alice.ask_patiently(publish(index)).await;
            if let Some(n) = answer["data"]["n"].as_u64() {
                break n;
            }
            assert_eq!(answer["type"], "error", "{answer}");
        };
        places.push(n);
    }
    // The same again is the same.
    for index in [0, 15] {
        let answer = alice.ask_patiently(publish(index)).await;
        assert_eq!(answer["data"]["n"], places[index], "{answer}");
    }
    let heard = bob.frames("message", 20).await;
    let contents: Vec<&str> = heard
        .iter()
        .filter_map(|frame| frame["data"]["content"].as_str())
        .collect();
    let expected: Vec<String> = (0..20).map(|index| format!("m{index}")).collect();
    assert_eq!(contents, expected);
    drop(two);
}
