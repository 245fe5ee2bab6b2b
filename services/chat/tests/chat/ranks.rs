//! Who may act upon whom, and how often anybody may ask.

use crate::house::House;
use serde_json::json;

on_both! {
    nobody_acts_upon_his_own_rank_or_above
    a_user_may_not_ask_too_often
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
