//! Taking back.

use crate::house::{ADMIN_PASSWORD, House, until};
use fanfare_tokens::TokenError;
use serde_json::json;

#[tokio::test]
async fn a_revocation_reaches_other_processes() {
    let (house, worker) = House::with_worker().await;
    let elsewhere = house.authority().await;
    worker.make_user("alice").await;
    let key = worker.make_key(&["admin"]).await;
    for what in ["user", "session", "jti"] {
        // What is revoked is of this second; what comes after must not be hit.
        let token = worker.login("alice", "correct horse").await;
        let access_token = token.text("access_token");
        let identity = elsewhere.verify(&access_token).await.unwrap();
        let mut told = elsewhere.revocations();
        let id = match what {
            "user" => identity.user.clone(),
            "session" => identity.session.clone().unwrap(),
            _ => identity.token_id.clone().unwrap(),
        };
        let answer = worker
            .post("/v1/auth/revoke", &key, json!({what: id}))
            .await;
        assert_eq!(answer.status, 204, "{}", answer.body);
        assert!(told.recv().await.unwrap().hits(&identity));
        assert!(elsewhere.is_revoked(&identity));
        assert_eq!(
            elsewhere.verify(&access_token).await,
            Err(TokenError::Revoked)
        );
        let refreshed = worker.refresh(&token.text("refresh_token")).await;
        let ends_login = what != "jti";
        assert_eq!(refreshed.status == 401, ends_login, "{what}");
    }
}

#[tokio::test]
async fn whoever_signs_in_in_the_same_second_gets_in_and_can_be_put_out_again() {
    let (house, worker) = House::with_worker().await;
    let elsewhere = house.authority().await;
    let key = worker.make_key(&["admin"]).await;
    for _round in 0..3 {
        let mut dated_ahead = false;
        loop {
            let answer = worker.login("admin", ADMIN_PASSWORD).await;
            if answer.status == 429 {
                // A third token of one second would be dated further ahead than verifiers have to believe.
                assert!(dated_ahead, "{}", answer.body);
                break;
            }
            dated_ahead = true;
            let token = answer.text("access_token");
            until(&elsewhere, &token, Result::is_ok).await;
            let answer = worker
                .post("/v1/auth/revoke", &key, json!({"user": "admin"}))
                .await;
            assert_eq!(answer.status, 204);
            until(&elsewhere, &token, |outcome| {
                *outcome == Err(TokenError::Revoked)
            })
            .await;
            house.clock.advance(1);
        }
        house.clock.advance(2_000);
    }
}

#[tokio::test]
async fn a_backends_user_without_an_account_is_revoked_too() {
    let (_house, worker) = House::with_worker().await;
    let key = worker.make_key(&["admin"]).await;
    let minted = worker
        .post("/v1/auth/tokens", &key, json!({"user": "42"}))
        .await;
    let token = minted.text("access_token");
    assert!(worker.authority.verify(&token).await.is_ok());
    worker
        .post("/v1/auth/revoke", &key, json!({"user": "42"}))
        .await;
    until(&worker.authority, &token, |outcome| {
        *outcome == Err(TokenError::Revoked)
    })
    .await;
    let again = worker
        .post("/v1/auth/tokens", &key, json!({"user": "42"}))
        .await;
    assert!(
        worker
            .authority
            .verify(&again.text("access_token"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn exactly_one_thing_is_revoked_and_by_administrators() {
    let (_house, worker) = House::with_worker().await;
    let admin = worker.admin().await;
    for body in [
        json!({}),
        json!({"user": "a", "jti": "b"}),
        json!({"user": "a b"}),
        json!({"session": ""}),
        json!({"jti": "x".repeat(129)}),
    ] {
        let answer = worker.post("/v1/auth/revoke", &admin, body.clone()).await;
        assert_eq!(answer.code(), (400, "bad_message"), "{body}");
    }
    let key = worker.make_key(&["tokens:mint"]).await;
    let answer = worker
        .post("/v1/auth/revoke", &key, json!({"user": "admin"}))
        .await;
    assert_eq!(answer.code(), (403, "forbidden"));
}

#[tokio::test]
async fn a_users_revocation_outlives_any_token() {
    let (house, worker) = House::with_worker().await;
    let key = worker.make_key(&["admin"]).await;
    worker
        .post("/v1/auth/revoke", &key, json!({"user": "42"}))
        .await;
    worker
        .post("/v1/auth/revoke", &key, json!({"jti": "theirs"}))
        .await;
    let day_ms = 24 * 3_600_000;
    house.clock.advance(30 * day_ms);
    let kv = &house.handles.kv;
    let left = kv.scan("revocation", "", None, 10).await.unwrap();
    assert_eq!(left.len(), 2);
    house.clock.advance(400 * day_ms);
    let left = kv.scan("revocation", "user/", None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
}
