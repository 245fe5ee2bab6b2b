use crate::{
    gate::{Control, Death, dying},
    house::{House, PATIENCE, call},
};
use serde_json::json;

const IN_A_MINUTE: &str = "2026-11-23T00:01:00Z";

#[tokio::test]
async fn a_scheduled_notification_comes_when_it_is_due() {
    let house = House::open().await;
    let mut events = house.events("7").await;
    let body = json!({
        "to": {"users": ["7"], "groups": ["ops"]}, "title": "later", "deliver_at": IN_A_MINUTE
    });
    let answer = house.publish(body).await.expect(202);
    assert_eq!(answer["status"], "scheduled");
    assert_eq!(answer["appended"], json!([]));
    let id = answer["id"].as_str().unwrap();
    let trail = house.trail(id, "").await;
    assert_eq!(trail["status"], "scheduled");
    assert_eq!(trail["addressees"][0]["not_delivered"]["code"], "not_due");
    assert!(house.log("user:7").await.is_empty());

    house.advance_until(60_000, "user:7", 1).await;
    house.advance_until(0, "group:ops", 1).await;
    let entries = house.log("user:7").await;
    assert_eq!(entries[0].1.id, id);
    assert_eq!(entries[0].1.created_at_ms, house.clock.now_ms());
    let (kind, counts) = events.next().await;
    assert_eq!((kind.as_str(), &counts["unread"]), ("counts", &json!(1)));
    let trail = house.trail(id, "").await;
    assert_eq!(trail["status"], "sent");
    assert_eq!(trail["channels"][0]["n"], 1);
}

#[tokio::test]
async fn a_cancelled_one_never_comes() {
    let house = House::open().await;
    let body =
        json!({"to": {"users": ["7"], "all": true}, "title": "no", "deliver_at": IN_A_MINUTE});
    let answer = house.publish(body).await.expect(202);
    let id = answer["id"].as_str().unwrap();
    let withdrawn = house.withdraw(id).await.expect(200);
    assert_eq!(withdrawn["status"], "cancelled");
    assert_eq!(withdrawn["channels"][1]["status"], "cancelled");
    assert_eq!(house.withdraw(id).await.expect(200), withdrawn);
    // One that is due at the same time shows that the time has come.
    let other = json!({"to": {"users": ["8"]}, "title": "yes", "deliver_at": IN_A_MINUTE});
    house.publish(other).await.expect(202);
    house.advance_until(60_000, "user:8", 1).await;
    assert!(house.log("user:7").await.is_empty());
    assert!(house.log("all").await.is_empty());
    let trail = house.trail(id, "").await;
    assert_eq!(trail["status"], "cancelled");
    assert_eq!(trail["addressees"][0]["not_delivered"]["code"], "cancelled");
    assert_eq!(house.withdraw(id).await.expect(200), withdrawn);
}

#[tokio::test]
async fn one_that_was_sent_meanwhile_is_retracted() {
    let house = House::open().await;
    let body = json!({"to": {"users": ["7"]}, "title": "gone", "deliver_at": IN_A_MINUTE});
    let answer = house.publish(body).await.expect(202);
    house.advance_until(60_000, "user:7", 1).await;
    let id = answer["id"].as_str().unwrap();
    let withdrawn = house.withdraw(id).await.expect(200);
    assert_eq!(withdrawn["status"], "retracted");
    assert_eq!(
        withdrawn["channels"],
        json!([{"channel": "user:7", "status": "retracted", "n": 1}])
    );
    assert!(house.titles("user:7").await.is_empty());
}

#[tokio::test]
async fn many_cancels_against_the_clock_say_what_is_true() {
    let house = House::open().await;
    for round in 0..20 {
        let user = format!("u{round}");
        let at = fanfare_proto::Timestamp::from_ms(house.clock.now_ms() + 1_000);
        let body = json!({"to": {"users": [user]}, "title": "race", "deliver_at": at});
        let id = house.publish(body).await.expect(202)["id"].clone();
        house.clock.advance(1_000);
        let withdrawn = house.withdraw(id.as_str().unwrap()).await.expect(200);
        let entries = house.log(&format!("user:{user}")).await;
        match withdrawn["status"].as_str() {
            Some("cancelled") => assert!(entries.is_empty()),
            // The notification took ordinal 1; what is left is the retraction.
            Some("retracted") => assert_eq!(
                entries
                    .iter()
                    .map(|(record, _entry)| record.position.n)
                    .collect::<Vec<_>>(),
                [2]
            ),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_scheduled_one_collapses_what_is_older_when_it_comes() {
    let house = House::open().await;
    let mut events = house.events("7").await;
    let later = json!({
        "to": {"users": ["7"]}, "title": "new", "collapse_key": "k", "deliver_at": IN_A_MINUTE
    });
    house.publish(later).await.expect(202);
    let now = json!({"to": {"users": ["7"]}, "title": "old", "collapse_key": "k"});
    house.publish(now).await.expect(202);
    assert_eq!(house.titles("user:7").await, ["old"]);
    assert_eq!(events.next().await.1["version"], 1);
    house.clock.advance(60_000);
    // Its counts come after the older one is gone.
    let (_kind, counts) = events.next().await;
    assert_eq!(
        (&counts["version"], &counts["unread"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(house.titles("user:7").await, ["new"]);
}

#[tokio::test]
async fn what_is_withdrawn_while_it_is_scheduled_is_not_delivered() {
    let house = House::open().await;
    let control = Control::stopping(Death::BeforeAppend);
    let (_slow, app) = house.worker(control.over(&house.handles)).await;
    let body = json!({"to": {"users": ["7"]}, "title": "no", "deliver_at": IN_A_MINUTE});
    let path = "/v1/notifications";
    let publish = call(&app, "POST", path, &house.publisher, &[], body.to_string());
    let withdraw = async {
        tokio::time::timeout(PATIENCE, control.reached.notified())
            .await
            .unwrap();
        let id = scheduled_id(&house).await;
        let withdrawn = house.withdraw(&id).await.expect(200);
        assert_eq!(withdrawn["status"], "cancelled");
        control.release.notify_one();
    };
    let (answer, ()) = tokio::join!(publish, withdraw);
    assert_eq!(answer.expect(202)["status"], "cancelled");
    let other = json!({"to": {"users": ["8"]}, "title": "yes", "deliver_at": IN_A_MINUTE});
    house.publish(other).await.expect(202);
    house.advance_until(60_000, "user:8", 1).await;
    assert!(house.log("user:7").await.is_empty());
}

#[tokio::test]
async fn a_repeat_of_what_was_withdrawn_says_so() {
    let house = House::open().await;
    let (handles, reached) = dying(&house.handles, Death::AfterAppend);
    let (dead, app) = house.worker(handles).await;
    let body = json!({"to": {"users": ["7"]}, "title": "no", "deliver_at": IN_A_MINUTE});
    let (path, headers) = ("/v1/notifications", [("idempotency-key", "k")]);
    let first = call(
        &app,
        "POST",
        path,
        &house.publisher,
        &headers,
        body.to_string(),
    );
    tokio::select! {
        _ = first => panic!("the worker lived"),
        told = tokio::time::timeout(PATIENCE, reached.notified()) => told.unwrap(),
    }
    drop(dead);
    let id = scheduled_id(&house).await;
    house.withdraw(&id).await.expect(200);
    house.clock.advance(5_000);
    let again = house.publish_once("k", &body).await.expect(202);
    assert_eq!(
        (&again["id"], &again["status"]),
        (&json!(id), &json!("cancelled"))
    );
}

async fn scheduled_id(house: &House) -> String {
    let due = house
        .handles
        .kv
        .scan("trail", "due/", None, 1)
        .await
        .unwrap();
    due[0].key.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn one_behind_many_others_is_retracted() {
    let house = House::open().await;
    let later = json!({"to": {"users": ["7"]}, "title": "later", "deliver_at": IN_A_MINUTE});
    let id = house.publish(later).await.expect(202)["id"].clone();
    house.clock.advance(59_000);
    for count in [1_000, 200] {
        let items: Vec<_> = (0..count)
            .map(|_index| json!({"to": {"users": ["7"]}, "title": "t", "ttl_seconds": 3_600}))
            .collect();
        house.publish(json!(items)).await.expect(202);
    }
    let mut tail = house.handles.log.tail().await.unwrap();
    house.clock.advance(1_000);
    tokio::time::timeout(PATIENCE, tail.next()).await.unwrap();
    let withdrawn = house.withdraw(id.as_str().unwrap()).await.expect(200);
    assert_eq!(withdrawn["status"], "retracted");
    assert_eq!(withdrawn["channels"][0]["n"], 1_201);
}
