//! Lists of rooms.

use crate::house::House;
use serde_json::{Value, json};

on_both! {
    own_rooms_are_listed_newest_first_and_paged
    public_rooms_are_listed_for_everybody_and_all_for_backends
}

async fn own_rooms_are_listed_newest_first_and_paged(house: House) {
    let backend = house.backend();
    for room in 0..130 {
        let new = json!({"kind": "private", "id": format!("r{room}"), "members": ["ann"]});
        backend.post("/v1/rooms", new).await.expect(201);
    }
    backend.say("r7", "newest").await;
    let ann = house.user("ann");
    let first = ann.get("/v1/rooms").await.expect(200);
    let items = first["items"].as_array().unwrap();
    assert_eq!(items.len(), 100);
    assert_eq!(items[0]["channel"], "room:r7");
    assert_eq!(items[0]["last"]["data"]["content"], "newest");
    assert_eq!(
        (&items[0]["unread"], &items[0]["role"]),
        (&json!(1), &json!("member"))
    );
    // A room that becomes newer between two pages is missed by none of them.
    let next = first["next_cursor"].as_str().unwrap();
    let shown = |channel: &str| items.iter().any(|item| item["channel"] == channel);
    let hidden = (0..130).map(|room| format!("r{room}"));
    let hidden: Vec<String> = hidden.filter(|id| !shown(&format!("room:{id}"))).collect();
    assert_eq!(hidden.len(), 30);
    backend.say(&hidden[0], "newer").await;
    let second = ann
        .get(&format!("/v1/rooms?cursor={next}"))
        .await
        .expect(200);
    let rest = second["items"].as_array().unwrap();
    assert_eq!(rest.len(), 30);
    assert_eq!(second.get("next_cursor"), None);
    assert!(
        rest.iter()
            .all(|item| !shown(item["channel"].as_str().unwrap()))
    );
    // A cursor opens no room to others.
    let stolen = house
        .user("eve")
        .get(&format!("/v1/rooms?cursor={next}"))
        .await
        .expect(200);
    assert_eq!(stolen["items"], json!([]));
    for bad in ["zz", "0123456", "%22", "..."] {
        ann.get(&format!("/v1/rooms?cursor={bad}"))
            .await
            .refused(400, "bad_message");
    }
}

async fn public_rooms_are_listed_for_everybody_and_all_for_backends(house: House) {
    let backend = house.backend();
    for (kind, id) in [
        ("public", "b"),
        ("private", "c"),
        ("public", "a"),
        ("public", "d"),
    ] {
        house.room(kind, id).await;
    }
    let ids = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|room| room["id"].clone()).collect()
    };
    for who in [house.user("eve"), house.user("mike"), backend.clone()] {
        let first = who.get("/v1/rooms?public=true&limit=2").await.expect(200);
        assert_eq!(ids(&first), ["a", "b"]);
        let next = first["next_cursor"].as_str().unwrap();
        let last = who
            .get(&format!("/v1/rooms?public=true&limit=2&cursor={next}"))
            .await
            .expect(200);
        assert_eq!(ids(&last), ["d"]);
        assert_eq!(last.get("next_cursor"), None);
    }
    let mine = house
        .user("mike")
        .get("/v1/rooms?public=true")
        .await
        .expect(200);
    assert_eq!(mine["items"][0]["role"], "member");
    assert_eq!(
        ids(&backend.get("/v1/rooms").await.expect(200)),
        ["a", "b", "c", "d"]
    );
    for bad in [
        "public=yes",
        "public=true&limit=0",
        "public=true&limit=201",
        "public=true&cursor=a%20b",
    ] {
        backend
            .get(&format!("/v1/rooms?{bad}"))
            .await
            .refused(400, "bad_message");
    }
}
