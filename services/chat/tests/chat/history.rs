//! Pages of a room.

use crate::{
    faults::Faults,
    house::{House, caller, settings},
};
use fanfare_bus::{
    kv::Expect,
    log::{self, Append},
};
use fanfare_proto::{
    Channel, subject,
    wire::{Entry, EntryType, HistoryReply, HistoryRequest, RoomTally},
};
use futures_util::future::try_join_all;
use prost::Message as _;
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};

on_both! {
    pages_hold_messages_as_they_are_now_and_meet_without_holes
    a_page_around_a_message_stands_in_the_middle
    a_page_is_the_same_over_http_and_the_bus
    changes_by_the_hundred_do_not_hide_messages
    long_messages_make_short_pages
}

fn ns(items: &[Value]) -> Vec<u64> {
    let n = |item: &Value| item["data"]["n"].as_u64().or(item["n"].as_u64());
    items.iter().map(|item| n(item).unwrap()).collect()
}

async fn pages_hold_messages_as_they_are_now_and_meet_without_holes(house: House) {
    house.room("private", "r").await;
    let mike = house.user("mike");
    let mut expected: Vec<u64> = vec![1, 2, 3];
    for turn in 0_u64..40 {
        let n = mike.say("r", &format!("message {turn}")).await;
        expected.push(n);
        let path = format!("/v1/rooms/r/messages/{n}");
        match turn % 4 {
            1 => drop(
                mike.patch(&path, json!({"content": "edited"}))
                    .await
                    .expect(200),
            ),
            2 => drop(mike.delete(&path).await.expect(200)),
            3 => drop(
                mike.put(&format!("{path}/reactions/x"), json!({}))
                    .await
                    .expect(200),
            ),
            _ => {}
        }
    }
    let all = mike.items("r", "?after=0&limit=200").await;
    assert_eq!(ns(&all), expected);
    for (turn, item) in all[3..].iter().enumerate() {
        let data = &item["data"];
        match turn % 4 {
            1 => assert_eq!(data["content"], "edited"),
            2 => assert!(data["deleted"].is_object() && data.get("content").is_none()),
            3 => assert_eq!(data["reactions"][0]["count"], 1),
            _ => assert_eq!(data["content"], format!("message {turn}")),
        }
    }
    for limit in [1, 7, 40] {
        let (mut found, mut after) = (Vec::new(), json!(0));
        loop {
            let page = mike
                .page("r", &format!("?after={after}&limit={limit}"))
                .await;
            let items = page["items"].as_array().unwrap().clone();
            assert!(items.len() <= limit);
            found.extend(items);
            assert_eq!(page["more"], page["more_after"]);
            if page["more"] == false {
                break;
            }
            after = page["after"].clone();
        }
        assert_eq!(found, all, "forwards by {limit}");
        let (mut found, mut query) = (Vec::new(), format!("?limit={limit}"));
        loop {
            let page = mike.page("r", &query).await;
            found.splice(..0, page["items"].as_array().unwrap().clone());
            if page["more"] == false {
                break;
            }
            query = format!("?limit={limit}&before={}", page["before"]);
        }
        assert_eq!(found, all, "backwards by {limit}");
    }
    let end = mike.page("r", "?after=9999").await;
    assert_eq!((&end["items"], &end["more"]), (&json!([]), &json!(false)));
    let beyond = mike.page("r", "?before=9007199254740991&limit=3").await;
    assert_eq!(
        beyond["items"].as_array().unwrap()[..],
        all[all.len() - 3..]
    );
    for limit in ["0", "201", "x"] {
        let path = format!("/v1/rooms/r/messages?limit={limit}");
        mike.get(&path).await.refused(400, "bad_message");
    }
}

async fn a_page_around_a_message_stands_in_the_middle(house: House) {
    house.room("private", "r").await;
    let mike = house.user("mike");
    for turn in 0..60 {
        mike.say("r", &format!("{turn}")).await;
    }
    let page = mike.page("r", "?around=30&limit=10").await;
    assert_eq!(
        ns(page["items"].as_array().unwrap()),
        (25..35).collect::<Vec<u64>>()
    );
    assert_eq!(
        (&page["more"], &page["more_after"]),
        (&json!(true), &json!(true))
    );
    assert_eq!((&page["before"], &page["after"]), (&json!(25), &json!(34)));
    for (around, limit, expected) in [
        (30, 1, 30..31),
        (1, 4, 1..3),
        (63, 4, 61..64),
        (500, 4, 62..64),
    ] {
        let page = mike
            .page("r", &format!("?around={around}&limit={limit}"))
            .await;
        let expected: Vec<u64> = expected.collect();
        assert_eq!(
            ns(page["items"].as_array().unwrap()),
            expected,
            "around {around}"
        );
    }
    let one = mike.page("r", "?around=30&limit=1").await;
    let before = mike
        .items("r", &format!("?before={}&limit=1", one["before"]))
        .await;
    assert_eq!(ns(&before), [29]);
}

async fn a_page_is_the_same_over_http_and_the_bus(house: House) {
    house.room("private", "r").await;
    let mike = house.user("mike");
    for turn in 0..12 {
        let n = mike.say("r", &format!("{turn}")).await;
        let path = format!("/v1/rooms/r/messages/{n}");
        mike.patch(&path, json!({"content": "new"}))
            .await
            .expect(200);
    }
    for (query, before, after, around) in [
        ("?limit=5", None, None, None),
        ("?before=10&limit=5", Some(10), None, None),
        ("?after=10&limit=5", None, Some(10), None),
        ("?around=10&limit=5", None, None, Some(10)),
    ] {
        let request = HistoryRequest {
            caller: caller("mike"),
            channel: "room:r".to_owned(),
            before,
            after,
            around,
            limit: 5,
        };
        let reply: HistoryReply = house.ask(subject::CHAT_HISTORY, &request).await.unwrap();
        let data: Value = serde_json::from_slice(&reply.data).unwrap();
        assert_eq!(data, mike.page("r", query).await);
    }
}

async fn changes_by_the_hundred_do_not_hide_messages(house: House) {
    house.room("private", "r").await;
    let mike = house.user("mike");
    let first = mike.say("r", "before").await;
    let path = format!("/v1/rooms/r/messages/{first}/reactions/x");
    for _turn in 0..75 {
        mike.put(&path, json!({})).await.expect(200);
        mike.delete(&path).await.expect(200);
    }
    let last = mike.say("r", "after").await;
    assert_eq!(last, first + 151);
    assert_eq!(ns(&mike.items("r", "?limit=2").await), [first, last]);
    assert_eq!(
        ns(&mike.items("r", &format!("?after={first}&limit=2")).await),
        [last]
    );
}

/// Appends messages to a room as a worker does, many at once.
async fn fill(house: &House, room: &str, from: u64, count: u64) {
    let channel = Channel::parse(&format!("room:{room}")).unwrap();
    let append = |n: u64| {
        let body = json!({"id": n.to_string(), "user": "mike", "content": "x", "created_at": "2026-01-31T12:00:00.000Z"});
        let entry = Entry {
            r#type: EntryType::Message.into(),
            body: body.to_string().into(),
            user: "mike".to_owned(),
            tally: Some(RoomTally {
                messages: n,
                last_message_n: n,
                forgotten: 0,
            }),
            ..Entry::default()
        };
        Append {
            channel: channel.clone(),
            msg_id: None,
            expect: log::Expect::Any,
            ttl_ms: None,
            payload: entry.encode_to_vec().into(),
            trace: None,
        }
    };
    for first in (from..from + count).step_by(200) {
        let appends = (first..first + 200).map(append).collect();
        house.handles.log.append_all(appends).await.unwrap();
    }
}

/// On the embedded store only: a broker takes minutes for so many deletions.
#[tokio::test]
async fn a_page_costs_its_length_across_what_was_deleted_or_trimmed() {
    let house = House::embedded().await;
    let backend = house.backend();
    let new = json!({"kind": "public", "id": "r"});
    backend.post("/v1/rooms", new).await.expect(201);
    fill(&house, "r", 2, 10_000).await;
    let channel = Channel::parse("room:r").unwrap();
    // As if all between 501 and 9500 had been deleted, of which the records of two are left.
    for first in (501..9_501).step_by(500) {
        let log = &house.handles.log;
        let deletions = (first..first + 500).map(|n| log.delete(&channel, n));
        try_join_all(deletions).await.unwrap();
    }
    for n in [600_u64, 9_400] {
        let deleted = json!({"id": "x", "user": "mike", "created_at_ms": 1, "by": "mike", "at_ms": 2, "n": 10_001});
        let mut messages = serde_json::Map::new();
        messages.insert(n.to_string(), json!({"deleted": deleted}));
        let block = json!({"messages": messages}).to_string();
        let key = format!("change/r/{:x}", n / 16);
        let put = house
            .handles
            .kv
            .put("chat", &key, block.into(), Expect::Any, None);
        put.await.unwrap();
    }
    let faults = Arc::new(Faults::default());
    let (_chat, app) = house.worker(settings(), faults.over(&house.handles)).await;
    let mike = house.user("mike").at(&app);
    let walk = async |backwards: bool, from: u64| {
        let (mut found, mut at, mut most) = (Vec::new(), from, 0);
        loop {
            let before = faults.gets.load(Ordering::SeqCst);
            let side = if backwards { "before" } else { "after" };
            let page = mike.page("r", &format!("?{side}={at}&limit=100")).await;
            most = most.max(faults.gets.load(Ordering::SeqCst) - before);
            found.push(ns(page["items"].as_array().unwrap()));
            if page["more"] == false {
                break;
            }
            at = page[side].as_u64().unwrap();
        }
        if backwards {
            found.reverse();
        }
        (found.concat(), most)
    };
    let expected: Vec<u64> = (400..=500)
        .chain([600, 9_400])
        .chain(9_501..=10_001)
        .collect();
    let (found, most) = walk(false, 399).await;
    assert_eq!(found, expected);
    assert!(most <= 300, "a page read {most} records");
    let (found, most) = walk(true, 10_002).await;
    assert_eq!(found[found.len() - expected.len()..], expected);
    assert!(most <= 300, "a page read {most} records");

    house.handles.log.trim(&channel, 9_901).await.unwrap();
    let before = faults.gets.load(Ordering::SeqCst);
    let items = mike.items("r", "?after=0&limit=100").await;
    assert_eq!(ns(&items), (9_901..=10_000).collect::<Vec<u64>>());
    let read = faults.gets.load(Ordering::SeqCst) - before;
    assert!(read <= 50, "a page read {read} records");
}

async fn long_messages_make_short_pages(house: House) {
    house.room("private", "r").await;
    let mike = house.user("mike");
    let text = "𝄞".repeat(4_000);
    for _turn in 0..80 {
        mike.say("r", &text).await;
    }
    let page = mike.get("/v1/rooms/r/messages?limit=100").await;
    assert!(page.text.len() < 600 * 1024, "{} bytes", page.text.len());
    let page = page.expect(200);
    assert_eq!(page["more"], true);
    let count = page["items"].as_array().unwrap().len();
    assert!((20..60).contains(&count), "{count} items");
    let next = mike
        .items("r", &format!("?before={}&limit=1", page["before"]))
        .await;
    let first = page["items"][0]["data"]["n"].as_u64().unwrap();
    assert_eq!(ns(&next), [first - 1]);
    let around = HistoryRequest {
        caller: caller("mike"),
        channel: "room:r".to_owned(),
        around: Some(40),
        limit: 200,
        ..HistoryRequest::default()
    };
    let reply: HistoryReply = house.ask(subject::CHAT_HISTORY, &around).await.unwrap();
    assert!(reply.data.len() < 600 * 1024);
}
