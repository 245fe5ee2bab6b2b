use crate::{
    gate::Control,
    house::{House, caller, settings},
};
use fanfare_proto::{
    Timestamp, subject,
    wire::{CountsReply, CountsRequest, ReadReply, ReadRequest},
};
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};

async fn counts(house: &House, token: &str) -> Value {
    house.get("/v1/inbox/counts", token).await.expect(200)
}

#[tokio::test]
async fn marks_change_counts_and_tell_the_other_sessions() {
    let house = House::open().await;
    let token = house.token("7", &["ops"]);
    let first = house.tell("7", "one").await;
    house.tell("7", "two").await;
    let before = counts(&house, &token).await;
    assert_eq!(before["unread"], 2);
    let mut events = house.events("7").await;
    let mut version = before["version"].as_u64().unwrap();
    for (mark, unread, filter, shown) in [
        ("read", 1, "unread", 1),
        ("unread", 2, "unread", 2),
        ("archive", 1, "archived", 1),
        ("unread", 2, "archived", 0),
    ] {
        let path = format!("/v1/inbox/{first}/{mark}");
        let change = house.post(&path, &token, "").await.expect(200);
        assert_eq!(
            (&change["change"], &change["id"]),
            (&json!(mark), &json!(first))
        );
        assert_eq!(change["marks"], json!([{"channel": "user:7", "n": 1}]));
        assert_eq!(change["counts"]["unread"], unread, "{mark}");
        assert!(change["counts"]["version"].as_u64().unwrap() > version);
        version = change["counts"]["version"].as_u64().unwrap();
        loop {
            // The counts of the publishes above may still be under way.
            let (kind, data) = events.next().await;
            if kind == "read" {
                assert_eq!(data["marks"], change["marks"]);
                assert_eq!(data["id"], change["id"]);
                assert_eq!(
                    events.next().await,
                    ("counts".into(), change["counts"].clone())
                );
                break;
            }
        }
        let page = house
            .get(&format!("/v1/inbox?filter={filter}"), &token)
            .await
            .expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), shown, "{mark}");
    }
}

#[tokio::test]
async fn the_archive_is_out_of_the_way() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    let id = house.tell("7", "one").await;
    house
        .post(&format!("/v1/inbox/{id}/archive"), &token, "")
        .await
        .expect(200);
    let all = house.get("/v1/inbox", &token).await.expect(200);
    assert_eq!(all["items"], json!([]));
    let archived = house
        .get("/v1/inbox?filter=archived", &token)
        .await
        .expect(200);
    let item = &archived["items"][0];
    assert_eq!(
        (&item["read"], &item["archived"]),
        (&json!(true), &json!(true))
    );
}

#[tokio::test]
async fn read_all_stops_where_it_is_told_to() {
    let house = House::open().await;
    let token = house.token("7", &["ops"]);
    let publish = |to: Value, title: &'static str| {
        house.clock.advance(1_000);
        house.publish(json!({"to": to, "title": title}))
    };
    publish(json!({"users": ["7"]}), "a").await.expect(202);
    publish(json!({"groups": ["ops"]}), "b").await.expect(202);
    let seen = publish(json!({"all": true}), "c").await.expect(202);
    let seen_at = Timestamp::from_ms(house.clock.now_ms()).to_string();
    publish(json!({"users": ["7"]}), "d").await.expect(202);
    publish(json!({"all": true}), "e").await.expect(202);
    assert_eq!(counts(&house, &token).await["unread"], 5);
    house.clock.advance(1_000);
    let by_time = json!({"up_to": seen_at}).to_string();
    let by_id = json!({"up_to": seen["id"]}).to_string();
    for (body, unread) in [(by_time.as_str(), 2), (&by_id, 2), ("{}", 0)] {
        let change = house
            .post("/v1/inbox/read-all", &token, body)
            .await
            .expect(200);
        assert_eq!(change["change"], "read_up_to");
        assert_eq!(change["counts"]["unread"], unread, "{body}");
    }
    for body in [r#"{"up_to":"a b"}"#, r#"{"up_to":7}"#, "[]", "{"] {
        house
            .post("/v1/inbox/read-all", &token, body)
            .await
            .expect(400);
    }
    let other = house.tell("8", "not mine").await;
    let body = json!({"up_to": other}).to_string();
    house
        .post("/v1/inbox/read-all", &token, &body)
        .await
        .expect(404);
}

#[tokio::test]
async fn somebody_elses_notification_is_not_found() {
    let house = House::open().await;
    let id = house.tell("8", "theirs").await;
    let token = house.token("7", &[]);
    for mark in ["read", "unread", "archive"] {
        let path = format!("/v1/inbox/{id}/{mark}");
        assert_eq!(
            house.post(&path, &token, "").await.expect(404)["code"],
            "not_found"
        );
    }
    let path = "/v1/inbox/%2e%2e%2fx/read";
    house.post(path, &token, "").await.expect(404);
}

#[tokio::test]
async fn marks_of_many_devices_at_once_are_all_kept() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    let mut ids = Vec::new();
    for index in 0..12 {
        ids.push(house.tell("7", &index.to_string()).await);
    }
    let marks = ids.iter().map(|id| {
        let path = format!("/v1/inbox/{id}/read");
        let (house, token) = (&house, &token);
        async move { house.post(&path, token, "").await.expect(200) }
    });
    futures_util::future::join_all(marks).await;
    assert_eq!(counts(&house, &token).await["unread"], 0);
}

#[tokio::test]
async fn a_gateway_marks_and_counts_for_its_client() {
    let house = House::open().await;
    house.tell("7", "one").await;
    house.tell("7", "two").await;
    house
        .publish(json!({"to": {"groups": ["ops"]}, "title": "g"}))
        .await
        .expect(202);
    let caller = || caller("7", &["ops"]);
    let request = CountsRequest { caller: caller() };
    let reply: CountsReply = house.ask(subject::NOTIFY_COUNTS, &request).await.unwrap();
    let before: Value = serde_json::from_slice(&reply.data).unwrap();
    assert_eq!(before["by_channel"], json!({"user:7": 2, "group:ops": 1}));
    let read = |channel: &str, n: u64| ReadRequest {
        caller: caller(),
        channel: channel.into(),
        n,
    };
    for (request, unread) in [
        (read("user:7", 1), 2),
        (read("user:7", 0), 2),
        (read("user:7", u64::MAX), 1),
    ] {
        let reply: ReadReply = house.ask(subject::NOTIFY_READ, &request).await.unwrap();
        let change: Value = serde_json::from_slice(&reply.data).unwrap();
        assert_eq!(change["counts"]["unread"], unread, "{request:?}");
    }
    // Beyond the head nothing is read in advance.
    house.tell("7", "three").await;
    assert_eq!(
        counts(&house, &house.token("7", &["ops"])).await["unread"],
        2
    );
    for channel in ["user:8", "group:dev", "topic:a", "room:1", "x", ""] {
        let failure = house
            .ask::<ReadReply>(subject::NOTIFY_READ, &read(channel, 1))
            .await;
        assert!(failure.is_err(), "{channel}");
    }
}

#[tokio::test]
async fn many_notifications_at_once_give_one_counts_with_the_known_groups() {
    let house = House::open().await;
    let token = house.token("7", &["ops"]);
    counts(&house, &token).await;
    house
        .publish(json!({"to": {"groups": ["ops"]}, "title": "g"}))
        .await
        .expect(202);
    let mut events = house.events("7").await;
    let items: Vec<Value> = (0..20)
        .map(|_index| json!({"to": {"users": ["7"]}, "title": "t"}))
        .collect();
    let answer = house.publish(json!(items)).await.expect(202);
    let (kind, pushed) = events.next().await;
    assert_eq!((kind.as_str(), &pushed["unread"]), ("counts", &json!(21)));
    // Users wait in line: what would be pushed twice comes before another one's.
    let mut others = house.events("8").await;
    house.tell("8", "t").await;
    assert_eq!(others.next().await.0, "counts");
    let id = answer[0]["id"].as_str().unwrap();
    let path = format!("/v1/inbox/{id}/read");
    house.post(&path, &token, "").await.expect(200);
    assert_eq!(events.next().await.0, "read");
}

#[tokio::test]
async fn a_mark_that_cannot_be_counted_is_kept_and_told() {
    let control = Arc::new(Control::default());
    let house = House::open_through(settings(), |handles| control.over(handles)).await;
    let token = house.token("7", &[]);
    let mut events = house.events("7").await;
    let id = house.tell("7", "one").await;
    assert_eq!(events.next().await.0, "counts");
    control.heads_away.store(1, Ordering::SeqCst);
    let path = format!("/v1/inbox/{id}/read");
    let change = house.post(&path, &token, "").await.expect(200);
    assert_eq!(
        (&change["change"], change.get("counts")),
        (&json!("read"), None)
    );
    assert_eq!(events.next().await, ("read".into(), change));
    let (kind, later) = events.next().await;
    assert_eq!((kind.as_str(), &later["unread"]), ("counts", &json!(0)));
}
