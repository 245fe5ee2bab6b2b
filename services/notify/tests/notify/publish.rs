use crate::house::{House, call};
use fanfare_proto::{Channel, Cursor, delivery};
use serde_json::{Value, json};

#[tokio::test]
async fn a_user_a_group_a_topic_and_all_get_one_append_each() {
    let house = House::open().await;
    let body = json!({
        "to": {"users": ["7"], "groups": ["ops"], "topics": ["news"], "all": true},
        "title": "Hello", "content": "World", "level": "warning", "priority": 5,
        "data": {"a": [1, 2]}, "link": "/x", "actions": [{"label": "Open", "link": "https://a.example/"}]
    });
    let answer = house.publish(body).await.expect(202);
    assert_eq!(answer["status"], "durable");
    assert_eq!(
        answer["appended"],
        json!([
            {"channel": "user:7", "n": 1}, {"channel": "group:ops", "n": 1},
            {"channel": "topic:news", "n": 1}, {"channel": "all", "n": 1},
        ])
    );
    for channel in ["user:7", "group:ops", "topic:news", "all"] {
        let entries = house.log(channel).await;
        let [(record, entry)] = &entries[..] else {
            panic!("{channel} has {} entries", entries.len());
        };
        let name = Channel::parse(channel).unwrap();
        let cursor = Cursor {
            epoch: house.handles.log.epoch(&name),
            position: record.position,
        };
        let frame: Value =
            serde_json::from_slice(&delivery::entry_frame(entry, &name, cursor)).unwrap();
        assert_eq!(frame["type"], "notification");
        assert_eq!(frame["message"], "Hello");
        assert_eq!(frame["data"]["id"], answer["id"]);
        assert_eq!(frame["data"]["n"], 1);
        assert_eq!(frame["data"]["extra"], json!({"a": [1, 2]}));
        assert_eq!(frame["data"]["created_at"], "2026-11-23T00:00:00.000Z");
        assert!(entry.trail);
    }
}

#[tokio::test]
async fn each_of_a_batch_has_its_own_outcome() {
    let house = House::open().await;
    let deep = format!(
        r#"{{"to":{{"users":["7"]}},"title":"deep","data":{}{}}}"#,
        "[".repeat(40),
        "]".repeat(40)
    );
    let big = json!({"to": {"users": ["7"]}, "data": "x".repeat(70_000)}).to_string();
    let body = format!(
        r#"[{{"to":{{"users":["7"]}},"title":"one"}},
            {{"to":{{"users":["7"]}},"title":"two","priority":9}},
            7, {deep}, {big},
            {{"to":{{"users":["8","7"]}},"title":"three"}}]"#
    );
    let answer = house
        .post("/v1/notifications", &house.publisher, &body)
        .await
        .expect(202);
    let statuses: Vec<&str> = answer
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        [
            "durable", "refused", "refused", "refused", "refused", "durable"
        ]
    );
    assert_eq!(answer[1]["problem"]["field"], "priority");
    assert_eq!(
        answer[1]["problem"]["detail"],
        "priority: must be a whole number from 1 to 5"
    );
    assert_eq!(answer[2]["problem"]["code"], "bad_message");
    assert_eq!(answer[3]["problem"]["code"], "bad_json");
    assert_eq!(answer[4]["problem"]["code"], "too_large");
    assert_eq!(house.titles("user:7").await, ["one", "three"]);
    assert_eq!(house.titles("user:8").await, ["three"]);
    let metrics = house.metrics.text();
    assert!(metrics.contains(r#"fanfare_notify_notifications_total{outcome="stored"} 2"#));
    assert!(metrics.contains(r#"fanfare_notify_notifications_total{outcome="refused"} 4"#));
}

#[tokio::test]
async fn a_thousand_at_once_keep_their_order() {
    let house = House::open().await;
    let items: Vec<Value> = (0..1_000)
        .map(|index| json!({"to": {"users": ["7"]}, "title": index.to_string()}))
        .collect();
    let answer = house.publish(Value::Array(items)).await.expect(202);
    assert_eq!(answer.as_array().unwrap().len(), 1_000);
    assert_eq!(
        answer[999]["appended"],
        json!([{"channel": "user:7", "n": 1_000}])
    );
    let titles = house.titles("user:7").await;
    let expected: Vec<String> = (0..1_000).map(|index| index.to_string()).collect();
    assert_eq!(titles, expected);
}

#[tokio::test]
async fn what_has_expired_is_nowhere() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    let body = json!({"to": {"users": ["7"]}, "title": "brief", "ttl_seconds": 60});
    let id = house.publish(body).await.expect(202)["id"].clone();
    let inbox = house.get("/v1/inbox", &token).await.expect(200);
    assert_eq!(inbox["items"][0]["expires_at"], "2026-11-23T00:01:00.000Z");
    house.clock.advance(60_000);
    let inbox = house.get("/v1/inbox", &token).await.expect(200);
    assert_eq!(inbox["items"], json!([]));
    let counts = house.get("/v1/inbox/counts", &token).await.expect(200);
    assert_eq!(counts["unread"], 0);
    let trail = house.trail(id.as_str().unwrap(), "").await;
    assert_eq!(trail["status"], "expired");
    assert_eq!(trail["addressees"][0]["not_delivered"]["code"], "expired");
}

#[tokio::test]
async fn a_trace_context_travels_and_a_false_one_does_not() {
    let house = House::open().await;
    let context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (sent, kept) in [(context, context), ("00-zz", "")] {
        let body = json!({"to": {"users": [kept.len().to_string()]}, "title": "t"}).to_string();
        let headers = [("traceparent", sent)];
        call(
            &house.app,
            "POST",
            "/v1/notifications",
            &house.publisher,
            &headers,
            body,
        )
        .await
        .expect(202);
        let entries = house.log(&format!("user:{}", kept.len())).await;
        assert_eq!(entries[0].1.traceparent, kept);
    }
}

#[tokio::test]
async fn a_store_that_only_replicates_is_not_called_durable() {
    let settings = fanfare_notify::Settings {
        stored_as: fanfare_notify::StoredAs::Replicated,
        ..crate::house::settings()
    };
    let house = House::open_with(settings).await;
    let mut body = json!({"to": {"users": ["7"]}, "title": "t"});
    let answer = house.publish(body.clone()).await.expect(202);
    assert_eq!(answer["status"], "replicated");
    body["ack"] = json!("durable");
    let answer = house.publish(body).await.expect(400);
    assert!(answer["detail"].as_str().unwrap().starts_with("ack: "));
}
