//! Refresh tokens.

use crate::house::{ADMIN_PASSWORD, House};
use fanfare_tokens::TokenError;
use futures_util::future::join_all;

const DAY_MS: i64 = 24 * 3600 * 1000;

#[tokio::test]
async fn each_refresh_gives_the_next_token_of_the_same_session() {
    let (house, worker) = House::with_worker().await;
    let mut tokens = worker.login("admin", ADMIN_PASSWORD).await;
    let first = worker
        .authority
        .verify(&tokens.text("access_token"))
        .await
        .unwrap();
    for _refresh in 0..3 {
        house.clock.advance(60_000);
        let next = worker.refresh(&tokens.text("refresh_token")).await;
        assert_eq!(next.status, 200, "{}", next.body);
        assert_ne!(next.text("refresh_token"), tokens.text("refresh_token"));
        let identity = worker
            .authority
            .verify(&next.text("access_token"))
            .await
            .unwrap();
        assert_eq!(identity.session, first.session);
        assert_ne!(identity.token_id, first.token_id);
        tokens = next;
    }
}

#[tokio::test]
async fn a_used_token_that_comes_again_ends_the_login_for_thief_and_owner() {
    for uses_since in [1, 5] {
        let (house, worker) = House::with_worker().await;
        let elsewhere = house.authority().await;
        let stolen = worker.login("admin", ADMIN_PASSWORD).await;
        let mut latest = worker.refresh(&stolen.text("refresh_token")).await;
        for _use in 1..uses_since {
            latest = worker.refresh(&latest.text("refresh_token")).await;
        }
        let access_token = latest.text("access_token");
        assert!(elsewhere.verify(&access_token).await.is_ok());
        house.clock.advance(10_001);
        let mut told = elsewhere.revocations();
        let thief = worker.refresh(&stolen.text("refresh_token")).await;
        assert_eq!(thief.code(), (401, "unauthorized"));
        told.recv().await.unwrap();
        assert_eq!(
            elsewhere.verify(&access_token).await,
            Err(TokenError::Revoked)
        );
        let owner = worker.refresh(&latest.text("refresh_token")).await;
        assert_eq!((owner.status, owner.body), (thief.status, thief.body));
        let text = worker.metrics.text();
        assert!(
            text.contains("fanfare_auth_refreshes_total{outcome=\"reused\"} 1"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_older_token_ends_the_login_also_within_the_time_of_a_double_submission() {
    let (_house, worker) = House::with_worker().await;
    let first = worker.login("admin", ADMIN_PASSWORD).await;
    let second = worker.refresh(&first.text("refresh_token")).await;
    let third = worker.refresh(&second.text("refresh_token")).await;
    assert_eq!(
        worker.refresh(&first.text("refresh_token")).await.code().0,
        401
    );
    assert_eq!(
        worker.refresh(&third.text("refresh_token")).await.code().0,
        401
    );
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_get_one_token_and_stay_signed_in() {
    let (_house, worker) = House::with_worker().await;
    let tokens = worker.login("admin", ADMIN_PASSWORD).await;
    let refresh_token = tokens.text("refresh_token");
    let answers = join_all((0..4).map(|_| worker.refresh(&refresh_token))).await;
    let (ok, repeated): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(ok.len(), 1);
    for answer in repeated {
        assert_eq!(answer.code(), (409, "conflict"));
        assert!(answer.body.get("access_token").is_none());
    }
    assert_eq!(
        worker.refresh(&ok[0].text("refresh_token")).await.status,
        200
    );
}

#[tokio::test]
async fn what_is_no_refresh_token_ends_nothing() {
    let (_house, worker) = House::with_worker().await;
    let tokens = worker.login("admin", ADMIN_PASSWORD).await;
    let access_token = tokens.text("access_token");
    let strange = format!("ffr_{}_{}", "a".repeat(22), "b".repeat(43));
    for text in ["", "ffr_", "ffr_a_b", &strange, &access_token] {
        assert_eq!(worker.refresh(text).await.code(), (401, "unauthorized"));
    }
    assert_eq!(
        worker.refresh(&tokens.text("refresh_token")).await.status,
        200
    );
}

#[tokio::test]
async fn a_refresh_token_ends_when_it_is_not_used() {
    let (house, worker) = House::with_worker().await;
    let tokens = worker.login("admin", ADMIN_PASSWORD).await;
    house.clock.advance(29 * DAY_MS);
    let next = worker.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(next.status, 200);
    house.clock.advance(30 * DAY_MS);
    assert_eq!(
        worker.refresh(&next.text("refresh_token")).await.code().0,
        401
    );
}

#[tokio::test]
async fn a_refresh_token_opens_nothing_itself() {
    let (_house, worker) = House::with_worker().await;
    let tokens = worker.login("admin", ADMIN_PASSWORD).await;
    let answer = worker.get("/v1/users", &tokens.text("refresh_token")).await;
    assert_eq!(answer.code(), (401, "unauthorized"));
}
