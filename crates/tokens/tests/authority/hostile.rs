//! Tokens that somebody made to get in.

use crate::{
    house::{House, NOW_S, claims},
    peer::{Peer, raw},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fanfare_tokens::{SigningKey, TokenError};
use serde_json::json;

/// What a token whose claims are good, but for `claim`, gets.
async fn with(claim: &str, value: serde_json::Value) -> TokenError {
    let (house, key, _serving) = House::with_key().await;
    let mut claims = claims("fanfare");
    claims[claim] = value;
    let token = key.sign(&claims).unwrap();
    let authority = house.own().await;
    let error = authority.verify(&token).await.unwrap_err();
    let counted = TokenError::ALL.map(|own| authority.refusals(own));
    assert_eq!(counted, TokenError::ALL.map(|own| u64::from(own == error)));
    error
}

#[tokio::test]
async fn every_bad_claim_is_refused_for_its_own_reason() {
    assert_eq!(with("exp", json!(NOW_S - 5)).await, TokenError::Expired);
    assert_eq!(with("exp", json!(null)).await, TokenError::Claims);
    assert_eq!(with("sub", json!(null)).await, TokenError::Claims);
    assert_eq!(with("nbf", json!(NOW_S + 6)).await, TokenError::NotYetValid);
    assert_eq!(with("iat", json!(NOW_S + 6)).await, TokenError::NotYetValid);
    assert_eq!(with("type", json!("refresh")).await, TokenError::Claims);
    assert_eq!(with("iss", json!("somebody")).await, TokenError::Issuer);
    assert_eq!(with("iss", json!("Fanfare")).await, TokenError::Issuer);
    assert_eq!(with("iss", json!(["fanfare"])).await, TokenError::Issuer);
    assert_eq!(with("iss", json!(null)).await, TokenError::Issuer);
}

#[tokio::test]
async fn a_token_without_issuer_belongs_to_nobody() {
    let (house, key, _serving) = House::with_key().await;
    let mut claims = claims("fanfare");
    claims.as_object_mut().unwrap().remove("iss");
    let token = key.sign(&claims).unwrap();
    let refused = house.own().await.verify(&token).await;
    assert_eq!(refused, Err(TokenError::Issuer));
}

#[tokio::test]
async fn a_token_without_signature_is_refused() {
    let (house, key, _serving) = House::with_key().await;
    let authority = house.own().await;
    let claims = claims("fanfare").to_string();
    for (header, reason) in [
        (json!({"alg": "none"}), TokenError::Algorithm),
        (
            json!({"alg": "NONE", "kid": key.kid()}),
            TokenError::Algorithm,
        ),
        (
            json!({"alg": "EdDSA", "kid": key.kid()}),
            TokenError::Signature,
        ),
        (
            json!({"alg": "EdDSA", "kid": key.kid(), "crit": ["b64"], "b64": false}),
            TokenError::Malformed,
        ),
    ] {
        for signature in [&[][..], &[0; 64]] {
            let token = raw(&header.to_string(), &claims, signature);
            assert_eq!(authority.verify(&token).await, Err(reason), "{header}");
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let (house, key, _serving) = House::with_key().await;
    let authority = house.own().await;
    let x = key.jwk()["x"].as_str().unwrap().to_owned();
    let secrets = [
        URL_SAFE_NO_PAD.decode(&x).unwrap(),
        x.into_bytes(),
        key.jwk().to_string().into_bytes(),
        Vec::new(),
    ];
    for secret in secrets {
        let peer = Peer::hs256(&secret);
        let mut header = peer.header();
        header.kid = Some(key.kid().to_owned());
        let token = peer.sign_as(&header, &claims("fanfare"));
        assert_eq!(authority.verify(&token).await, Err(TokenError::Algorithm));
    }
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_looked_at() {
    let (house, key, _serving) = House::with_key().await;
    let authority = house.own().await;
    let thief = Peer::eddsa("thief");
    let mut header = thief.header();
    header.jwk = Some(serde_json::from_value(thief.jwk()).unwrap());
    header.jku = Some("http://127.0.0.1:9/jwks.json".into());
    header.x5u = Some("http://127.0.0.1:9/cert.pem".into());
    let token = thief.sign_as(&header, &claims("fanfare"));
    assert_eq!(authority.verify(&token).await, Err(TokenError::UnknownKey));
    header.kid = Some(key.kid().to_owned());
    let token = thief.sign_as(&header, &claims("fanfare"));
    assert_eq!(authority.verify(&token).await, Err(TokenError::Signature));
    header.kid = None;
    let token = thief.sign_as(&header, &claims("fanfare"));
    assert_eq!(authority.verify(&token).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let (house, key, _serving) = House::with_key().await;
    let authority = house.own().await;
    let token = key.sign(&claims("fanfare")).unwrap();
    assert!(authority.verify(&token).await.is_ok());
    let parts: Vec<&str> = token.split('.').collect();
    let mut admin = claims("fanfare");
    admin["scope"] = json!("admin");
    let payload = URL_SAFE_NO_PAD.encode(admin.to_string());
    let changed = [parts[0], &payload, parts[2]].join(".");
    assert_eq!(authority.verify(&changed).await, Err(TokenError::Signature));
    let other = SigningKey::generate()
        .unwrap()
        .sign(&claims("fanfare"))
        .unwrap();
    let foreign = [parts[0], parts[1], other.rsplit('.').next().unwrap()].join(".");
    assert_eq!(authority.verify(&foreign).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn an_oversize_token_is_refused_before_it_is_read() {
    let (house, _key, _serving) = House::with_key().await;
    let authority = house.own().await;
    let token = "x".repeat(8 * 1024 + 1);
    assert_eq!(authority.verify(&token).await, Err(TokenError::Malformed));
    let token = format!("{}.e30.AA", "e30".repeat(4_000));
    assert_eq!(authority.verify(&token).await, Err(TokenError::Malformed));
}
