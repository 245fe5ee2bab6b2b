//! The first start, and those after it.

use crate::{
    house::{ADMIN_PASSWORD, House, settings},
    unsteady::Unsteady,
};
use axum::http::Method;
use fanfare_auth::{Password, Settings};
use serde_json::Value;
use std::sync::Arc;

#[tokio::test]
async fn the_first_start_shows_a_password_once() {
    let house = House::open().await;
    let worker = house.worker(Settings::default()).await;
    let first_run = worker.auth.first_run.as_ref().unwrap();
    let password = first_run.admin_password.clone().unwrap();
    assert_eq!(password.len(), 20);
    assert!(!format!("{first_run:?}").contains(&password));
    assert_eq!(worker.login("admin", &password).await.status, 200);
    let again = house.worker(Settings::default()).await;
    assert!(again.auth.first_run.is_none());
    assert_eq!(again.login("admin", &password).await.status, 200);
}

#[tokio::test]
async fn a_configured_password_is_not_shown_and_counts_at_the_first_start_only() {
    let (house, worker) = House::with_worker().await;
    let first_run = worker.auth.first_run.as_ref().unwrap();
    assert!(first_run.admin_password.is_none());
    let other = Settings {
        admin_password: Some(Password::new("another password")),
        ..Settings::default()
    };
    let again = house.worker(other).await;
    assert!(again.auth.first_run.is_none());
    assert_eq!(again.login("admin", ADMIN_PASSWORD).await.status, 200);
    assert_eq!(again.login("admin", "another password").await.status, 401);
}

#[tokio::test]
async fn of_workers_that_start_at_once_one_makes_the_administrator() {
    let house = House::open().await;
    let defaults = Settings::default;
    let (a, b, c) = tokio::join!(
        house.worker(defaults()),
        house.worker(defaults()),
        house.worker(defaults())
    );
    let runs: Vec<_> = [&a, &b, &c]
        .into_iter()
        .filter_map(|worker| worker.auth.first_run.as_ref())
        .collect();
    assert_eq!(runs.len(), 1);
    let password = runs[0].admin_password.as_ref().unwrap();
    for worker in [&a, &b, &c] {
        assert_eq!(worker.login("admin", password).await.status, 200);
    }
}

#[tokio::test]
async fn the_password_is_shown_although_the_answer_to_its_making_was_lost() {
    let mut house = House::open().await;
    let kv = Unsteady::losing_an_answer(Arc::clone(&house.handles.kv));
    house.handles.kv = Arc::new(kv);
    let worker = house.worker(Settings::default()).await;
    let first_run = worker.auth.first_run.as_ref().unwrap();
    let password = first_run.admin_password.as_ref().unwrap();
    assert_eq!(worker.login("admin", password).await.status, 200);
}

#[tokio::test]
async fn a_store_that_has_no_leader_yet_is_waited_for() {
    let mut house = House::open().await;
    let kv = Unsteady::away_for(Arc::clone(&house.handles.kv), 3);
    house.handles.kv = Arc::new(kv);
    let worker = house.worker(Settings::default()).await;
    assert!(worker.auth.first_run.is_some());
}

#[tokio::test]
async fn an_administrator_who_was_removed_does_not_come_back_by_a_restart() {
    let (house, worker) = House::with_worker().await;
    let key = worker.make_key(&["admin"]).await;
    let gone = worker
        .call(Method::DELETE, "/v1/users/admin", &key, Value::Null)
        .await;
    assert_eq!(gone.status, 204);
    let again = house.worker(Settings::default()).await;
    assert!(again.auth.first_run.is_none());
    assert_eq!(
        again.get("/v1/users/admin", &key).await.code(),
        (404, "not_found")
    );
}

#[tokio::test]
async fn a_setting_out_of_range_is_told_before_anything_starts() {
    let wrong = Settings {
        admin_password: Some(Password::new("short")),
        ..settings()
    };
    assert!(wrong.validate().unwrap_err().contains("8 characters"));
    let mut wrong = settings();
    wrong.refresh_ttl = wrong.access_ttl;
    assert!(wrong.validate().is_err());
    assert!(!format!("{:?}", settings()).contains(ADMIN_PASSWORD));
}

#[tokio::test]
async fn every_endpoint_is_in_the_description() {
    let (_house, worker) = House::with_worker().await;
    let openapi = worker.auth.router().into_openapi();
    let document = serde_json::to_value(&openapi).unwrap();
    for path in [
        "/v1/auth/login",
        "/v1/auth/refresh",
        "/v1/auth/logout",
        "/v1/auth/tokens",
        "/v1/auth/api-keys",
        "/v1/auth/api-keys/{id}",
        "/v1/auth/revoke",
        "/v1/auth/keys/rotate",
        "/.well-known/jwks.json",
        "/v1/users",
        "/v1/users/{id}",
        "/v1/users/{id}/password",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    assert!(document["components"]["schemas"].get("Problem").is_some());
}
