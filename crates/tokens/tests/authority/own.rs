//! Tokens of our own auth service.

use crate::house::{House, NOW_MS, claims};
use fanfare_proto::subject;
use fanfare_tokens::{ChannelRight, Identity, SigningKey, TokenError};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::Jwk};
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

fn identity() -> Identity {
    Identity {
        user: "a.b@c".into(),
        name: Some("小明".into()),
        groups: vec!["ops".into()],
        channels: vec![ChannelRight {
            pattern: "topic:news.*".into(),
            read: true,
            write: false,
        }],
        scopes: vec!["admin".into()],
        session: Some("s1".into()),
        token_id: Some("t1".into()),
        issued_at_ms: NOW_MS,
        expires_at_ms: NOW_MS + 60_000,
    }
}

#[tokio::test]
async fn a_minted_token_is_verified_to_what_was_minted() {
    let (house, key, _serving) = House::with_key().await;
    let authority = house.own().await;
    let token = key.mint("fanfare", &identity()).unwrap();
    assert_eq!(authority.verify(&token).await, Ok(identity()));
    assert!(authority.is_ready());
}

#[tokio::test]
async fn another_library_accepts_what_we_sign() {
    let key = SigningKey::generate().unwrap();
    let mut own = identity();
    own.expires_at_ms = 4_000_000_000_000;
    let token = key.mint("fanfare", &own).unwrap();
    let jwk: Jwk = serde_json::from_value(key.jwk()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["fanfare"]);
    let decoded =
        decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap();
    assert_eq!(decoded.claims["sub"], "a.b@c");
    assert_eq!(decoded.header.kid.as_deref(), Some(key.kid()));
}

#[tokio::test]
async fn a_rotation_is_followed_at_once_and_both_keys_count() {
    let house = House::open().await;
    let (old, new) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    let keys = Arc::new(Mutex::new(vec![old.jwk()]));
    let _serving = house.serve_keys("fanfare", &keys).await;
    let authority = house.own().await;
    let (by_old, by_new) = [&old, &new]
        .map(|key| key.mint("fanfare", &identity()).unwrap())
        .into();
    assert!(authority.verify(&by_old).await.is_ok());
    assert_eq!(authority.verify(&by_new).await, Err(TokenError::UnknownKey));

    keys.lock().unwrap().push(new.jwk());
    let told = house
        .handles
        .bus
        .publish(subject::KEYS_CHANGED, Default::default());
    told.await.unwrap();
    // The news and the fetch take a moment; nothing but they can make this true within the interval for unknown keys.
    while authority.verify(&by_new).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(authority.verify(&by_old).await.is_ok());
}

#[tokio::test]
async fn a_token_may_come_before_the_keys() {
    let house = House::open().await;
    let key = SigningKey::generate().unwrap();
    let authority = house.own().await;
    assert!(!authority.is_ready());
    let token = key.mint("fanfare", &identity()).unwrap();
    assert_eq!(authority.verify(&token).await, Err(TokenError::Unavailable));
    let keys = Arc::new(Mutex::new(vec![key.jwk()]));
    let _serving = house.serve_keys("fanfare", &keys).await;
    while authority.verify(&token).await == Err(TokenError::Unavailable) {
        tokio::task::yield_now().await;
    }
    assert!(authority.verify(&token).await.is_ok());
}

#[tokio::test]
async fn where_no_auth_service_is_that_is_told_at_once() {
    let house = House::open().await;
    let key = SigningKey::generate().unwrap();
    let authority = house.own().await;
    let token = key.mint("fanfare", &identity()).unwrap();
    let begun = Instant::now();
    for _token in 0..100 {
        assert_eq!(authority.verify(&token).await, Err(TokenError::Unavailable));
    }
    // Waiting for a fetch each time would take the interval of fetches, a second, each time.
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn the_keys_of_an_auth_service_with_another_name_are_not_taken() {
    let house = House::open().await;
    let key = SigningKey::generate().unwrap();
    let keys = Arc::new(Mutex::new(vec![key.jwk()]));
    let _serving = house.serve_keys("somebody", &keys).await;
    let authority = house.own().await;
    let own = key.mint("fanfare", &identity()).unwrap();
    assert_eq!(authority.verify(&own).await, Err(TokenError::Unavailable));
    let theirs = key.mint("somebody", &identity()).unwrap();
    assert_eq!(authority.verify(&theirs).await, Err(TokenError::Issuer));
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let (house, key, _serving) = House::with_key().await;
    let authority = house.own().await;
    let token = key.sign(&claims("fanfare")).unwrap();
    house.clock.advance(64_999);
    assert!(authority.verify(&token).await.is_ok(), "within the leeway");
    house.clock.advance(1);
    assert_eq!(authority.verify(&token).await, Err(TokenError::Expired));
}
