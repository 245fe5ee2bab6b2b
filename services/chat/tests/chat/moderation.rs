//! Mutes, bans, slow mode, and what is kept of them.

use crate::house::House;
use serde_json::{Value, json};

on_both! {
    slow_mode_lets_a_member_send_one_message_in_so_many_seconds
    a_mute_ends_by_itself
    a_ban_takes_a_user_out_of_the_room_until_it_ends
    what_moderators_did_is_kept_in_order
}

async fn slow_mode_lets_a_member_send_one_message_in_so_many_seconds(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    mona.patch("/v1/rooms/r", json!({"slow_mode_seconds": 60}))
        .await
        .expect(200);
    let path = "/v1/rooms/r/messages";
    let hello = json!({"content": "hello"});
    let first = mike.post_once("k", path, &hello).await.expect(201);
    let refused = mike.post(path, hello.clone()).await;
    assert_eq!(refused.headers["retry-after"], "60");
    refused.refused(429, "rate_limited");
    assert_eq!(mike.post_once("k", path, &hello).await.expect(201), first);
    for turn in 0..3 {
        mona.say("r", &format!("moderators are not slowed {turn}"))
            .await;
        house.backend().say("r", "nor are backends").await;
    }
    house.clock.advance(50_000);
    mike.post(path, hello.clone())
        .await
        .refused(429, "rate_limited");
    house.clock.advance(10_000);
    mike.post(path, hello.clone()).await.expect(201);
    mike.post(path, hello.clone())
        .await
        .refused(429, "rate_limited");
    mona.patch("/v1/rooms/r", json!({"slow_mode_seconds": 0}))
        .await
        .expect(200);
    mike.post(path, hello).await.expect(201);
}

async fn a_mute_ends_by_itself(house: House) {
    house.room("public", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    let n = mike.say("r", "before").await;
    let sentence = json!({"seconds": 60, "reason": "caps"});
    mona.put("/v1/rooms/r/mutes/mike", sentence)
        .await
        .expect(204);
    let refused = mike
        .post("/v1/rooms/r/messages", json!({"content": "x"}))
        .await;
    assert_eq!(refused.headers["retry-after"], "60");
    let detail = refused.refused(403, "forbidden");
    assert!(detail.starts_with("you are muted until "), "{detail}");
    let reaction = format!("/v1/rooms/r/messages/{n}/reactions/x");
    mike.put(&reaction, json!({}))
        .await
        .refused(403, "forbidden");
    mike.get("/v1/rooms/r/messages").await.expect(200);
    mike.delete(&format!("/v1/rooms/r/messages/{n}"))
        .await
        .expect(200);
    // It outlives the membership.
    mike.post("/v1/rooms/r/leave", json!({})).await.expect(204);
    mike.post("/v1/rooms/r/join", json!({})).await.expect(200);
    mike.post("/v1/rooms/r/messages", json!({"content": "x"}))
        .await
        .refused(403, "forbidden");
    house.clock.advance(60_000);
    mike.say("r", "after").await;
    mona.put("/v1/rooms/r/mutes/mike", json!({}))
        .await
        .expect(204);
    let refused = mike
        .post("/v1/rooms/r/messages", json!({"content": "x"}))
        .await;
    assert!(refused.headers.get("retry-after").is_none());
    assert_eq!(refused.refused(403, "forbidden"), "you are muted for good");
    mona.delete("/v1/rooms/r/mutes/mike").await.expect(204);
    mike.say("r", "again").await;
    let log = house.log("r").await;
    let muted: Value = log
        .iter()
        .map(|(_record, entry)| serde_json::from_slice::<Value>(&entry.body).unwrap())
        .find(|data| data["change"] == "muted")
        .unwrap();
    assert_eq!(
        (&muted["by"], &muted["user"]),
        (&json!("mona"), &json!("mike"))
    );
    assert!(muted["until"].is_string() && muted.get("reason").is_none());
}

async fn a_ban_takes_a_user_out_of_the_room_until_it_ends(house: House) {
    for kind in ["public", "private"] {
        house.room(kind, kind).await;
        let (mike, mona) = (house.user("mike"), house.user("mona"));
        let mut told = house.events("user:mike").await;
        let room = format!("/v1/rooms/{kind}");
        let ban = format!("{room}/bans/mike");
        mona.put(&ban, json!({"seconds": 60})).await.expect(204);
        // When it is answered, the gateways have taken him out.
        let left = house.others.left();
        assert_eq!(
            left.last(),
            Some(&(format!("room:{kind}"), "mike".to_owned()))
        );
        assert_eq!(told.next("room_membership").await["change"], "banned");
        let (status, code) = match kind {
            "public" => (403, "forbidden"),
            _ => (404, "not_found"),
        };
        for (method, rest) in [
            ("GET", "/messages"),
            ("POST", "/join"),
            ("POST", "/leave"),
            ("GET", ""),
        ] {
            let path = format!("{room}{rest}");
            mike.call(method, &path, &[], "{}")
                .await
                .refused(status, code);
        }
        assert_eq!(mona.get(&room).await.expect(200)["members"], 2);
        let invited = mona.put(&format!("{room}/members/mike"), json!({})).await;
        invited.refused(409, "conflict");
        let added = house
            .backend()
            .put(&format!("{room}/members/mike"), json!({}))
            .await;
        added.refused(409, "conflict");
        house.clock.advance(60_000);
        if kind == "private" {
            mike.post(&format!("{room}/join"), json!({}))
                .await
                .refused(404, "not_found");
            mona.put(&format!("{room}/members/mike"), json!({}))
                .await
                .expect(200);
        }
        mike.post(&format!("{room}/join"), json!({}))
            .await
            .expect(200);
        mona.put(&ban, json!({})).await.expect(204);
        house.clock.advance(400 * 24 * 3_600_000 / 2);
        mike.get(&room).await.refused(status, code);
        mona.delete(&ban).await.expect(204);
        if kind == "public" {
            mike.get(&room).await.expect(200);
        }
    }
}

async fn what_moderators_did_is_kept_in_order(house: House) {
    house.room("private", "r").await;
    let mona = house.user("mona");
    for turn in 0..3 {
        let path = format!("/v1/rooms/r/mutes/u{turn}");
        let sentence = json!({"seconds": 60, "reason": format!("reason {turn}")});
        mona.put(&path, sentence).await.expect(204);
        mona.delete(&path).await.expect(204);
        mona.delete(&path).await.expect(204);
    }
    mona.put("/v1/rooms/r/bans/mike", json!({"reason": "spam"}))
        .await
        .expect(204);
    let (mut found, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = mona
            .get(&format!("/v1/rooms/r/audit{query}"))
            .await
            .expect(200);
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=3&cursor={next}");
    }
    let deeds: Vec<(&Value, &Value)> = found
        .iter()
        .map(|deed| (&deed["what"], &deed["user"]))
        .collect();
    let expected = [
        ("role", "olga"),
        ("role", "mona"),
        ("mute", "u0"),
        ("unmute", "u0"),
        ("mute", "u1"),
        ("unmute", "u1"),
        ("mute", "u2"),
        ("unmute", "u2"),
        ("ban", "mike"),
    ];
    let expected: Vec<(Value, Value)> = expected
        .map(|(what, user)| (json!(what), json!(user)))
        .into();
    assert!(
        deeds
            .into_iter()
            .eq(expected.iter().map(|(what, user)| (what, user))),
        "{found:?}"
    );
    let mute = json!({
        "at": found[2]["at"], "what": "mute", "by": "mona", "user": "u0", "reason": "reason 0", "until": found[2]["until"],
    });
    assert_eq!(found[2], mute);
    let ban = json!({"at": found[8]["at"], "what": "ban", "by": "mona", "user": "mike", "reason": "spam"});
    assert_eq!(found[8], ban);
    assert_eq!(found[0]["by"], "api-key:key-0");
}
