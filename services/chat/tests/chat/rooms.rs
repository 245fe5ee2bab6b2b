//! Making, finding and changing rooms.

use crate::house::House;
use serde_json::{Value, json};

on_both! {
    a_user_owns_the_room_he_makes_and_others_are_invited
    a_backend_names_the_room_and_its_members
    the_same_idempotency_key_gives_the_same_room_and_another_body_is_a_conflict
    a_direct_room_is_found_again_by_both
    what_is_no_room_names_the_field
    a_room_changes_as_roles_allow_and_all_or_nothing
    requests_at_once_with_one_key_make_one_room
}

async fn a_user_owns_the_room_he_makes_and_others_are_invited(house: House) {
    let (ann, bob) = (house.user("ann"), house.user("bob"));
    let mut told = house.events("user:bob").await;
    let new = json!({"kind": "private", "name": " Team ", "members": ["bob", "ann", "bob"]});
    let answer = ann.post("/v1/rooms", new).await;
    let place = answer.headers["location"].to_str().unwrap().to_owned();
    let room = answer.expect(201);
    let id = room["id"].as_str().unwrap();
    assert_eq!(place, format!("/v1/rooms/{id}"));
    let expected = json!({
        "id": id, "channel": format!("room:{id}"), "kind": "private", "name": "Team", "created_by": "ann",
        "created_at": room["created_at"], "archived": false, "slow_mode_seconds": 0, "members": 1, "role": "owner",
    });
    assert_eq!(room, expected);
    assert_eq!(ann.get(&place).await.expect(200), expected);

    let invited = told.next("room_membership").await;
    assert_eq!(
        invited,
        json!({"channel": format!("room:{id}"), "change": "invited"})
    );
    assert!(bob.get(&place).await.status == 404, "he has not joined yet");
    let joined = bob
        .post(&format!("{place}/join"), json!({}))
        .await
        .expect(200);
    assert_eq!(
        (&joined["role"], &joined["members"]),
        (&json!("member"), &json!(2))
    );
    let log = house.log(id).await;
    let changes: Vec<Value> = log
        .iter()
        .map(|(_record, entry)| serde_json::from_slice(&entry.body).unwrap())
        .collect();
    assert_eq!(
        changes[0],
        json!({"change": "created", "by": "ann", "name": "Team"})
    );
    let join =
        json!({"change": "joined", "by": "bob", "user": "bob", "name": "Bob", "role": "member"});
    assert_eq!(changes[1..], [join]);
}

async fn a_backend_names_the_room_and_its_members(house: House) {
    let backend = house.backend();
    let new = json!({"kind": "public", "id": "lobby", "name": "Lobby", "members": ["ann", "bob"]});
    let room = backend.post("/v1/rooms", new.clone()).await.expect(201);
    assert_eq!(room["id"], "lobby");
    assert_eq!(room["created_by"], "api-key:key-0");
    assert_eq!(room["members"], 2);
    assert_eq!(room.get("role"), None);
    assert_eq!(
        house.user("ann").get("/v1/rooms/lobby").await.expect(200)["role"],
        "member"
    );
    let detail = backend
        .post("/v1/rooms", new)
        .await
        .refused(409, "conflict");
    assert_eq!(detail, "there is a room with this id already");
    let other = json!({"kind": "public", "id": "lobby2"});
    house
        .user("ann")
        .post("/v1/rooms", other)
        .await
        .refused(400, "bad_message");
}

async fn the_same_idempotency_key_gives_the_same_room_and_another_body_is_a_conflict(house: House) {
    let ann = house.user("ann");
    let new = json!({"kind": "private", "name": "Team"});
    let first = ann.post_once("k", "/v1/rooms", &new).await.expect(201);
    assert_eq!(
        ann.post_once("k", "/v1/rooms", &new).await.expect(201),
        first
    );
    for other in [
        json!({"kind": "public", "name": "Team"}),
        json!({"kind": "direct", "with": "bob"}),
    ] {
        ann.post_once("k", "/v1/rooms", &other)
            .await
            .refused(409, "conflict");
    }
    let another = house
        .user("bob")
        .post_once("k", "/v1/rooms", &new)
        .await
        .expect(201);
    assert_ne!(another["id"], first["id"], "a key is its user's own");
    let direct = json!({"kind": "direct", "with": "bob"});
    let made = ann.post_once("d", "/v1/rooms", &direct).await.expect(201);
    assert_eq!(
        ann.post_once("d", "/v1/rooms", &direct).await.expect(201),
        made
    );
    ann.post_once("d", "/v1/rooms", &new)
        .await
        .refused(409, "conflict");
    ann.post_once("", "/v1/rooms", &new)
        .await
        .refused(400, "bad_message");
    let rooms = ann.get("/v1/rooms").await.expect(200);
    assert_eq!(rooms["items"].as_array().unwrap().len(), 2);
}

async fn a_direct_room_is_found_again_by_both(house: House) {
    let (ann, bob) = (house.user("ann"), house.user("bob"));
    let room = ann
        .post("/v1/rooms", json!({"kind": "direct", "with": "bob"}))
        .await
        .expect(201);
    assert_eq!(room["users"], json!(["ann", "bob"]));
    assert_eq!(
        (&room["role"], &room["name"]),
        (&json!("member"), &json!(""))
    );
    for (who, new) in [
        (&ann, json!({"kind": "direct", "with": "bob"})),
        (&bob, json!({"kind": "direct", "with": "ann"})),
        (
            &house.backend(),
            json!({"kind": "direct", "members": ["bob", "ann"]}),
        ),
    ] {
        let again = who.post("/v1/rooms", new).await.expect(200);
        assert_eq!(again["id"], room["id"]);
    }
    let path = format!("/v1/rooms/{}", room["id"].as_str().unwrap());
    ann.say(room["id"].as_str().unwrap(), "hi").await;
    assert_eq!(bob.get(&path).await.expect(200)["members"], 2);
    house.user("eve").get(&path).await.refused(404, "not_found");
    for (method, path, body) in [
        ("PATCH", path.clone(), json!({"name": "x"})),
        ("PATCH", path.clone(), json!({"archived": true})),
        ("PUT", format!("{path}/members/eve"), json!({})),
        ("DELETE", format!("{path}/members/bob"), json!({})),
        ("PUT", format!("{path}/bans/bob"), json!({})),
        ("PUT", format!("{path}/mutes/bob"), json!({})),
        ("GET", format!("{path}/audit"), json!({})),
    ] {
        for who in [&ann, &house.backend()] {
            let refused = who.call(method, &path, &[], body.to_string()).await;
            refused.refused(403, "forbidden");
        }
    }
    ann.post(&format!("{path}/leave"), json!({}))
        .await
        .refused(409, "conflict");
}

async fn what_is_no_room_names_the_field(house: House) {
    let many: Vec<String> = (0..101).map(|user| user.to_string()).collect();
    let (ann, backend) = (house.user("ann"), house.backend());
    for (who, new, field) in [
        (&ann, json!({}), "kind"),
        (&ann, json!({"kind": "secret"}), "kind"),
        (
            &ann,
            json!({"kind": "public", "name": "x".repeat(129)}),
            "name",
        ),
        (&ann, json!({"kind": "public", "name": "  "}), "name"),
        (&ann, json!({"kind": "public", "name": "a\u{7}b"}), "name"),
        (&ann, json!({"kind": "public", "id": "x"}), "id"),
        (&ann, json!({"kind": "public", "with": "bob"}), "with"),
        (
            &ann,
            json!({"kind": "public", "members": ["a b"]}),
            "members[0]",
        ),
        (&ann, json!({"kind": "public", "members": many}), "members"),
        (&ann, json!({"kind": "direct"}), "with"),
        (&ann, json!({"kind": "direct", "with": "ann"}), "with"),
        (&ann, json!({"kind": "direct", "with": "a b"}), "with"),
        (
            &ann,
            json!({"kind": "direct", "with": "bob", "members": ["eve"]}),
            "members",
        ),
        (
            &ann,
            json!({"kind": "direct", "with": "bob", "name": "x"}),
            "name",
        ),
        (
            &backend,
            json!({"kind": "direct", "members": ["bob"]}),
            "members",
        ),
        (
            &backend,
            json!({"kind": "direct", "members": ["bob", "bob"]}),
            "members",
        ),
        (
            &backend,
            json!({"kind": "direct", "members": ["a", "b", "c"]}),
            "members",
        ),
        (
            &backend,
            json!({"kind": "direct", "members": ["a", "b"], "id": "x"}),
            "id",
        ),
        (&backend, json!({"kind": "public", "id": "a b"}), "id"),
        (&backend, json!({"kind": "public", "id": "d-x"}), "id"),
    ] {
        let detail = who
            .post("/v1/rooms", new.clone())
            .await
            .refused(400, "bad_message");
        assert!(detail.starts_with(&format!("{field}: ")), "{new}: {detail}");
    }
    for body in ["[]", "7", "{", "\"x\""] {
        let refused = ann.call("POST", "/v1/rooms", &[], body.to_owned()).await;
        assert_eq!(refused.status, 400, "{body}");
    }
}

async fn a_room_changes_as_roles_allow_and_all_or_nothing(house: House) {
    house.room("private", "r").await;
    let (olga, mona, mike) = (house.user("olga"), house.user("mona"), house.user("mike"));
    let path = "/v1/rooms/r";
    mike.patch(path, json!({"name": "M"}))
        .await
        .refused(403, "forbidden");
    let both = json!({"name": "Half", "archived": true});
    mona.patch(path, both.clone())
        .await
        .refused(403, "forbidden");
    assert_eq!(mike.get(path).await.expect(200)["name"], "A room");
    let renamed = mona.patch(path, json!({"name": "M"})).await;
    renamed.expect(200);
    let slow = mona.patch(path, json!({"slow_mode_seconds": 5})).await;
    let room = slow.expect(200);
    assert_eq!(
        (&room["name"], &room["slow_mode_seconds"]),
        (&json!("M"), &json!(5))
    );
    assert_eq!(room["role"], "moderator");
    for bad in [
        json!({"slow_mode_seconds": 3601}),
        json!({"name": 7}),
        json!({"archived": 1}),
    ] {
        mona.patch(path, bad).await.refused(400, "bad_message");
    }
    olga.patch(path, json!({"name": "Half"})).await.expect(200);
    assert_eq!(olga.patch(path, both).await.expect(200)["archived"], true);
    let said = mike
        .post("/v1/rooms/r/messages", json!({"content": "x"}))
        .await;
    assert_eq!(said.refused(403, "forbidden"), "the room is archived");
    olga.patch(path, json!({"archived": false}))
        .await
        .expect(200);
    olga.patch(path, json!({"archived": false}))
        .await
        .expect(200);
    let log = house.log("r").await;
    let changes: Vec<Value> = log
        .iter()
        .map(|(_record, entry)| {
            serde_json::from_slice::<Value>(&entry.body).unwrap()["change"].clone()
        })
        .collect();
    let told = [
        "created",
        "role",
        "role",
        "renamed",
        "slow_mode",
        "renamed",
        "archived",
        "restored",
    ];
    assert_eq!(changes, told);
    let audit = mona.get("/v1/rooms/r/audit").await.expect(200);
    let deeds: Vec<&Value> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deed| &deed["what"])
        .collect();
    assert_eq!(
        deeds,
        [
            "role",
            "role",
            "rename",
            "slow_mode",
            "rename",
            "archive",
            "restore"
        ]
    );
}

async fn requests_at_once_with_one_key_make_one_room(house: House) {
    let ann = house.user("ann");
    let new = json!({"kind": "private", "name": "Team"});
    let same = || ann.post_once("k", "/v1/rooms", &new);
    let (one, two, three) = tokio::join!(same(), same(), same());
    let one = one.expect(201);
    assert_eq!(two.expect(201), one);
    assert_eq!(three.expect(201), one);
    let pair = json!({"kind": "direct", "with": "bob"});
    let (bob, back) = (house.user("bob"), json!({"kind": "direct", "with": "ann"}));
    let (one, two) = tokio::join!(ann.post("/v1/rooms", pair), bob.post("/v1/rooms", back),);
    let mut made = [one.status, two.status];
    made.sort_unstable();
    assert_eq!((made, &one.json()["id"]), ([200, 201], &two.json()["id"]));
    assert_eq!(
        ann.get("/v1/rooms").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
