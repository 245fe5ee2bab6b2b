//! Messages and what comes of them.

use crate::house::House;
use fanfare_proto::wire::EntryType;
use serde_json::json;

on_both! {
    a_message_is_sent_once_for_each_key
    a_message_says_who_wrote_what_and_when
    what_is_no_message_names_the_field
    an_edit_shows_the_new_text_and_is_for_the_author
    of_a_deleted_message_the_text_is_gone_for_good
    reactions_are_counted_once_a_user
    replies_make_a_thread_that_pages_from_its_end
    a_mention_is_told_and_notified_once
}

const MESSAGES: &str = "/v1/rooms/r/messages";

fn at(n: u64) -> String {
    format!("{MESSAGES}/{n}")
}

async fn a_message_is_sent_once_for_each_key(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    let hello = json!({"content": "hello"});
    let first = mike.post_once("k", MESSAGES, &hello).await.expect(201);
    assert_eq!(
        (&first["channel"], &first["n"]),
        (&json!("room:r"), &json!(4))
    );
    assert_eq!(
        mike.post_once("k", MESSAGES, &hello).await.expect(201),
        first
    );
    let by_client_id = json!({"content": "hello", "client_id": "k"});
    assert_eq!(
        mike.post(MESSAGES, by_client_id.clone()).await.expect(201),
        first
    );
    assert_eq!(
        mike.post_once("k", MESSAGES, &by_client_id)
            .await
            .expect(201),
        first
    );
    for other in [
        json!({"content": "bye"}),
        json!({"content": "hello", "reply_to": 4}),
        json!({"content": "hello", "attachments": [{"url": "/a"}]}),
    ] {
        mike.post_once("k", MESSAGES, &other)
            .await
            .refused(409, "conflict");
    }
    let both = json!({"content": "hello", "client_id": "other"});
    mike.post_once("k", MESSAGES, &both)
        .await
        .refused(400, "bad_message");
    let another = mona.post_once("k", MESSAGES, &hello).await.expect(201);
    assert_eq!(another["n"], 5, "a key is its sender's own");
    mike.say("r", "hello").await;
    assert_eq!(
        mike.say("r", "hello").await,
        7,
        "without a key it is sent again"
    );
    // Of one that was deleted meanwhile the first answer is given again.
    mike.delete(&at(4)).await.expect(200);
    assert_eq!(
        mike.post_once("k", MESSAGES, &hello).await.expect(201),
        first
    );
    assert_eq!(house.log("r").await.len(), 7);
}

async fn a_message_says_who_wrote_what_and_when(house: House) {
    house.room("private", "r").await;
    let file =
        json!({"url": "https://x.example/a.png", "name": "a", "type": "image/png", "size": 7});
    let new = json!({"content": " hi\n<b> ", "client_id": "c", "attachments": [file]});
    let sent = house.user("mike").post(MESSAGES, new).await.expect(201);
    let frame = house.user("mona").get(&at(4)).await.expect(200);
    let data = &frame["data"];
    let expected = json!({
        "type": "message", "channel": "room:r", "n": 4, "cursor": sent["cursor"], "user": "mike",
        "timestamp": frame["timestamp"],
        "data": {
            "n": 4, "id": data["id"], "client_id": "c", "user": "mike", "name": "Mike", "content": "hi\n<b>",
            "created_at": data["created_at"], "attachments": [file],
        },
    });
    assert_eq!(frame, expected);
    let n = house.backend().say("r", "from a backend").await;
    let by = house.user("mona").get(&at(n)).await.expect(200);
    assert_eq!(by["data"]["user"], "api-key:key-0");
    // What is no message has no place here.
    for n in [1, 99] {
        house
            .user("mona")
            .get(&at(n))
            .await
            .refused(404, "not_found");
        house
            .user("mona")
            .delete(&at(n))
            .await
            .refused(404, "not_found");
    }
}

async fn what_is_no_message_names_the_field(house: House) {
    house.room("private", "r").await;
    let mike = house.user("mike");
    for (new, field) in [
        (json!({}), "content"),
        (json!({"content": ""}), "content"),
        (json!({"content": " \n"}), "content"),
        (json!({"content": 7}), "content"),
        (json!({"content": "a\u{0}b"}), "content"),
        (json!({"content": "x", "reply_to": 0}), "reply_to"),
        (json!({"content": "x", "reply_to": 1}), "reply_to"),
        (json!({"content": "x", "reply_to": 99}), "reply_to"),
        (json!({"content": "x", "mentions": ["a b"]}), "mentions[0]"),
        (
            json!({"content": "x", "client_id": "x".repeat(129)}),
            "client_id",
        ),
        (
            json!({"attachments": [{"url": "javascript:x"}]}),
            "attachments[0].url",
        ),
        (json!({"attachments": [{}]}), "attachments[0].url"),
    ] {
        let detail = mike
            .post(MESSAGES, new.clone())
            .await
            .refused(400, "bad_message");
        assert!(detail.starts_with(&format!("{field}: ")), "{new}: {detail}");
    }
    let long = json!({"content": "é".repeat(4_001)});
    mike.post(MESSAGES, long.clone())
        .await
        .refused(413, "too_large");
    mike.post(MESSAGES, json!({"content": "é".repeat(4_000)}))
        .await
        .expect(201);
    mike.patch(&at(4), long).await.refused(413, "too_large");
    let huge = json!({"content": "x".repeat(300_000)});
    mike.post(MESSAGES, huge).await.refused(413, "too_large");
    assert_eq!(house.log("r").await.len(), 4);
}

async fn an_edit_shows_the_new_text_and_is_for_the_author(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    let n = mike.say("r", "helo").await;
    mona.patch(&at(n), json!({"content": "x"}))
        .await
        .refused(403, "forbidden");
    let edit = mike
        .patch(&at(n), json!({"content": "hello"}))
        .await
        .expect(200);
    assert_eq!(
        (&edit["n"], &edit["channel"]),
        (&json!(5), &json!("room:r"))
    );
    let frame = mona.get(&at(n)).await.expect(200);
    assert_eq!(frame["data"]["content"], "hello");
    assert!(frame["data"]["edited_at"].is_string());
    assert_eq!(
        mona.items("r", "?after=3").await,
        [frame],
        "the edit is no item"
    );
    let headers = [("idempotency-key", "e")];
    for _again in 0..2 {
        let again = mike
            .call("PATCH", &at(n), &headers, "{\"content\":\"bye\"}")
            .await;
        assert_eq!(again.expect(200)["n"], 6);
    }
    mike.patch(&at(5), json!({"content": "x"}))
        .await
        .refused(404, "not_found");
    house
        .user("olga")
        .put("/v1/rooms/r/mutes/mike", json!({}))
        .await
        .expect(204);
    mike.patch(&at(n), json!({"content": "x"}))
        .await
        .refused(403, "forbidden");
}

async fn of_a_deleted_message_the_text_is_gone_for_good(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    let n = mike.say("r", "secret words").await;
    mike.patch(&at(n), json!({"content": "other secret words"}))
        .await
        .expect(200);
    let path = format!("{}/reactions/x", at(n));
    mona.put(&path, json!({})).await.expect(200);
    let deleted = mike.delete(&at(n)).await.expect(200);
    assert_eq!(deleted["n"], 7);
    assert_eq!(mike.delete(&at(n)).await.expect(200), deleted);
    let frame = mona.get(&at(n)).await.expect(200);
    let at_ms = frame["data"]["deleted"]["at"].clone();
    let data = json!({
        "n": n, "id": frame["data"]["id"], "user": "mike", "created_at": frame["data"]["created_at"],
        "deleted": {"by": "mike", "at": at_ms},
    });
    assert_eq!((&frame["type"], &frame["data"]), (&json!("message"), &data));
    assert_eq!(mona.items("r", "?after=3").await, [frame]);
    let log = house.log("r").await;
    let kinds: Vec<EntryType> = log.iter().map(|(_record, entry)| entry.r#type()).collect();
    assert_eq!(kinds[3..], [EntryType::Reaction, EntryType::Deletion]);
    let kept = log.iter().any(|(record, _)| {
        let needle = b"secret words";
        record
            .payload
            .windows(needle.len())
            .any(|part| part == needle)
    });
    assert!(!kept);
    mike.patch(&at(n), json!({"content": "x"}))
        .await
        .refused(404, "not_found");
    mona.put(&path, json!({})).await.refused(404, "not_found");
    mike.post(MESSAGES, json!({"content": "x", "reply_to": n}))
        .await
        .refused(400, "bad_message");
    // By somebody else it is a deed.
    let n = mike.say("r", "spam").await;
    mona.delete(&at(n)).await.expect(200);
    let audit = mona.get("/v1/rooms/r/audit").await.expect(200);
    let deed = audit["items"].as_array().unwrap().last().unwrap().clone();
    let expected =
        json!({"at": deed["at"], "what": "delete", "by": "mona", "user": "mike", "n": n});
    assert_eq!(deed, expected);
}

async fn reactions_are_counted_once_a_user(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    let n = mike.say("r", "vote").await;
    let up = format!("{}/reactions/%F0%9F%91%8D", at(n));
    let heart = format!("{}/reactions/:heart:", at(n));
    let first = mona.put(&up, json!({})).await.expect(200);
    assert_eq!(mona.put(&up, json!({})).await.expect(200), first);
    mike.put(&heart, json!({})).await.expect(200);
    mike.put(&up, json!({})).await.expect(200);
    let reactions = async || mike.get(&at(n)).await.expect(200)["data"]["reactions"].clone();
    let both = json!([
        {"emoji": "👍", "count": 2, "users": ["mona", "mike"]},
        {"emoji": ":heart:", "count": 1, "users": ["mike"]},
    ]);
    assert_eq!(reactions().await, both);
    mona.delete(&up).await.expect(200);
    mona.delete(&up).await.expect(200);
    mike.delete(&heart).await.expect(200);
    assert_eq!(
        reactions().await,
        json!([{"emoji": "👍", "count": 1, "users": ["mike"]}])
    );
    mona.put(&up, json!({})).await.expect(200);
    let order = json!([{"emoji": "👍", "count": 2, "users": ["mike", "mona"]}]);
    assert_eq!(reactions().await, order);
    for odd in ["%20", "x".repeat(33).as_str(), "a%0Ab"] {
        let path = format!("{}/reactions/{odd}", at(n));
        let detail = mona.put(&path, json!({})).await.refused(400, "bad_message");
        assert!(detail.starts_with("emoji: "), "{detail}");
    }
    let missing = "/v1/rooms/r/messages/99/reactions/x";
    mona.put(missing, json!({})).await.refused(404, "not_found");
    for emoji in 0..31 {
        mona.put(&format!("{}/reactions/{emoji}", at(n)), json!({}))
            .await
            .expect(200);
    }
    let full = mona
        .put(&format!("{}/reactions/more", at(n)), json!({}))
        .await;
    full.refused(409, "conflict");
}

async fn replies_make_a_thread_that_pages_from_its_end(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    let root = mike.say("r", "a question").await;
    let mut replies = Vec::new();
    for turn in 0..7 {
        // Some answer the question, some an answer to it.
        let to = replies.get(turn / 2).copied().unwrap_or(root);
        let reply = json!({"content": format!("answer {turn}"), "reply_to": to});
        let sent = mona.post(MESSAGES, reply).await.expect(201);
        replies.push(sent["n"].as_u64().unwrap());
        mike.say("r", "something else").await;
    }
    let path = format!("/v1/rooms/r/threads/{root}");
    let mut found: Vec<u64> = Vec::new();
    let mut query = "?limit=3".to_owned();
    let mut pages = 0;
    loop {
        let page = mike.get(&format!("{path}{query}")).await.expect(200);
        assert_eq!(page["count"], 7);
        let items = page["items"].as_array().unwrap().iter();
        let ns: Vec<u64> = items
            .map(|item| item["data"]["n"].as_u64().unwrap())
            .collect();
        found.splice(..0, ns);
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=3&cursor={next}");
    }
    assert_eq!((found, pages), (replies.clone(), 3));
    let frame = mike.get(&at(root)).await.expect(200);
    assert_eq!(
        frame["data"]["replies"],
        json!({"count": 7, "last_n": replies[6]})
    );
    let reply = mike.get(&at(replies[6])).await.expect(200);
    assert_eq!(
        (&reply["data"]["thread"], &reply["data"]["reply_to"]),
        (&json!(root), &json!(replies[3]))
    );
    mona.delete(&at(replies[6])).await.expect(200);
    let newest = mike.get(&format!("{path}?limit=1")).await.expect(200);
    assert!(newest["items"][0]["data"]["deleted"].is_object());
    let alone = format!("/v1/rooms/r/threads/{}", replies[6] + 1);
    let empty = mike.get(&alone).await.expect(200);
    assert_eq!(empty, json!({"items": [], "count": 0}));
    mike.get("/v1/rooms/r/threads/1")
        .await
        .refused(404, "not_found");
}

async fn a_mention_is_told_and_notified_once(house: House) {
    house.room("private", "r").await;
    let (mike, olga) = (house.user("mike"), house.user("olga"));
    let mut told = house.events("user:olga").await;
    // Of these only `olga` is a member; whoever writes mentions himself to nobody.
    let text = "hi @olga, @eve and @mike (mail a@mona)";
    let n = mike.say("r", text).await;
    let data = json!({"room": "r", "n": n});
    let notified = vec![(json!("olga"), data.clone())];
    assert_eq!(house.others.notified(), notified);
    let counts = told.next("room_counts").await;
    assert_eq!(
        (&counts["mentions"], &counts["channel"]),
        (&json!(1), &json!("room:r"))
    );
    let frame = olga.get(&at(n)).await.expect(200);
    assert_eq!(frame["data"]["mentions"], json!(["olga"]));
    // A display name counts too, in any case, for whoever has joined with it.
    house
        .backend()
        .put("/v1/rooms/r/members/u7", json!({}))
        .await
        .expect(200);
    let named =
        json!({"content": "@olga is not meant", "mentions": ["mona", "eve"], "client_id": "c"});
    let second = mike.post(MESSAGES, named.clone()).await.expect(201)["n"].clone();
    assert_eq!(mike.post(MESSAGES, named).await.expect(201)["n"], second);
    let both = [
        notified[0].clone(),
        (json!("mona"), json!({"room": "r", "n": second})),
    ];
    assert_eq!(house.others.notified(), both);
    let pub_room = json!({"kind": "public", "id": "open"});
    house
        .backend()
        .post("/v1/rooms", pub_room)
        .await
        .expect(201);
    let ann = house.named("u-ann", "Ann");
    ann.post("/v1/rooms/open/join", json!({})).await.expect(200);
    mike.post("/v1/rooms/open/join", json!({}))
        .await
        .expect(200);
    let n = mike.say("open", "look, @ANN").await;
    let told = house.others.notified();
    assert!(
        told.contains(&(json!("u-ann"), json!({"room": "open", "n": n}))),
        "{told:?}"
    );
}
