use fanfare_e2e::{Server, Socket};
use serde_json::{Value, json};

async fn inbox(server: &Server, user: &str, groups: &[&str]) -> Socket {
    let token = server
        .api()
        .mint(&json!({"user": user, "groups": groups}))
        .await;
    let mut socket = server
        .upgrade("/ws/notifications/")
        .bearer(&token)
        .welcomed()
        .await;
    // `all` is the last of the three kinds; each is told when it is followed.
    for _ in 0..groups.len() + 2 {
        socket.frame("subscribed").await;
    }
    socket
}

async fn title(socket: &mut Socket) -> Value {
    socket.frame("notification").await["data"]["title"].clone()
}

#[tokio::test]
async fn a_notification_reaches_every_session_of_its_addressees_and_nobody_else() {
    let server = Server::start().await;
    let mut ann = inbox(&server, "ann", &["ops"]).await;
    let mut ann_phone = inbox(&server, "ann", &["ops"]).await;
    let mut bob = inbox(&server, "bob", &["ops", "dev"]).await;
    let mut eve = inbox(&server, "eve", &[]).await;
    for (to, title) in [
        (json!({"users": ["ann"]}), "for ann"),
        (json!({"users": ["bob"]}), "for bob"),
        (json!({"groups": ["ops"]}), "for ops"),
        (json!({"groups": ["dev"]}), "for dev"),
        (json!({"all": true}), "for all"),
    ] {
        let accepted = server
            .api()
            .notify(&json!({"to": to, "title": title}))
            .await;
        assert!(accepted["id"].is_string(), "{accepted}");
        assert_eq!(accepted["appended"][0]["n"], 1, "{accepted}");
    }
    for session in [&mut ann, &mut ann_phone] {
        for expected in ["for ann", "for ops", "for all"] {
            assert_eq!(title(session).await, expected);
        }
    }
    for expected in ["for bob", "for ops", "for dev", "for all"] {
        assert_eq!(title(&mut bob).await, expected);
    }
    assert_eq!(title(&mut eve).await, "for all");
}

#[tokio::test]
async fn a_notification_carries_what_front_ends_read() {
    let server = Server::start().await;
    let mut ann = inbox(&server, "ann", &[]).await;
    let body = json!({
        "to": {"users": ["ann"]},
        "title": "Build failed",
        "content": "step <3> \u{1F4A5}",
        "level": "error",
        "priority": 5,
        "msg_type": "ci",
        "link_type": "job",
        "link_id": "42",
        "data": {"job": 42}
    });
    let accepted = server.api().notify(&body).await;
    let frame = ann.frame("notification").await;
    assert_eq!(frame["channel"], "user:ann");
    assert_eq!(frame["n"], 1);
    assert!(frame["cursor"].is_string());
    assert_eq!(frame["data"]["id"], accepted["id"]);
    for field in [
        "title",
        "content",
        "level",
        "priority",
        "msg_type",
        "link_type",
        "link_id",
    ] {
        assert_eq!(frame["data"][field], body[field], "{field}");
    }
    assert_eq!(frame["data"]["extra"], body["data"]);
    assert!(frame["data"]["created_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn one_addressed_twice_over_different_channels_is_told_over_both() {
    let server = Server::start().await;
    let mut ann = inbox(&server, "ann", &["ops"]).await;
    let body = json!({"to": {"users": ["ann", "ann"], "groups": ["ops"]}, "title": "x"});
    let accepted = server.api().notify(&body).await;
    assert_eq!(
        accepted["appended"].as_array().unwrap().len(),
        2,
        "{accepted}"
    );
    let mut channels = Vec::new();
    for frame in ann.frames("notification", 2).await {
        channels.push(frame["channel"].as_str().unwrap().to_owned());
    }
    channels.sort();
    assert_eq!(channels, ["group:ops", "user:ann"]);
}

#[tokio::test]
async fn live_data_reaches_who_may_read_its_topic() {
    let server = Server::start().await;
    let api = server.api();
    let reader = api
        .mint(&json!({"user": "r", "channels": {"topic:news.*": "r"}}))
        .await;
    let mut reader = server.upgrade("/ws/").bearer(&reader).welcomed().await;
    reader.subscribe("topic:news.eu", None).await;
    let refused = reader
        .ask(json!({"type": "subscribe", "channel": "topic:secret"}))
        .await;
    assert_eq!(refused["code"], "forbidden");
    let publish = json!({"channel": "topic:news.eu", "data": {"v": 1}});
    let answer = api.post("/v1/publish", &publish).await;
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    let frame = reader.frame("publication").await;
    assert_eq!(
        (&frame["channel"], &frame["data"]),
        (&json!("topic:news.eu"), &json!({"v": 1}))
    );
}

#[tokio::test]
async fn a_client_publishes_where_its_token_lets_it() {
    let server = Server::start().await;
    let api = server.api();
    let reader = api
        .mint(&json!({"user": "r", "channels": {"topic:lab": "r"}}))
        .await;
    let writer = api
        .mint(&json!({"user": "w", "channels": {"topic:lab": "rw"}}))
        .await;
    let mut reader = server.upgrade("/ws/").bearer(&reader).welcomed().await;
    reader.subscribe("topic:lab", None).await;
    let mut writer = server.upgrade("/ws/").bearer(&writer).welcomed().await;
    let publish =
        json!({"type": "publish", "channel": "topic:lab", "data": [1], "client_id": "c-1"});
    let first = writer.ask(publish.clone()).await;
    assert_eq!(
        (&first["type"], &first["n"]),
        (&json!("published"), &json!(1))
    );
    let again = writer.ask(publish.clone()).await;
    assert_eq!(
        (&again["n"], &again["cursor"]),
        (&first["n"], &first["cursor"])
    );
    let next = json!({"type": "publish", "channel": "topic:lab", "data": [2], "client_id": "c-2"});
    assert_eq!(writer.ask(next).await["n"], 2);
    let data: Vec<Value> = reader
        .frames("publication", 2)
        .await
        .into_iter()
        .map(|frame| frame["data"].clone())
        .collect();
    assert_eq!(data, [json!([1]), json!([2])]);
    assert_eq!(reader.ask(publish).await["code"], "forbidden");
}
