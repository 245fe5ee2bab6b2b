//! The signing keys, as verifiers see them.

use crate::house::{ADMIN_PASSWORD, House, settings, until};
use fanfare_auth::Settings;
use fanfare_tokens::{KeySet, SigningKey, TokenError};
use serde_json::{Value, json};

#[tokio::test]
async fn a_rotation_needs_no_restart_and_both_keys_verify() {
    let (house, worker) = House::with_worker().await;
    let elsewhere = house.authority().await;
    let before = worker.admin().await;
    assert!(elsewhere.verify(&before).await.is_ok());
    let published = worker.get("/.well-known/jwks.json", "").await;
    assert_eq!(published.header("cache-control"), "public, max-age=300");
    assert_eq!(published.body["keys"].as_array().unwrap().len(), 2);
    assert!(
        published.body.to_string().find("\"d\"").is_none(),
        "no secret half"
    );

    let rotated = worker
        .post("/v1/auth/keys/rotate", &before, Value::Null)
        .await;
    assert_eq!(rotated.status, 200);
    assert_eq!(rotated.text("kid"), published.body["keys"][1]["kid"]);
    let after = worker.admin().await;
    assert_ne!(kid(&after), kid(&before));
    assert!(
        elsewhere.verify(&after).await.is_ok(),
        "it was published before"
    );
    assert!(elsewhere.verify(&before).await.is_ok());
    let now = worker.get("/.well-known/jwks.json", "").await;
    assert_eq!(now.body["keys"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_second_rotation_reaches_verifiers_that_never_saw_its_key() {
    let (house, worker) = House::with_worker().await;
    let elsewhere = house.authority().await;
    let admin = worker.admin().await;
    assert!(elsewhere.verify(&admin).await.is_ok());
    for _rotation in 0..2 {
        worker
            .post("/v1/auth/keys/rotate", &admin, Value::Null)
            .await;
    }
    let token = worker.admin().await;
    until(&elsewhere, &token, Result::is_ok).await;
    assert!(elsewhere.verify(&admin).await.is_ok());
}

#[tokio::test]
async fn another_worker_signs_with_the_same_keys() {
    let house = House::open().await;
    let (one, two) = tokio::join!(house.worker(settings()), house.worker(settings()));
    let by_one = one.admin().await;
    let by_two = two
        .login("admin", ADMIN_PASSWORD)
        .await
        .text("access_token");
    assert_eq!(kid(&by_one), kid(&by_two));
    let elsewhere = house.authority().await;
    assert!(elsewhere.verify(&by_one).await.is_ok());
    assert!(elsewhere.verify(&by_two).await.is_ok());
    let rotated = one.post("/v1/auth/keys/rotate", &by_one, Value::Null).await;
    while kid(&two.admin().await) != rotated.text("kid") {}
}

#[tokio::test]
async fn a_key_of_somebody_else_signs_nothing_here() {
    let (_house, worker) = House::with_worker().await;
    let good = worker.admin().await;
    let identity = worker.authority.verify(&good).await.unwrap();
    let thief = SigningKey::generate().unwrap();
    let forged = thief.mint("fanfare", &identity).unwrap();
    assert_eq!(
        worker.authority.verify(&forged).await,
        Err(TokenError::UnknownKey)
    );
    let answer = worker.get("/v1/users", &forged).await;
    assert_eq!(answer.code(), (401, "unauthorized"));
    for bearer in ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(
            worker.get("/v1/users", bearer).await.code(),
            (401, "unauthorized")
        );
    }
}

#[tokio::test]
async fn a_service_whose_issuer_is_another_is_not_believed() {
    let house = House::open().await;
    let settings = Settings {
        issuer: "somebody".into(),
        ..settings()
    };
    let worker = house.worker(settings).await;
    let token = worker
        .login("admin", ADMIN_PASSWORD)
        .await
        .text("access_token");
    assert_eq!(
        worker.authority.verify(&token).await,
        Err(TokenError::Issuer)
    );
}

#[tokio::test]
async fn rotating_takes_an_administrator() {
    let (_house, worker) = House::with_worker().await;
    let key = worker.make_key(&["tokens:mint"]).await;
    let minted = worker
        .post("/v1/auth/tokens", &key, json!({"user": "42"}))
        .await;
    for bearer in [key, minted.text("access_token")] {
        let answer = worker
            .post("/v1/auth/keys/rotate", &bearer, Value::Null)
            .await;
        assert_eq!(answer.code(), (403, "forbidden"));
    }
    let document = worker
        .get("/.well-known/jwks.json", "")
        .await
        .body
        .to_string();
    assert_eq!(KeySet::read(document.as_bytes()).unwrap().kids().count(), 2);
}

fn kid(token: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}
