//! Workers that die, and answers that are lost.

use crate::{
    faults::Faults,
    house::{House, eventually, settings},
};
use fanfare_chat::Settings;
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

on_both! {
    what_a_dead_worker_left_undone_is_finished_by_another
    the_same_message_after_a_lost_answer_is_one_message
    work_that_cannot_be_done_yet_holds_up_nothing_else
    two_workers_in_one_room_leave_no_holes
    whoever_goes_away_in_the_middle_takes_nobody_along
}

const MESSAGES: &str = "/v1/rooms/r/messages";

/// Takes up work that is a moment old.
fn eager() -> Settings {
    Settings {
        orphan_age: Duration::ZERO,
        ..settings()
    }
}

async fn what_a_dead_worker_left_undone_is_finished_by_another(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    let root = mona.say("r", "a question").await;
    let edited = mike.say("r", "helo").await;
    let deleted = mike.say("r", "gone soon").await;
    let at = |n: u64| format!("{MESSAGES}/{n}");
    let reply = json!({"content": "@olga knows", "reply_to": root, "client_id": "c"});
    let requests = [
        ("POST", MESSAGES.to_owned(), reply),
        ("PATCH", at(edited), json!({"content": "hello"})),
        ("DELETE", at(deleted), json!({})),
        ("PUT", format!("{}/reactions/x", at(root)), json!({})),
    ];
    for (method, path, body) in requests {
        let faults = Arc::new(Faults::default());
        let (_dead, app) = house.worker(settings(), faults.over(&house.handles)).await;
        faults.dies_after_append.store(true, Ordering::SeqCst);
        let answer = mike
            .at(&app)
            .call(method, &path, &[], body.to_string())
            .await;
        assert!(answer.status < 300, "the entry stands: {}", answer.text);
    }
    let frame = mona.get(&at(edited)).await.expect(200);
    assert_eq!(frame["data"]["content"], "helo", "nobody has done it yet");
    assert_eq!(house.others.notified(), []);

    let (_alive, _app) = house.worker(eager(), house.handles.clone()).await;
    house.clock.advance(1);
    let done = eventually(async || {
        let items = mona.items("r", "?after=3").await;
        let done = items[0]["data"]["replies"]["count"] == 1
            && items[0]["data"]["reactions"][0]["users"] == json!(["mike"])
            && items[1]["data"]["content"] == "hello"
            && items[2]["data"]["deleted"]["by"] == "mike";
        done.then_some(items)
    });
    let items = done.await;
    let n = items[3]["data"]["n"].clone();
    eventually(async || {
        let told = house.others.notified();
        (told == [(json!("olga"), json!({"room": "r", "n": n}))]).then_some(())
    })
    .await;
    let thread = mona
        .get(&format!("/v1/rooms/r/threads/{root}"))
        .await
        .expect(200);
    assert_eq!(thread["items"][0]["data"]["n"], n);
    eventually(async || {
        let left = house
            .handles
            .kv
            .scan("chat", "pending/", None, 10)
            .await
            .unwrap();
        left.is_empty().then_some(())
    })
    .await;
    let text_is_gone = house
        .log("r")
        .await
        .iter()
        .all(|(record, _)| record.position.n != deleted);
    assert!(text_is_gone);
    let counts = house.user("olga").get("/v1/rooms").await.expect(200);
    assert_eq!(counts["items"][0]["mentions"], 1);
}

async fn the_same_message_after_a_lost_answer_is_one_message(house: House) {
    house.room("private", "r").await;
    let faults = Arc::new(Faults::default());
    let (_chat, app) = house.worker(settings(), faults.over(&house.handles)).await;
    let mike = house.user("mike").at(&app);
    let plain = json!({"content": "hello"});
    let mention = json!({"content": "hello @olga"});
    for (key, body, n) in [("plain", plain, 4), ("mention", mention, 5)] {
        faults.lost_answers.store(1, Ordering::SeqCst);
        mike.post_once(key, MESSAGES, &body)
            .await
            .refused(503, "unavailable");
        // The same worker and another one answer what the first would have.
        let again = mike.post_once(key, MESSAGES, &body).await.expect(201);
        assert_eq!(again["n"], n);
        let other = house.user("mike").post_once(key, MESSAGES, &body).await;
        assert_eq!(other.expect(201), again);
    }
    assert_eq!(house.log("r").await.len(), 5);
    assert_eq!(house.others.notified().len(), 1);
    assert_eq!(mike.say("r", "next").await, 6);
    let listed = house.user("olga").get("/v1/rooms").await.expect(200);
    assert_eq!(listed["items"][0]["unread"], 3);
}

async fn work_that_cannot_be_done_yet_holds_up_nothing_else(house: House) {
    house.room("private", "r").await;
    house.others.notify_away.store(true, Ordering::SeqCst);
    let mike = house.user("mike");
    // Whichever comes first in the sweep, others come after it.
    for turn in 0..8 {
        mike.say("r", &format!("@olga {turn}")).await;
    }
    let n = mike.say("r", "vote").await;
    let faults = Arc::new(Faults::default());
    let (_dead, app) = house.worker(settings(), faults.over(&house.handles)).await;
    faults.dies_after_append.store(true, Ordering::SeqCst);
    let reaction = format!("{MESSAGES}/{n}/reactions/x");
    mike.at(&app).put(&reaction, json!({})).await.expect(200);
    let (_alive, _app) = house.worker(eager(), house.handles.clone()).await;
    house.clock.advance(1);
    eventually(async || {
        let frame = mike.get(&format!("{MESSAGES}/{n}")).await.expect(200);
        frame["data"]["reactions"].is_array().then_some(())
    })
    .await;
    assert_eq!(house.others.notified(), []);
    house.others.notify_away.store(false, Ordering::SeqCst);
    eventually(async || (house.others.notified().len() == 8).then_some(())).await;
}

async fn two_workers_in_one_room_leave_no_holes(house: House) {
    house.room("private", "r").await;
    let (_chat, app) = house.worker(settings(), house.handles.clone()).await;
    let (here, there) = (house.user("mike"), house.user("mona").at(&app));
    let mut sent = Vec::new();
    for turn in 0..10 {
        let text = format!("{turn}");
        let (a, b, c, d) = tokio::join!(
            here.say("r", &text),
            there.say("r", &text),
            here.say("r", &text),
            there.say("r", &text)
        );
        sent.extend([a, b, c, d]);
    }
    sent.sort_unstable();
    assert_eq!(sent, (4..44).collect::<Vec<u64>>());
    let tallies = house.log("r").await;
    let counted: Vec<u64> = tallies[3..]
        .iter()
        .map(|(_record, entry)| entry.tally.unwrap().messages)
        .collect();
    assert_eq!(counted, (1..=40).collect::<Vec<u64>>());
}

async fn whoever_goes_away_in_the_middle_takes_nobody_along(house: House) {
    house.room("private", "r").await;
    let (mike, mona) = (house.user("mike"), house.user("mona"));
    for turn in 0..20 {
        let text = format!("{turn}");
        let leaving = async {
            tokio::select! {
                biased;
                _sent = mike.say("r", &text) => {}
                // Goes away at another step of it each time.
                () = async { for _step in 0..turn { tokio::task::yield_now().await; } } => {}
            }
        };
        let ((), _n) = tokio::join!(leaving, mona.say("r", "stays"));
    }
    let sent = eventually(async || {
        let items: Vec<Value> = mona.items("r", "?after=3&limit=200").await;
        (items.len() == 40).then_some(items)
    });
    let by_mike = sent
        .await
        .iter()
        .filter(|item| item["user"] == "mike")
        .count();
    assert_eq!(by_mike, 20);
}
