use fanfare_e2e::{Answer, Server};
use reqwest::Method;
use serde_json::{Value, json};

async fn publish(server: &Server, key: &str, body: &Value) -> Answer {
    let api = server.api();
    let headers = [("Idempotency-Key", key)];
    api.call(Method::POST, "/v1/notifications", api.key(), &headers, body)
        .await
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_and_no_second_message() {
    let mut server = Server::start().await;
    let body = json!({"to": {"users": ["ann"]}, "title": "once"});
    let first = publish(&server, "order-7", &body).await.is(202);
    let again = publish(&server, "order-7", &body).await.is(202);
    assert_eq!(again.body, first.body);
    server.kill();
    server.start_again().await;
    let after_crash = publish(&server, "order-7", &body).await.is(202);
    assert_eq!(after_crash.body, first.body);
    let other = publish(&server, "order-8", &body).await.is(202);
    assert_ne!(other.body["id"], first.body["id"]);
    assert_eq!(
        other.body["appended"][0]["n"], 2,
        "the first key appended once"
    );
}

#[tokio::test]
async fn the_same_key_at_the_same_time_appends_once() {
    let server = Server::start().await;
    let body = json!({"to": {"users": ["ann"]}, "title": "once"});
    let all = futures_util::future::join_all((0..8).map(|_| publish(&server, "k", &body))).await;
    let mut ids: Vec<Value> = all
        .into_iter()
        // Whoever comes while the first is under way may be told so instead.
        .filter(|answer| answer.status != 409)
        .map(|answer| answer.is(202).body["id"].clone())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let next = publish(&server, "another", &body).await.is(202);
    assert_eq!(next.body["appended"][0]["n"], 2);
}

#[tokio::test]
async fn the_same_key_for_something_else_is_a_conflict() {
    let server = Server::start().await;
    let body = |title: &str| json!({"to": {"users": ["ann"]}, "title": title});
    publish(&server, "k", &body("one")).await.is(202);
    let answer = publish(&server, "k", &body("two")).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (409, &json!("conflict"))
    );
}
