//! API keys, as the auth service answers for them.

use crate::house::House;
use fanfare_bus::bus::Serving;
use fanfare_proto::{
    ErrorCode, subject,
    wire::{ApiKeyReply, ApiKeyRequest, Reply},
};
use fanfare_tokens::ApiKeyText;
use prost::Message as _;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

struct Desk {
    asked: Arc<AtomicUsize>,
    exists: Arc<AtomicBool>,
    _serving: Serving,
}

/// Answers for `key` alone.
async fn desk(house: &House, key: &ApiKeyText) -> Desk {
    let (asked, exists) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(true)),
    );
    let (digest, count, there) = (key.digest(), Arc::clone(&asked), Arc::clone(&exists));
    let responder = move |message: fanfare_bus::Message| {
        count.fetch_add(1, Ordering::SeqCst);
        let request = ApiKeyRequest::decode(message.payload).unwrap();
        let is_known = request.digest == digest.as_slice() && there.load(Ordering::SeqCst);
        let reply = if is_known {
            Reply::ok(&ApiKeyReply {
                id: "k1".into(),
                name: "shop".into(),
                scopes: vec!["tokens:mint".into()],
            })
        } else {
            Reply::failure(ErrorCode::Unauthorized, "this API key is not known")
        };
        Box::pin(async move { reply.encode_to_vec().into() }) as _
    };
    let serving = house
        .handles
        .bus
        .serve(subject::AUTH_API_KEY, Some("auth"), Box::new(responder))
        .await
        .unwrap();
    Desk {
        asked,
        exists,
        _serving: serving,
    }
}

#[tokio::test]
async fn a_good_answer_is_kept_and_a_deleted_key_ends_within_five_seconds() {
    let house = House::open().await;
    let authority = house.own().await;
    let text = ApiKeyText::generate().unwrap();
    let desk = desk(&house, &text).await;
    for _request in 0..3 {
        let key = authority.api_key(text.expose()).await.unwrap();
        assert!(key.id == "k1" && key.may("tokens:mint") && !key.may("admin"));
    }
    assert_eq!(desk.asked.load(Ordering::SeqCst), 1);
    desk.exists.store(false, Ordering::SeqCst);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    let refused = authority.api_key(text.expose()).await.unwrap_err();
    assert_eq!(refused.error_code(), ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_bad_answer_is_not_kept_and_nonsense_is_not_even_asked() {
    let house = House::open().await;
    let authority = house.own().await;
    let text = ApiKeyText::generate().unwrap();
    let desk = desk(&house, &text).await;
    desk.exists.store(false, Ordering::SeqCst);
    assert!(authority.api_key(text.expose()).await.is_err());
    desk.exists.store(true, Ordering::SeqCst);
    assert!(authority.api_key(text.expose()).await.is_ok());
    for nonsense in ["", "ff_short", "eyJhbGciOi", &"ff_".repeat(1_000)] {
        let refused = authority.api_key(nonsense).await.unwrap_err();
        assert_eq!(refused.error_code(), ErrorCode::Unauthorized);
    }
    assert_eq!(desk.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn without_an_auth_service_a_key_is_not_refused_but_unavailable() {
    let house = House::open().await;
    let authority = house.own().await;
    let text = ApiKeyText::generate().unwrap();
    let failure = authority.api_key(text.expose()).await.unwrap_err();
    assert_eq!(failure.error_code(), ErrorCode::Unavailable);
    assert!(failure.retry_after_ms > 0);
}
