use crate::house::{House, call};
use fanfare_proto::wire::EntryType;
use serde_json::{Value, json};

#[tokio::test]
async fn a_retracted_one_leaves_log_inbox_and_counts_and_says_so() {
    let house = House::open().await;
    let token = house.token("7", &["ops"]);
    let keep = house.tell("7", "keep").await;
    let body = json!({"to": {"users": ["7"], "groups": ["ops"]}, "title": "oops"});
    let answer = house.publish(body).await.expect(202);
    let id = answer["id"].as_str().unwrap();
    let before = house.get("/v1/inbox/counts", &token).await.expect(200);
    assert_eq!(before["unread"], 2);
    let withdrawn = house.withdraw(id).await.expect(200);
    assert_eq!(withdrawn["status"], "retracted");
    assert_eq!(withdrawn["channels"][0]["n"], 2);

    let entries = house.log("user:7").await;
    let kinds: Vec<EntryType> = entries
        .iter()
        .map(|(_record, entry)| entry.r#type())
        .collect();
    assert_eq!(kinds, [EntryType::Notification, EntryType::Retraction]);
    let told: Value = serde_json::from_slice(&entries[1].1.body).unwrap();
    assert_eq!(told, json!({"id": id, "n": 2}));

    let inbox = house.get("/v1/inbox", &token).await.expect(200);
    assert_eq!(inbox["items"].as_array().unwrap().len(), 1);
    assert_eq!(inbox["items"][0]["id"], keep.as_str());
    let after = house.get("/v1/inbox/counts", &token).await.expect(200);
    assert_eq!(after["unread"], 1);
    assert!(after["version"].as_u64() > before["version"].as_u64());
    let mark = house
        .post(&format!("/v1/inbox/{id}/read"), &token, "")
        .await;
    mark.expect(404);

    assert_eq!(house.withdraw(id).await.expect(200), withdrawn);
    assert_eq!(house.log("user:7").await.len(), 2);
    let trail = house.trail(id, "").await;
    assert_eq!(trail["status"], "retracted");
    assert_eq!(trail["addressees"][0]["not_delivered"]["code"], "retracted");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let house = House::open().await;
    for id in [
        "01acf2a3-1b00-7d3f-8f0e-5f6a3f1c2b4d",
        "x",
        "%2e%2e",
        "a%2Fb",
        "%00",
        "%FF",
        "*",
    ] {
        for method in ["GET", "DELETE"] {
            let path = format!("/v1/notifications/{id}");
            let answer = call(&house.app, method, &path, &house.publisher, &[], "").await;
            assert_eq!(answer.expect(404)["code"], "not_found", "{method} {id}");
        }
    }
}

#[tokio::test]
async fn another_publisher_can_neither_follow_nor_take_it_back() {
    let house = House::open().await;
    let id = house.tell("7", "mine").await;
    let path = format!("/v1/notifications/{id}");
    for method in ["GET", "DELETE"] {
        let answer = call(&house.app, method, &path, &house.other_publisher, &[], "").await;
        assert_eq!(answer.expect(404)["code"], "not_found", "{method}");
    }
    let trail = house.trail(&id, "").await;
    assert_eq!(
        (&trail["status"], trail.get("withdrawn_at")),
        (&json!("sent"), None)
    );
    assert_eq!(house.titles("user:7").await, ["mine"]);
    for method in ["GET", "DELETE"] {
        call(&house.app, method, &path, &house.admin, &[], "")
            .await
            .expect(200);
    }
    assert!(house.titles("user:7").await.is_empty());
}

#[tokio::test]
async fn a_repeated_publish_does_not_bring_it_back() {
    let house = House::open().await;
    let body = json!({"to": {"users": ["7"]}, "title": "oops"});
    let answer = house.publish_once("k", &body).await.expect(202);
    house
        .withdraw(answer["id"].as_str().unwrap())
        .await
        .expect(200);
    assert_eq!(house.publish_once("k", &body).await.expect(202), answer);
    assert!(house.titles("user:7").await.is_empty());
}

#[tokio::test]
async fn an_expired_one_is_gone_rather_than_retracted() {
    let house = House::open().await;
    let body = json!({"to": {"users": ["7"]}, "title": "brief", "ttl_seconds": 60});
    let id = house.publish(body).await.expect(202)["id"].clone();
    house.clock.advance(61_000);
    let withdrawn = house.withdraw(id.as_str().unwrap()).await.expect(200);
    assert_eq!(withdrawn["status"], "gone");
}
