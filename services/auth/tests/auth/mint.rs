//! Tokens that a backend asks for.

use crate::house::House;
use serde_json::json;

#[tokio::test]
async fn a_backend_gets_a_token_for_its_own_user() {
    let (_house, worker) = House::with_worker().await;
    let key = worker.make_key(&["tokens:mint"]).await;
    let body = json!({
        "user": "42", "name": "Ann", "groups": ["ops"],
        "channels": {"topic:news.*": "r"}, "ttl_seconds": 60,
        "scope": "admin", "scopes": ["admin"], "is_admin": true,
    });
    let answer = worker.post("/v1/auth/tokens", &key, body).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["expires_in"]),
        (200, &json!(60))
    );
    let token = answer.text("access_token");
    let identity = worker.authority.verify(&token).await.unwrap();
    assert_eq!(
        (identity.user.as_str(), identity.name.as_deref()),
        ("42", Some("Ann"))
    );
    assert_eq!(identity.groups, ["ops"]);
    assert_eq!(identity.expires_at_ms - identity.issued_at_ms, 60_000);
    assert!(identity.scopes.is_empty(), "never a scope");
    assert_eq!(
        worker.get("/v1/users", &token).await.code(),
        (403, "forbidden")
    );
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let (_house, worker) = House::with_worker().await;
    let mint = json!({"user": "42"});
    let publisher = worker
        .make_key(&["notifications:publish", "channels:publish"])
        .await;
    let minter = worker.make_key(&["tokens:mint"]).await;
    let admin = worker.make_key(&["admin"]).await;
    for (key, may_mint, may_list) in [
        (&publisher, 403, 403),
        (&minter, 200, 403),
        (&admin, 200, 200),
    ] {
        let minted = worker.post("/v1/auth/tokens", key, mint.clone()).await;
        assert_eq!(minted.status.as_u16(), may_mint);
        assert_eq!(
            worker.get("/v1/auth/api-keys", key).await.status.as_u16(),
            may_list
        );
    }
    assert_eq!(
        worker
            .post("/v1/auth/tokens", "", mint.clone())
            .await
            .code(),
        (401, "unauthorized")
    );
    let unknown = format!("ff_{}", "a".repeat(43));
    let answer = worker.post("/v1/auth/tokens", &unknown, mint).await;
    assert_eq!(answer.code(), (401, "unauthorized"));
}

#[tokio::test]
async fn a_token_that_nobody_should_have_is_not_made() {
    let (_house, worker) = House::with_worker().await;
    let key = worker.make_key(&["tokens:mint"]).await;
    for body in [
        json!({}),
        json!({"user": ""}),
        json!({"user": "a b"}),
        json!({"user": "*"}),
        json!({"user": "a\u{0}"}),
        json!({"user": 42}),
        json!({"user": "42", "ttl_seconds": 0}),
        json!({"user": "42", "ttl_seconds": 86_401}),
        json!({"user": "42", "ttl_seconds": -1}),
        json!({"user": "42", "groups": ["a b"]}),
        json!({"user": "42", "groups": vec!["g"; 65]}),
        json!({"user": "42", "groups": (0..64).map(|n| format!("{n:0>127}")).collect::<Vec<_>>()}),
        json!({"user": "42", "channels": {"*": "r"}}),
        json!({"user": "42", "channels": {"topic:a": "admin"}}),
        json!({"user": "42", "name": "a\u{7}"}),
    ] {
        let answer = worker.post("/v1/auth/tokens", &key, body.clone()).await;
        assert_eq!(answer.code(), (400, "bad_message"), "{body}");
    }
}
