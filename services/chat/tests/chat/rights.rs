//! Who may do what.

use crate::{client::Client, house::House};
use serde_json::{Value, json};

on_both! {
    each_role_may_what_it_may
    nobody_acts_upon_his_own_rank_or_above
    a_user_may_not_ask_too_often
}

/// What somebody wants, and the status for a stranger to a public room, a member, a moderator, an owner and a backend.
fn rights(own: &str) -> Vec<(&'static str, String, Value, [u16; 5])> {
    let at = |rest: &str| rest.replace('*', own);
    let rank = [403, 403, 204, 204, 204];
    vec![
        ("GET", at(""), json!({}), [200, 200, 200, 200, 200]),
        ("GET", at("/messages"), json!({}), [200, 200, 200, 200, 200]),
        (
            "GET",
            at("/messages/5"),
            json!({}),
            [200, 200, 200, 200, 200],
        ),
        (
            "GET",
            at("/threads/5"),
            json!({}),
            [200, 200, 200, 200, 200],
        ),
        ("GET", at("/members"), json!({}), [200, 200, 200, 200, 200]),
        (
            "POST",
            at("/messages"),
            json!({"content": "x"}),
            [403, 201, 201, 201, 201],
        ),
        (
            "PUT",
            at("/messages/5/reactions/x"),
            json!({}),
            [403, 200, 200, 200, 200],
        ),
        (
            "DELETE",
            at("/messages/5/reactions/x"),
            json!({}),
            [403, 200, 200, 200, 200],
        ),
        (
            "PATCH",
            at("/messages/5"),
            json!({"content": "x"}),
            [403, 403, 403, 403, 200],
        ),
        (
            "POST",
            at("/read"),
            json!({"n": 1}),
            [403, 200, 200, 200, 403],
        ),
        (
            "PATCH",
            at(""),
            json!({"name": at("by *")}),
            [403, 403, 200, 200, 200],
        ),
        (
            "PATCH",
            at(""),
            json!({"slow_mode_seconds": 0}),
            [403, 403, 200, 200, 200],
        ),
        (
            "PATCH",
            at(""),
            json!({"archived": false}),
            [403, 403, 403, 200, 200],
        ),
        (
            "PUT",
            at("/members/new-*"),
            json!({}),
            [403, 403, 200, 200, 200],
        ),
        (
            "PUT",
            at("/members/old-*"),
            json!({"role": "moderator"}),
            [403, 403, 403, 200, 200],
        ),
        (
            "PUT",
            at("/members/old-*"),
            json!({"role": "member"}),
            [200, 200, 200, 200, 200],
        ),
        ("PUT", at("/mutes/old-*"), json!({}), rank),
        ("DELETE", at("/mutes/old-*"), json!({}), rank),
        ("PUT", at("/bans/some-*"), json!({}), rank),
        ("DELETE", at("/bans/some-*"), json!({}), rank),
        ("DELETE", at("/members/old-*"), json!({}), rank),
        ("GET", at("/audit"), json!({}), [403, 403, 200, 200, 200]),
        ("POST", at("/join"), json!({}), [200, 200, 200, 200, 403]),
    ]
}

async fn each_role_may_what_it_may(house: House) {
    for kind in ["public", "private"] {
        house.room(kind, kind).await;
        let backend = house.backend();
        let said = backend.say(kind, "about this").await;
        assert_eq!(said, 4);
        assert_eq!(backend.say(kind, "and this").await, 5);
        let roles: [(&str, Client); 5] = [
            ("eve", house.user("eve")),
            ("mike", house.user("mike")),
            ("mona", house.user("mona")),
            ("olga", house.user("olga")),
            ("backend", backend.clone()),
        ];
        for (place, (name, who)) in roles.iter().enumerate() {
            let old = format!("/v1/rooms/{kind}/members/old-{name}");
            backend.put(&old, json!({})).await.expect(200);
            for (method, rest, body, expected) in rights(name) {
                let path = format!("/v1/rooms/{kind}{rest}");
                let answer = who.call(method, &path, &[], body.to_string()).await;
                let expected = match (kind, *name) {
                    ("private", "eve") => 404,
                    _ => expected[place],
                };
                assert_eq!(
                    answer.status, expected,
                    "{name}: {method} {path} {body}: {}",
                    answer.text
                );
            }
        }
        // Anybody's message is deleted by a moderator, an owner or a backend, one's own by oneself.
        for (place, (name, who)) in roles.iter().enumerate().skip(1) {
            let n = backend.say(kind, "to be deleted").await;
            let path = format!("/v1/rooms/{kind}/messages/{n}");
            let status = who.delete(&path).await.status;
            assert_eq!(status, if place == 1 { 403 } else { 200 }, "{name}");
            let own = who.say(kind, "own").await;
            let path = format!("/v1/rooms/{kind}/messages/{own}");
            who.delete(&path).await.expect(200);
        }
    }
}

async fn nobody_acts_upon_his_own_rank_or_above(house: House) {
    house.room("private", "r").await;
    let backend = house.backend();
    for (user, role) in [("moss", "moderator"), ("otto", "owner")] {
        let path = format!("/v1/rooms/r/members/{user}");
        backend.put(&path, json!({"role": role})).await.expect(200);
    }
    let (mona, olga) = (house.user("mona"), house.user("olga"));
    for (who, target) in [
        (&mona, "mona"),
        (&mona, "moss"),
        (&mona, "olga"),
        (&olga, "olga"),
        (&olga, "otto"),
    ] {
        for (method, place) in [("PUT", "mutes"), ("PUT", "bans"), ("DELETE", "members")] {
            let path = format!("/v1/rooms/r/{place}/{target}");
            let detail = who
                .call(method, &path, &[], "{}")
                .await
                .refused(403, "forbidden");
            assert_eq!(detail, "this member's role is not below yours");
        }
    }
    olga.delete("/v1/rooms/r/members/moss").await.expect(204);
    olga.put("/v1/rooms/r/members/otto", json!({"role": "member"}))
        .await
        .expect(200);
    let last = olga
        .put("/v1/rooms/r/members/olga", json!({"role": "member"}))
        .await;
    last.refused(409, "conflict");
    olga.post("/v1/rooms/r/leave", json!({}))
        .await
        .refused(409, "conflict");
    backend.delete("/v1/rooms/r/members/olga").await.expect(204);
    house.user("otto").get("/v1/rooms/r").await.expect(200);
}

async fn a_user_may_not_ask_too_often(house: House) {
    let ann = house.user("ann").hasty();
    for _request in 0..40 {
        ann.get("/v1/chat/me").await.expect(200);
    }
    let refused = ann.get("/v1/chat/me").await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.refused(429, "rate_limited");
    house.user("bob").get("/v1/chat/me").await.expect(200);
    for _request in 0..50 {
        house.backend().hasty().get("/v1/rooms").await.expect(200);
    }
}
