//! Signing in.

use crate::house::{ADMIN_PASSWORD, House, NOW_MS, settings};
use axum::http::Method;
use fanfare_auth::{LoginLimits, PasswordCost, Rate, Settings};
use fanfare_tokens::TokenError;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_login_gives_a_token_that_verifiers_take() {
    let (_house, worker) = House::with_worker().await;
    let answer = worker.login("Admin", ADMIN_PASSWORD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 900);
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = answer.text("access_token");
    let identity = worker.authority.verify(&token).await.unwrap();
    assert_eq!(identity.user, "admin");
    assert!(identity.has_scope("admin") && identity.has_scope("system:read"));
    assert!(identity.session.is_some() && identity.token_id.is_some());
    assert_eq!(identity.expires_at_ms, NOW_MS / 1_000 * 1_000 + 900_000);
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_answer() {
    let (_house, worker) = House::with_worker().await;
    worker.make_user("disabled").await;
    let admin = worker.admin().await;
    let off = json!({"disabled": true});
    worker
        .call(Method::PATCH, "/v1/users/disabled", &admin, off)
        .await;
    let wrong = worker.login("admin", "wrong password").await;
    assert_eq!(wrong.code(), (401, "unauthorized"));
    for (username, password) in [
        ("nobody", "wrong password"),
        ("no such name, ever", "x"),
        ("", ""),
        ("disabled", "correct horse"),
        ("admin", &"x".repeat(2_000)),
    ] {
        let answer = worker.login(username, password).await;
        assert_eq!(
            (answer.status, &answer.body),
            (wrong.status, &wrong.body),
            "{username:?}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_login_is_told_so() {
    let (_house, worker) = House::with_worker().await;
    let answer = worker
        .post("/v1/auth/login", "", json!({"username": "admin"}))
        .await;
    assert_eq!(answer.code(), (400, "bad_message"));
    let answer = worker.post("/v1/auth/login", "", json!(null)).await;
    assert_eq!(answer.code(), (400, "bad_json"));
    let large = json!({"username": "admin", "password": "x".repeat(64 * 1024)});
    let answer = worker.post("/v1/auth/login", "", large).await;
    assert_eq!(answer.code(), (413, "too_large"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

fn narrow(name: u32, address: u32) -> Settings {
    let rate = |burst| Rate {
        burst,
        every: Duration::from_secs(10),
    };
    Settings {
        login: LoginLimits {
            name: rate(name),
            name_anywhere: rate(3 * name),
            address: rate(address),
        },
        ..settings()
    }
}

#[tokio::test]
async fn who_guesses_a_name_locks_out_himself_and_not_its_owner() {
    let house = House::open().await;
    let worker = house.worker(narrow(3, 100)).await;
    for _attempt in 0..3 {
        let answer = worker
            .login_from("192.0.2.1", "admin", "wrong password")
            .await;
        assert_eq!(answer.code(), (401, "unauthorized"));
    }
    let limited = worker
        .login_from("192.0.2.1", "ADMIN", ADMIN_PASSWORD)
        .await;
    assert_eq!(limited.code(), (429, "rate_limited"));
    assert_eq!(limited.header("retry-after"), "10");
    let owner = worker
        .login_from("192.0.2.9", "admin", ADMIN_PASSWORD)
        .await;
    assert_eq!(owner.status, 200);
}

#[tokio::test]
async fn a_name_can_be_tried_so_often_and_no_more_from_anywhere() {
    let house = House::open().await;
    let worker = house.worker(narrow(1, 100)).await;
    for attempt in 0..3 {
        let address = format!("192.0.2.{attempt}");
        let answer = worker.login_from(&address, "admin", "wrong password").await;
        assert_eq!(answer.code(), (401, "unauthorized"));
    }
    let limited = worker
        .login_from("192.0.2.9", "admin", ADMIN_PASSWORD)
        .await;
    assert_eq!(limited.code(), (429, "rate_limited"));
    house.clock.advance(10_000);
    let owner = worker
        .login_from("192.0.2.9", "admin", ADMIN_PASSWORD)
        .await;
    assert_eq!(owner.status, 200);
}

#[tokio::test]
async fn an_address_can_try_so_many_names_and_no_more() {
    let house = House::open().await;
    let worker = house.worker(narrow(100, 3)).await;
    for attempt in 0..3 {
        let name = format!("name-{attempt}");
        worker
            .login_from("2001:db8::1", &name, "wrong password")
            .await;
    }
    let limited = worker
        .login_from("2001:db8::2", "admin", ADMIN_PASSWORD)
        .await;
    assert_eq!(limited.code(), (429, "rate_limited"));
    let other = worker
        .login_from("2001:db8:1::1", "admin", ADMIN_PASSWORD)
        .await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn people_who_know_their_password_are_not_counted() {
    let house = House::open().await;
    let worker = house.worker(narrow(1, 1)).await;
    for _login in 0..5 {
        assert_eq!(worker.login("admin", ADMIN_PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn a_flood_of_logins_is_turned_away_with_a_hint() {
    let house = House::open().await;
    let worker = house
        .worker(Settings {
            passwords: PasswordCost {
                concurrent: 1,
                waiting: 1,
                ..PasswordCost::default()
            },
            ..settings()
        })
        .await;
    let answers = join_all((0..8).map(|_| worker.login("admin", ADMIN_PASSWORD))).await;
    let ok = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((2..8).contains(&ok), "{ok} of 8 had a place");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.code(), (429, "rate_limited"));
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(worker.login("admin", ADMIN_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn logout_ends_the_login_everywhere_and_no_other() {
    let (house, worker) = House::with_worker().await;
    let elsewhere = house.authority().await;
    let ended = worker.login("admin", ADMIN_PASSWORD).await;
    let kept = worker.login("admin", ADMIN_PASSWORD).await;
    let mut told = elsewhere.revocations();
    let refresh_token = json!({"refresh_token": ended.text("refresh_token")});
    for _again in 0..2 {
        let answer = worker
            .post("/v1/auth/logout", "", refresh_token.clone())
            .await;
        assert_eq!((answer.status.as_u16(), answer.body), (204, Value::Null));
    }
    told.recv().await.unwrap();
    let refused = elsewhere.verify(&ended.text("access_token")).await;
    assert_eq!(refused, Err(TokenError::Revoked));
    assert_eq!(
        worker.refresh(&ended.text("refresh_token")).await.code().0,
        401
    );
    assert!(elsewhere.verify(&kept.text("access_token")).await.is_ok());
    assert_eq!(
        worker.refresh(&kept.text("refresh_token")).await.status,
        200
    );
}

#[tokio::test]
async fn logins_are_counted_by_outcome() {
    let (_house, worker) = House::with_worker().await;
    worker.login("admin", ADMIN_PASSWORD).await;
    worker.login("admin", "wrong password").await;
    worker.login("nobody", "wrong password").await;
    let text = worker.metrics.text();
    assert!(
        text.contains("fanfare_auth_logins_total{outcome=\"ok\"} 1"),
        "{text}"
    );
    assert!(text.contains("fanfare_auth_logins_total{outcome=\"refused\"} 2"));
    assert!(text.contains("fanfare_auth_tokens_total{occasion=\"login\"} 1"));
}
