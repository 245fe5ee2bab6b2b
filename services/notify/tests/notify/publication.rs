use crate::house::{House, call, caller};
use fanfare_bus::bus::Received;
use fanfare_proto::{
    subject,
    wire::{EntryType, Event, PublishReply, PublishRequest},
};
use prost::Message as _;
use serde_json::json;

#[tokio::test]
async fn live_data_is_stored_on_its_topic() {
    let house = House::open().await;
    let body = r#"{"channel":"topic:prices","data":{"btc": 97000}}"#;
    let headers = [("idempotency-key", "k")];
    let path = "/v1/publish";
    let first = call(
        &house.app,
        "POST",
        path,
        &house.channels_key,
        &headers,
        body,
    )
    .await;
    let again = call(
        &house.app,
        "POST",
        path,
        &house.channels_key,
        &headers,
        body,
    )
    .await;
    assert_eq!(first.text, again.text);
    let answer = first.expect(202);
    assert_eq!(
        (&answer["n"], &answer["status"]),
        (&json!(1), &json!("durable"))
    );
    let entries = house.log("topic:prices").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].1.r#type(), EntryType::Publication);
    assert_eq!(entries[0].1.body.as_ref(), br#"{"btc": 97000}"#);
    let cursor = fanfare_proto::Cursor::parse(answer["cursor"].as_str().unwrap()).unwrap();
    assert_eq!(cursor.position, entries[0].0.position);
}

#[tokio::test]
async fn ephemeral_data_is_sent_and_not_kept() {
    let house = House::open().await;
    let mut events = house
        .handles
        .bus
        .subscribe("evt.topic.prices")
        .await
        .unwrap();
    let body = r#"{"channel":"topic:prices","data":[1],"ephemeral":true}"#;
    let answer = house.post("/v1/publish", &house.channels_key, body).await;
    assert_eq!(
        answer.expect(202),
        json!({"channel": "topic:prices", "status": "accepted"})
    );
    let Some(Received::Message(message)) = events.next().await else {
        panic!("no event");
    };
    let event = Event::decode(message.payload).unwrap();
    assert_eq!(
        (event.r#type.as_str(), event.data.as_ref()),
        ("publication", &b"[1]"[..])
    );
    assert!(house.log("topic:prices").await.is_empty());
}

#[tokio::test]
async fn only_topics_and_only_json_of_a_decent_size() {
    let house = House::open().await;
    let big = format!(r#"{{"channel":"topic:a","data":"{}"}}"#, "x".repeat(65_536));
    let deep = format!(
        r#"{{"channel":"topic:a","data":{}{}}}"#,
        "[".repeat(40),
        "]".repeat(40)
    );
    for (body, status, begin) in [
        (
            r#"{"channel":"user:7","data":1}"#,
            400,
            "channel: must be topic",
        ),
        (
            r#"{"channel":"topic:a b","data":1}"#,
            400,
            "channel: an id is",
        ),
        (
            r#"{"channel":"topic:>","data":1}"#,
            400,
            "channel: an id is",
        ),
        (
            r#"{"channel":"nobody","data":1}"#,
            400,
            "channel: a channel is",
        ),
        (r#"{"channel":"topic:a"}"#, 400, "data: is missing"),
        (r#"{"data":1}"#, 400, "channel: is missing"),
        (
            r#"{"channel":"topic:a","data":1,"ephemeral":"x"}"#,
            400,
            "ephemeral: must be",
        ),
        (r#"{"channel":"topic:a","data":}"#, 400, "is not JSON"),
        (&deep, 400, "is nested too deeply"),
        (&big, 413, "data: has 65538 bytes"),
    ] {
        let problem = house
            .post("/v1/publish", &house.channels_key, body)
            .await
            .expect(status);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(begin), "{body:.60}: {detail}");
    }
}

#[tokio::test]
async fn a_clients_publish_is_stored_once_for_each_of_its_ids() {
    let house = House::open().await;
    let request = |user: &str, client_id: &str| PublishRequest {
        caller: caller(user, &[]),
        channel: "topic:a".into(),
        data: br#"{"x":1}"#.as_slice().into(),
        client_id: client_id.into(),
    };
    let publish = |user: &'static str, client_id: &'static str| {
        let request = request(user, client_id);
        let house = &house;
        async move {
            house
                .ask::<PublishReply>(subject::NOTIFY_PUBLISH, &request)
                .await
                .unwrap()
        }
    };
    let first = publish("7", "c1").await;
    assert_eq!(publish("7", "c1").await, first);
    assert_eq!(publish("8", "c1").await.n, 2);
    assert_eq!(publish("7", "").await.n, 3);
    assert_eq!(publish("7", "").await.n, 4);
    assert_eq!(house.log("topic:a").await[0].1.user, "7");
    for (channel, data, code) in [
        ("user:8", "1", "bad_message"),
        ("topic:a", "{", "bad_json"),
        ("topic:*", "1", "bad_message"),
    ] {
        let request = PublishRequest {
            channel: channel.into(),
            data: data.as_bytes().into(),
            ..request("7", "")
        };
        let failure = house
            .ask::<PublishReply>(subject::NOTIFY_PUBLISH, &request)
            .await;
        assert_eq!(failure.unwrap_err().code, code, "{channel} {data}");
    }
}
