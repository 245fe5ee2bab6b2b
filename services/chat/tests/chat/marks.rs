//! What is read, what is not, and when somebody was here.

use crate::house::{House, eventually};
use fanfare_proto::{
    subject,
    wire::{SessionBatch, SessionReport},
};
use prost::Message as _;
use serde_json::{Value, json};

on_both! {
    a_mark_moves_forwards_and_is_told_to_all_devices
    counts_are_absolute_and_versions_grow
    whoever_joins_has_read_what_was_before
    when_a_user_was_here_is_told_to_whoever_shares_a_room
}

const READ: &str = "/v1/rooms/r/read";

async fn a_mark_moves_forwards_and_is_told_to_all_devices(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    for turn in 0..5 {
        mona.say("r", &format!("@mike {turn}")).await;
    }
    let mut told = house.events("user:mike").await;
    let counts = mike.post(READ, json!({"n": 6})).await.expect(200);
    let expected =
        json!({"channel": "room:r", "read_n": 6, "unread": 2, "mentions": 2, "version": 22});
    assert_eq!(counts, expected);
    assert_eq!(told.next("room_counts").await, expected);
    assert_eq!(mike.post(READ, json!({"n": 4})).await.expect(200), expected);
    let all = mike.post(READ, json!({"n": 1_000})).await.expect(200);
    let expected =
        json!({"channel": "room:r", "read_n": 8, "unread": 0, "mentions": 0, "version": 24});
    assert_eq!(all, expected);
    // The step back was not told.
    assert_eq!(told.next("room_counts").await, expected);
    for bad in [json!({"n": -1}), json!({"n": "8"}), json!({})] {
        mike.post(READ, bad).await.refused(400, "bad_message");
    }
}

async fn counts_are_absolute_and_versions_grow(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    let counts = async || {
        let listed = house.user("mike").get("/v1/rooms").await.expect(200);
        let item = listed["items"][0].clone();
        let number = |name: &str| item[name].as_u64().unwrap();
        (number("unread"), number("mentions"), number("version"))
    };
    let mut versions = vec![counts().await.2];
    let first = mona.say("r", "one @mike").await;
    mona.say("r", "two").await;
    let (unread, mentions, version) = counts().await;
    assert_eq!((unread, mentions), (2, 1));
    versions.push(version);
    // Changes are no messages.
    let path = format!("/v1/rooms/r/messages/{first}");
    mona.patch(&path, json!({"content": "one"}))
        .await
        .expect(200);
    mona.put(&format!("{path}/reactions/x"), json!({}))
        .await
        .expect(200);
    let (unread, _mentions, version) = counts().await;
    assert_eq!(unread, 2);
    versions.push(version);
    // Whoever writes has read what came before.
    mike.say("r", "three").await;
    let read = eventually(async || {
        let (unread, mentions, version) = counts().await;
        (unread == 0).then_some((mentions, version))
    });
    let (mentions, version) = read.await;
    assert_eq!(mentions, 0);
    versions.push(version);
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

async fn whoever_joins_has_read_what_was_before(house: House) {
    house.room("public", "r").await;
    for _turn in 0..3 {
        house.user("mona").say("r", "old news").await;
    }
    let eve = house.user("eve");
    eve.post("/v1/rooms/r/join", json!({})).await.expect(200);
    house.user("mona").say("r", "news").await;
    let listed = eve.get("/v1/rooms").await.expect(200);
    assert_eq!(listed["items"][0]["unread"], 1);
}

async fn when_a_user_was_here_is_told_to_whoever_shares_a_room(house: House) {
    house.room("private", "r").await;
    let (mike, mona, eve) = (house.user("mike"), house.user("mona"), house.user("eve"));
    let unknown = json!({"user": "mike"});
    assert_eq!(mona.get("/v1/chat/users/mike").await.expect(200), unknown);
    let at_ms = house.clock.now_ms();
    let report = |user: &str, ended_at_ms: i64| SessionReport {
        user: user.to_owned(),
        ended_at_ms,
        ..SessionReport::default()
    };
    let batch = SessionBatch {
        sessions: vec![
            report("mike", 0),
            report("mike", at_ms),
            report("mike", at_ms - 5_000),
            report("eve", at_ms),
        ],
    };
    let payload = batch.encode_to_vec().into();
    house
        .handles
        .bus
        .publish(subject::NOTIFY_SESSIONS, payload)
        .await
        .unwrap();
    let path = "/v1/chat/users/mike";
    let seen = eventually(async || {
        let seen = mona.get(path).await.expect(200);
        seen["last_seen_at"].is_string().then_some(seen)
    });
    let seen = seen.await;
    assert_eq!(house.backend().get(path).await.expect(200), seen);
    assert_eq!(mike.get(path).await.expect(200), seen);
    eve.get(path).await.refused(404, "not_found");
    let me = mike.get("/v1/chat/me").await.expect(200);
    assert_eq!(
        me,
        json!({"user": "mike", "invisible": false, "last_seen_at": seen["last_seen_at"]})
    );
    let hidden = mike
        .put("/v1/chat/me", json!({"invisible": true}))
        .await
        .expect(200);
    assert_eq!(hidden["invisible"], true);
    assert_eq!(mona.get(path).await.expect(200), unknown);
    let shown = mike
        .put("/v1/chat/me", json!({"invisible": false}))
        .await
        .expect(200);
    assert_eq!(shown, me);
    for bad in [json!({}), json!({"invisible": "yes"})] {
        mike.put("/v1/chat/me", bad)
            .await
            .refused(400, "bad_message");
    }
    house
        .backend()
        .get("/v1/chat/me")
        .await
        .refused(403, "forbidden");
    house
        .backend()
        .put("/v1/chat/me", json!({"invisible": true}))
        .await
        .refused(403, "forbidden");
    mona.get("/v1/chat/users/a%20b")
        .await
        .refused(400, "bad_message");
    let of_eve: Value = eve.get("/v1/chat/me").await.expect(200);
    assert_eq!(
        of_eve,
        json!({"user": "eve", "invisible": false}),
        "nothing is kept of who is in no room"
    );
}
