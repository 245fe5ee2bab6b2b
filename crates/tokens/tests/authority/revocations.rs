//! What is taken back.

use crate::house::{House, NOW_MS};
use fanfare_tokens::{Identity, Revocation, TokenError, revoke_user, revoked_until_ms};
use futures_util::future::join_all;

const HOUR_MS: u64 = 3_600_000;

fn identity() -> Identity {
    Identity {
        user: "7".into(),
        session: Some("s/1".into()),
        token_id: Some("t 1".into()),
        issued_at_ms: NOW_MS,
        expires_at_ms: NOW_MS + 7_200_000,
        ..Identity::default()
    }
}

fn all() -> [Revocation; 3] {
    [
        Revocation::User {
            user: "7".into(),
            until_ms: NOW_MS + 500,
        },
        Revocation::Session("s/1".into()),
        Revocation::Token("t 1".into()),
    ]
}

#[tokio::test]
async fn a_revocation_reaches_every_verifier_and_is_told() {
    for revocation in all() {
        let (house, key, _serving) = House::with_key().await;
        let (one, other) = (house.own().await, house.own().await);
        let token = key.mint("fanfare", &identity()).unwrap();
        let verified = other.verify(&token).await.unwrap();
        assert!(!other.is_revoked(&verified));
        let mut told = [one.revocations(), other.revocations()];
        revocation
            .publish(&*house.handles.kv, HOUR_MS)
            .await
            .unwrap();
        for told in &mut told {
            assert_eq!(told.recv().await.unwrap(), revocation);
        }
        for authority in [&one, &other] {
            assert!(authority.is_revoked(&verified));
            assert_eq!(authority.verify(&token).await, Err(TokenError::Revoked));
        }
    }
}

#[tokio::test]
async fn what_was_taken_back_before_a_start_stays_so() {
    for revocation in all() {
        let (house, key, _serving) = House::with_key().await;
        revocation
            .publish(&*house.handles.kv, HOUR_MS)
            .await
            .unwrap();
        let token = key.mint("fanfare", &identity()).unwrap();
        let authority = house.own().await;
        assert_eq!(authority.verify(&token).await, Err(TokenError::Revoked));
    }
}

#[tokio::test]
async fn a_user_gets_in_again_with_a_later_token() {
    let (house, key, _serving) = House::with_key().await;
    let authority = house.own().await;
    let kv = &*house.handles.kv;
    assert_eq!(revoked_until_ms(kv, "7").await, Ok(None));
    all()[0].publish(kv, HOUR_MS).await.unwrap();
    assert_eq!(revoked_until_ms(kv, "7").await, Ok(Some(NOW_MS + 500)));
    let later = Identity {
        issued_at_ms: NOW_MS + 1_000,
        ..identity()
    };
    let token = key.mint("fanfare", &later).unwrap();
    assert!(authority.verify(&token).await.is_ok());
    let somebody = Identity {
        user: "8".into(),
        ..identity()
    };
    let token = key.mint("fanfare", &somebody).unwrap();
    assert!(authority.verify(&token).await.is_ok());
}

#[tokio::test]
async fn of_revocations_at_once_the_latest_time_stays() {
    let (house, _key, _serving) = House::with_key().await;
    let kv = &*house.handles.kv;
    let times: Vec<i64> = (0..8).rev().map(|step| NOW_MS + step).collect();
    let revoking = times.iter().map(|until_ms| {
        revoke_user(kv, "7", |earlier_ms| {
            assert!(earlier_ms.is_none_or(|earlier_ms| times.contains(&earlier_ms)));
            *until_ms
        })
    });
    for outcome in join_all(revoking).await {
        assert_eq!(outcome, Ok(()));
    }
    assert_eq!(revoked_until_ms(kv, "7").await, Ok(Some(NOW_MS + 7)));
    all()[0].publish(kv, HOUR_MS).await.unwrap();
    revoke_user(kv, "7", |_earlier_ms| NOW_MS).await.unwrap();
    assert_eq!(revoked_until_ms(kv, "7").await, Ok(Some(NOW_MS + 500)));
}
