//! Tokens of somebody else.

use crate::{
    house::{House, NOW_S, claims, issuer},
    peer::{Peer, document},
};
use axum::{Router, http::StatusCode, routing::get};
use fanfare_tokens::{KeySource, Secret, TokenError};
use futures_util::future::join_all;
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const SECRET: &[u8] = b"django-insecure-0123456789abcdefghijklmnopqrstuvwxyz";

fn django() -> fanfare_tokens::Issuer {
    issuer("django", KeySource::SharedSecret(Secret::new(SECRET)))
}

#[tokio::test]
async fn keys_of_every_type_come_from_a_file() {
    let house = House::open().await;
    let peers = [Peer::eddsa("ed"), Peer::es256("ec"), Peer::rs256("rsa")];
    let path = house.dir.path().join("jwks.json");
    std::fs::write(&path, document(&peers.each_ref())).unwrap();
    let authority = house.trusting(issuer("idp", KeySource::File(path))).await;
    for peer in &peers {
        let token = peer.sign(&claims("idp"));
        let identity = authority.verify(&token).await.unwrap();
        assert_eq!(identity.user, "7");
    }
    // Another key's id does not make the signature another one.
    let mut header = peers[0].header();
    header.kid = Some("ec".into());
    let token = peers[0].sign_as(&header, &claims("idp"));
    assert_eq!(authority.verify(&token).await, Err(TokenError::Algorithm));
    assert_eq!(
        authority.verify(&peers[0].sign(&claims("fanfare"))).await,
        Err(TokenError::Issuer)
    );
}

#[tokio::test]
async fn a_changed_file_is_read_again() {
    let house = House::open().await;
    let (old, new) = (Peer::eddsa("old"), Peer::eddsa("new"));
    let path = house.dir.path().join("jwks.json");
    std::fs::write(&path, document(&[&old])).unwrap();
    let authority = house
        .trusting(issuer("idp", KeySource::File(path.clone())))
        .await;
    let [by_old, by_new] = [&old, &new].map(|peer| peer.sign(&claims("idp")));
    assert!(authority.verify(&by_old).await.is_ok());
    std::fs::write(&path, document(&[&new])).unwrap();
    skip(Duration::from_secs(5)).await;
    assert!(authority.verify(&by_new).await.is_ok());
    assert_eq!(authority.verify(&by_old).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn an_unknown_key_is_looked_up_at_its_url_but_not_for_everybody() {
    let house = House::open().await;
    let (old, new) = (Peer::eddsa("old"), Peer::es256("new"));
    let served = Arc::new(Mutex::new(document(&[&old])));
    let fetches = Arc::new(AtomicUsize::new(0));
    let url = {
        let (served, fetches) = (Arc::clone(&served), Arc::clone(&fetches));
        let answer = move || {
            fetches.fetch_add(1, Ordering::SeqCst);
            std::future::ready(served.lock().unwrap().clone())
        };
        listen(Router::new().route("/jwks.json", get(answer)), "jwks.json").await
    };
    let authority = house.trusting(issuer("idp", KeySource::Url(url))).await;
    assert!(authority.verify(&old.sign(&claims("idp"))).await.is_ok());
    for made_up in 0..50 {
        let token = Peer::eddsa(&format!("made-up-{made_up}")).sign(&claims("idp"));
        assert_eq!(authority.verify(&token).await, Err(TokenError::UnknownKey));
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);

    *served.lock().unwrap() = document(&[&old, &new]);
    skip(Duration::from_secs(5)).await;
    let token = new.sign(&claims("idp"));
    let together = (0..20).map(|_| authority.verify(&token));
    for outcome in join_all(together).await {
        assert!(outcome.is_ok());
    }
    assert_eq!(
        fetches.load(Ordering::SeqCst),
        2,
        "one fetch for all of them"
    );
}

#[tokio::test]
async fn a_url_that_answers_something_else_opens_nothing_and_blocks_nobody() {
    let house = House::open().await;
    let peer = Peer::eddsa("ed");
    let good = document(&[&peer]);
    let large = format!("{}{good}", " ".repeat(300 * 1024));
    let router = Router::new()
        .route("/good", get(move || std::future::ready(good)))
        .route("/large", get(move || std::future::ready(large)))
        .route(
            "/moved",
            get(|| async { axum::response::Redirect::temporary("/good") }),
        )
        .route(
            "/broken",
            get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "{\"keys\":[]}") }),
        )
        .route("/html", get(|| async { "<html>" }));
    let base = listen(router, "").await;
    let token = peer.sign(&claims("idp"));
    for (path, expected) in [
        ("good", None),
        ("large", Some(TokenError::Unavailable)),
        ("moved", Some(TokenError::Unavailable)),
        ("broken", Some(TokenError::Unavailable)),
        ("html", Some(TokenError::Unavailable)),
        ("missing", Some(TokenError::Unavailable)),
    ] {
        let url = KeySource::Url(format!("{base}{path}"));
        let authority = house.trusting(issuer("idp", url)).await;
        assert_eq!(authority.verify(&token).await.err(), expected, "{path}");
    }
}

#[tokio::test]
async fn an_outage_of_the_url_does_not_lock_anybody_out() {
    let house = House::open().await;
    let peer = Peer::eddsa("ed");
    let is_up = Arc::new(Mutex::new(true));
    let (up, document) = (Arc::clone(&is_up), document(&[&peer]));
    let answer = move || {
        let answer = if *up.lock().unwrap() {
            (StatusCode::OK, document.clone())
        } else {
            (StatusCode::BAD_GATEWAY, String::new())
        };
        std::future::ready(answer)
    };
    let url = listen(Router::new().route("/", get(answer)), "").await;
    let authority = house.trusting(issuer("idp", KeySource::Url(url))).await;
    let token = peer.sign(&claims("idp"));
    assert!(authority.verify(&token).await.is_ok());
    *is_up.lock().unwrap() = false;
    skip(Duration::from_secs(301)).await;
    let made_up = Peer::eddsa("made-up").sign(&claims("idp"));
    assert_eq!(
        authority.verify(&made_up).await,
        Err(TokenError::UnknownKey)
    );
    assert!(authority.verify(&token).await.is_ok());
}

#[tokio::test]
async fn django_signs_with_a_shared_secret() {
    let house = House::open().await;
    let mut settings = django();
    settings.accept_missing_issuer = true;
    let authority = house.trusting(settings).await;
    let simple = json!({
        "token_type": "access", "user_id": 42, "exp": NOW_S + 60, "iat": NOW_S, "jti": "e1",
    });
    let identity = authority
        .verify(&Peer::hs256(SECRET).sign(&simple))
        .await
        .unwrap();
    assert_eq!(
        (identity.user.as_str(), identity.token_id.as_deref()),
        ("42", Some("e1"))
    );

    let mut refresh = simple.clone();
    refresh["token_type"] = json!("refresh");
    let refused = authority.verify(&Peer::hs256(SECRET).sign(&refresh)).await;
    assert_eq!(refused, Err(TokenError::Claims));
    let other = Peer::hs256(b"another secret of thirty-two bytes!!");
    assert_eq!(
        authority.verify(&other.sign(&simple)).await,
        Err(TokenError::Signature)
    );
    let public = Peer::eddsa("ed");
    assert_eq!(
        authority.verify(&public.sign(&simple)).await,
        Err(TokenError::Algorithm)
    );
}

#[tokio::test]
async fn a_missing_issuer_is_accepted_only_where_that_is_said() {
    let house = House::open().await;
    let authority = house.trusting(django()).await;
    let nameless = json!({"sub": "7", "exp": NOW_S + 60});
    let refused = authority.verify(&Peer::hs256(SECRET).sign(&nameless)).await;
    assert_eq!(refused, Err(TokenError::Issuer));
    let named = Peer::hs256(SECRET).sign(&claims("django"));
    assert!(authority.verify(&named).await.is_ok());
}

#[tokio::test]
async fn the_audience_is_checked_where_one_is_configured() {
    let house = House::open().await;
    let mut settings = django();
    settings.audience = Some("us".into());
    let authority = house.trusting(settings).await;
    for (aud, expected) in [
        (json!("us"), None),
        (json!(["them", "us"]), None),
        (json!("them"), Some(TokenError::Audience)),
        (json!(null), Some(TokenError::Audience)),
    ] {
        let mut claims = claims("django");
        claims["aud"] = aud.clone();
        let outcome = authority.verify(&Peer::hs256(SECRET).sign(&claims)).await;
        assert_eq!(outcome.err(), expected, "{aud}");
    }
}

#[tokio::test]
async fn an_external_issuer_makes_no_administrators_unless_told_so() {
    let house = House::open().await;
    let mut claims = claims("django");
    claims["scope"] = json!("admin system:read");
    let token = Peer::hs256(SECRET).sign(&claims);
    let identity = house.trusting(django()).await.verify(&token).await.unwrap();
    assert_eq!(identity.scopes, ["system:read"]);
    let mut trusted = django();
    trusted.accept_admin = true;
    let identity = house.trusting(trusted).await.verify(&token).await.unwrap();
    assert!(identity.has_scope("admin"));
}

/// Lets `time` pass for timers only; nothing that waits for a socket or a file sees a deadline pass.
async fn skip(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

async fn listen(router: Router, path: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async { axum::serve(listener, router).await.unwrap() };
    fanfare_lifecycle::Tasks::new().spawn(server);
    format!("http://{address}/{path}")
}
