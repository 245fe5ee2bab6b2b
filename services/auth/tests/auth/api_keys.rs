//! API keys.

use crate::house::{House, request};
use axum::http::Method;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_key_is_shown_once_and_stored_nowhere() {
    let (house, worker) = House::with_worker().await;
    let key = worker.make_key(&["tokens:mint"]).await;
    assert!(key.starts_with("ff_") && key.len() >= 43);
    let list = worker.get("/v1/auth/api-keys", &worker.admin().await).await;
    assert_eq!(list.body["items"][0]["scopes"], json!(["tokens:mint"]));
    assert_eq!(list.body["items"][0]["created_by"], "user:admin");
    assert!(!list.body.to_string().contains(&key));
    for record in house
        .handles
        .kv
        .scan("auth", "", None, 1_000)
        .await
        .unwrap()
    {
        let value = String::from_utf8_lossy(&record.value).into_owned();
        assert!(
            !record.key.contains(&key) && !value.contains(&key),
            "{}",
            record.key
        );
    }
}

#[tokio::test]
async fn a_deleted_key_ends_within_five_seconds_also_elsewhere() {
    let (house, worker) = House::with_worker().await;
    let elsewhere = house.authority().await;
    let key = worker.make_key(&["tokens:mint"]).await;
    let id = elsewhere.api_key(&key).await.unwrap().id;
    let admin = worker.admin().await;
    let path = format!("/v1/auth/api-keys/{id}");
    let gone = worker
        .call(Method::DELETE, &path, &admin, json!(null))
        .await;
    assert_eq!(gone.status, 204);
    let again = worker
        .call(Method::DELETE, &path, &admin, json!(null))
        .await;
    assert_eq!(again.code(), (404, "not_found"));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert!(elsewhere.api_key(&key).await.is_err());
    let answer = worker
        .post("/v1/auth/tokens", &key, json!({"user": "42"}))
        .await;
    assert_eq!(answer.code(), (401, "unauthorized"));
}

#[tokio::test]
async fn a_repeated_request_makes_no_second_key_and_says_which_was_made() {
    let (_house, worker) = House::with_worker().await;
    let admin = worker.admin().await;
    let send = |body: serde_json::Value| {
        let mut request = request(Method::POST, "/v1/auth/api-keys", &admin, &body);
        request
            .headers_mut()
            .insert("idempotency-key", "one".parse().unwrap());
        worker.send(request)
    };
    let body = json!({"name": "shop", "scopes": ["tokens:mint"]});
    let (first, second) = tokio::join!(send(body.clone()), send(body.clone()));
    let (made, repeated) = if first.status == 201 {
        (first, second)
    } else {
        (second, first)
    };
    assert_eq!(made.status, 201);
    assert_eq!(repeated.code(), (409, "conflict"));
    assert!(repeated.text("detail").contains(&made.text("id")));
    let other = send(json!({"name": "shop", "scopes": ["admin"]})).await;
    assert_eq!(other.code(), (409, "conflict"));
    let list = worker.get("/v1/auth/api-keys", &admin).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_has_known_scopes_and_a_name() {
    let (_house, worker) = House::with_worker().await;
    let admin = worker.admin().await;
    for body in [
        json!({"name": "shop", "scopes": []}),
        json!({"name": "shop", "scopes": ["everything"]}),
        json!({"name": " ", "scopes": ["admin"]}),
        json!({"name": "shop"}),
    ] {
        let answer = worker.post("/v1/auth/api-keys", &admin, body.clone()).await;
        assert_eq!(answer.code(), (400, "bad_message"), "{body}");
    }
}

#[tokio::test]
async fn this_machines_own_key_is_kept_while_it_is_good() {
    let (_house, worker) = House::with_worker().await;
    let scopes = ["notifications:publish", "tokens:mint"];
    let ensure = |existing| worker.auth.ensure_local_key("tools", &scopes, existing);
    let key = ensure(None).await.unwrap();
    let from_file = format!("{key}\n");
    assert_eq!(ensure(Some(&from_file)).await.unwrap(), key);
    let replaced = ensure(Some("ff_rubbish")).await.unwrap();
    assert_ne!(replaced, key);
    assert!(
        worker
            .authority
            .api_key(&replaced)
            .await
            .unwrap()
            .may("tokens:mint")
    );
    assert!(
        worker.authority.api_key(&key).await.is_err(),
        "the old one ends"
    );
    assert!(
        worker
            .auth
            .ensure_local_key("a b", &scopes, None)
            .await
            .is_err()
    );
}
