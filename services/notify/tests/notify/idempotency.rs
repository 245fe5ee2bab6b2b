use crate::{
    gate::{Death, dying},
    house::{House, PATIENCE, call},
};
use serde_json::{Value, json};

fn body() -> Value {
    json!({"to": {"users": ["7"], "all": true}, "title": "once"})
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_and_no_second_message() {
    let house = House::open().await;
    let first = house.publish_once("k", &body()).await;
    assert_eq!(first.status, 202);
    house.clock.advance(23 * 3_600_000);
    let again = house.publish_once("k", &body()).await;
    assert_eq!((again.status, &again.text), (202, &first.text));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(house.titles("user:7").await, ["once"]);
    assert_eq!(house.titles("all").await, ["once"]);
    let other = house.publish_once("k2", &body()).await;
    assert_ne!(other.text, first.text);
    assert_eq!(house.titles("all").await.len(), 2);
}

#[tokio::test]
async fn a_batch_is_answered_again_as_a_whole() {
    let house = House::open().await;
    let batch = json!([body(), {"to": {}}, body()]);
    let first = house.publish_once("k", &batch).await;
    let again = house.publish_once("k", &batch).await;
    assert_eq!((again.status, &again.text), (202, &first.text));
    assert_eq!(house.titles("all").await.len(), 2);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_a_conflict() {
    let house = House::open().await;
    house.publish_once("k", &body()).await.expect(202);
    let other = json!({"to": {"users": ["8"]}, "title": "other"});
    let problem = house.publish_once("k", &other).await.expect(409);
    assert_eq!(problem["code"], "conflict");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Idempotency-Key")
    );
    assert!(house.log("user:8").await.is_empty());
    // Another backend's key is another scope.
    let headers = [("idempotency-key", "k")];
    let path = "/v1/notifications";
    let admin = call(
        &house.app,
        "POST",
        path,
        &house.admin,
        &headers,
        other.to_string(),
    )
    .await;
    admin.expect(202);
}

#[tokio::test]
async fn a_refused_request_gives_its_key_back() {
    let house = House::open().await;
    let wrong = json!({"to": {"users": ["7"]}});
    house.publish_once("k", &wrong).await.expect(400);
    house.publish_once("k", &body()).await.expect(202);
}

#[tokio::test]
async fn duplicates_at_once_are_one_message_and_one_answer() {
    let house = House::open().await;
    let (_second, app) = house.worker(house.handles.clone()).await;
    let text = body().to_string();
    let headers = [("idempotency-key", "k")];
    let calls = (0..16).map(|index| {
        let app = if index % 2 == 0 { &house.app } else { &app };
        call(
            app,
            "POST",
            "/v1/notifications",
            &house.publisher,
            &headers,
            text.clone(),
        )
    });
    let answers = futures_util::future::join_all(calls).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (202, &answers[0].text));
    }
    assert_eq!(house.titles("user:7").await, ["once"]);
    assert_eq!(house.titles("all").await, ["once"]);
}

#[tokio::test]
async fn what_a_dead_worker_began_is_finished_by_the_next() {
    let scheduled = json!({
        "to": {"users": ["7"], "all": true}, "title": "once", "deliver_at": "2026-11-23T00:01:00Z"
    });
    for death in [Death::BeforeAppend, Death::AfterAppend, Death::BeforeAnswer] {
        for body in [body(), scheduled.clone()] {
            let house = House::open().await;
            let (handles, reached) = dying(&house.handles, death);
            let (dead, app) = house.worker(handles).await;
            let headers = [("idempotency-key", "k")];
            let request = call(
                &app,
                "POST",
                "/v1/notifications",
                &house.publisher,
                &headers,
                body.to_string(),
            );
            tokio::select! {
                _ = request => panic!("the worker lived through {death:?}"),
                told = tokio::time::timeout(PATIENCE, reached.notified()) => told.unwrap(),
            }
            drop(dead);
            house.clock.advance(5_000);
            let answer = house.publish_once("k", &body).await.expect(202);
            let again = house.publish_once("k", &body).await;
            assert_eq!(again.json(), answer);
            if answer["status"] == "scheduled" {
                house.advance_until(60_000, "all", 1).await;
            }
            assert_eq!(house.titles("user:7").await, ["once"], "{death:?}");
            assert_eq!(house.titles("all").await, ["once"], "{death:?}");
            let id = answer["id"].as_str().unwrap();
            assert_eq!(house.log("all").await[0].1.id, id);
            assert_eq!(house.trail(id, "").await["channels"][1]["n"], 1);
        }
    }
}

#[tokio::test]
async fn a_key_must_be_short_and_printable() {
    let house = House::open().await;
    for key in ["", &"x".repeat(129), "é"] {
        let problem = house.publish_once(key, &body()).await.expect(400);
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .starts_with("Idempotency-Key")
        );
    }
    house
        .publish_once(&"x".repeat(128), &body())
        .await
        .expect(202);
}
