//! Members come and go.

use crate::{
    faults::Faults,
    house::{House, settings},
};
use serde_json::{Value, json};
use std::sync::Arc;

on_both! {
    an_invitation_is_taken_up_or_taken_back
    members_come_and_go_and_are_listed_by_id
    a_private_room_that_all_have_left_is_archived
    the_last_owner_stays_also_when_two_leave_at_once
    nobody_is_in_more_rooms_than_one_can_have
}

async fn an_invitation_is_taken_up_or_taken_back(house: House) {
    house.room("private", "r").await;
    let (mona, eve) = (house.user("mona"), house.user("eve"));
    let mut told = house.events("user:eve").await;
    let member = "/v1/rooms/r/members/eve";
    let invited = mona.put(member, json!({})).await.expect(200);
    assert_eq!(invited, json!({"user": "eve", "invited": true}));
    assert_eq!(told.next("room_membership").await["change"], "invited");
    eve.get("/v1/rooms/r/messages")
        .await
        .refused(404, "not_found");
    mona.delete(member).await.expect(204);
    assert_eq!(told.next("room_membership").await["change"], "removed");
    eve.post("/v1/rooms/r/join", json!({}))
        .await
        .refused(404, "not_found");
    let log = house.log("r").await.len();
    mona.put(member, json!({})).await.expect(200);
    mona.put(member, json!({})).await.expect(200);
    assert_eq!(
        house.log("r").await.len(),
        log,
        "an invitation is nobody else's business"
    );
    let room = eve.post("/v1/rooms/r/join", json!({})).await.expect(200);
    assert_eq!(
        (&room["role"], &room["members"]),
        (&json!("member"), &json!(4))
    );
    eve.post("/v1/rooms/r/join", json!({})).await.expect(200);
    assert_eq!(house.log("r").await.len(), log + 1);
    assert_eq!(told.next("room_membership").await["change"], "invited");
    let joined = json!({"channel": "room:r", "change": "joined", "role": "member"});
    assert_eq!(told.next("room_membership").await, joined);
    let backend = house.backend();
    backend
        .patch("/v1/rooms/r", json!({"archived": true}))
        .await
        .expect(200);
    mona.put("/v1/rooms/r/members/ina", json!({}))
        .await
        .expect(200);
    let late = house.user("ina").post("/v1/rooms/r/join", json!({})).await;
    late.refused(403, "forbidden");
    backend
        .put("/v1/rooms/r/members/x%20y", json!({}))
        .await
        .refused(400, "bad_message");
}

async fn members_come_and_go_and_are_listed_by_id(house: House) {
    house.room("public", "r").await;
    for user in ["zoe", "abe", "kim"] {
        let who = house.user(user);
        who.post("/v1/rooms/r/join", json!({})).await.expect(200);
    }
    house
        .user("mona")
        .put("/v1/rooms/r/bans/nil", json!({}))
        .await
        .expect(204);
    house
        .user("mona")
        .put("/v1/rooms/r/mutes/kim", json!({}))
        .await
        .expect(204);
    let eve = house.user("eve");
    let (mut found, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = eve
            .get(&format!("/v1/rooms/r/members{query}"))
            .await
            .expect(200);
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=2&cursor={next}");
    }
    let ids: Vec<&Value> = found.iter().map(|member| &member["user"]).collect();
    assert_eq!(ids, ["abe", "kim", "mike", "mona", "olga", "zoe"]);
    let abe =
        json!({"user": "abe", "name": "Abe", "role": "member", "joined_at": found[0]["joined_at"]});
    assert_eq!(found[0], abe);
    assert_eq!(
        (&found[1]["muted"], found[1].get("muted_until")),
        (&json!(true), None)
    );
    assert_eq!(found[4]["role"], "owner");
    let abe = house.user("abe");
    abe.post("/v1/rooms/r/leave", json!({})).await.expect(204);
    abe.post("/v1/rooms/r/leave", json!({})).await.expect(204);
    assert_eq!(abe.get("/v1/rooms/r").await.expect(200)["members"], 5);
    assert_eq!(abe.get("/v1/rooms").await.expect(200)["items"], json!([]));
    assert_eq!(
        house.others.left(),
        [("room:r".to_owned(), "nil".to_owned())]
    );
}

async fn a_private_room_that_all_have_left_is_archived(house: House) {
    let ann = house.user("ann");
    let room = ann
        .post("/v1/rooms", json!({"kind": "private"}))
        .await
        .expect(201);
    let path = format!("/v1/rooms/{}", room["id"].as_str().unwrap());
    ann.post(&format!("{path}/leave"), json!({}))
        .await
        .expect(204);
    ann.get(&path).await.refused(404, "not_found");
    assert_eq!(
        house.backend().get(&path).await.expect(200)["archived"],
        true
    );
    let channel = room["channel"].as_str().unwrap().to_owned();
    assert_eq!(house.others.left(), [(channel, "ann".to_owned())]);
    // One that a backend made for nobody yet is not.
    let empty = json!({"kind": "private", "id": "empty"});
    house.backend().post("/v1/rooms", empty).await.expect(201);
    house
        .backend()
        .put("/v1/rooms/empty/mutes/bob", json!({}))
        .await
        .expect(204);
    assert_eq!(
        house.backend().get("/v1/rooms/empty").await.expect(200)["archived"],
        false
    );
}

async fn the_last_owner_stays_also_when_two_leave_at_once(house: House) {
    house.room("private", "r").await;
    let (olga, mona) = (house.user("olga"), house.user("mona"));
    house
        .backend()
        .put("/v1/rooms/r/members/mona", json!({"role": "owner"}))
        .await
        .expect(200);
    let faults = Arc::new(Faults::default());
    let (_chat, app) = house.worker(settings(), faults.over(&house.handles)).await;
    *faults.held.lock().unwrap() = Some("room/r".to_owned());
    let leave = "/v1/rooms/r/leave";
    // She was one of two owners when her worker first looked.
    let slow = async { olga.at(&app).post(leave, json!({})).await };
    let fast = async {
        faults.reached.notified().await;
        mona.post(leave, json!({})).await.expect(204);
        faults.release.notify_one();
    };
    let (refused, ()) = tokio::join!(slow, fast);
    refused.refused(409, "conflict");
    olga.get("/v1/rooms/r").await.expect(200);
}

async fn nobody_is_in_more_rooms_than_one_can_have(house: House) {
    let backend = house.backend();
    for room in 0..500 {
        let new = json!({"kind": "private", "id": format!("r{room}"), "members": ["ann"]});
        backend.post("/v1/rooms", new).await.expect(201);
    }
    let more = json!({"kind": "private", "id": "more", "members": ["ann"]});
    backend
        .post("/v1/rooms", more)
        .await
        .refused(409, "conflict");
    let open = json!({"kind": "public", "id": "open"});
    backend.post("/v1/rooms", open).await.expect(201);
    let ann = house.user("ann");
    ann.post("/v1/rooms/open/join", json!({}))
        .await
        .refused(409, "conflict");
    let pair = json!({"kind": "direct", "with": "bob"});
    ann.post("/v1/rooms", pair).await.refused(409, "conflict");
    ann.post("/v1/rooms/r0/leave", json!({})).await.expect(204);
    ann.post("/v1/rooms/open/join", json!({})).await.expect(200);
}
