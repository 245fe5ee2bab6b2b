use crate::{
    gate::Control,
    house::{House, settings},
};
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};

fn titles(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    let title = |item: &Value| item["title"].as_str().unwrap().to_owned();
    items.iter().map(title).collect()
}

/// Publishes `title` a second after the last one.
async fn tell(house: &House, to: Value, title: &str) {
    house.clock.advance(1_000);
    house
        .publish(json!({"to": to, "title": title}))
        .await
        .expect(202);
}

#[tokio::test]
async fn own_groups_and_all_are_merged_newest_first() {
    let house = House::open().await;
    tell(&house, json!({"users": ["7"]}), "a").await;
    tell(&house, json!({"all": true}), "b").await;
    tell(&house, json!({"groups": ["ops"]}), "c").await;
    tell(&house, json!({"users": ["8"]}), "not mine").await;
    tell(&house, json!({"groups": ["dev"]}), "not mine").await;
    tell(&house, json!({"users": ["7"]}), "d").await;
    let token = house.token("7", &["ops"]);
    let page = house.get("/v1/inbox", &token).await.expect(200);
    assert_eq!(titles(&page), ["d", "c", "b", "a"]);
    assert_eq!(page.get("next_cursor"), None);
    let item = &page["items"][1];
    assert_eq!(item["channel"], "group:ops");
    assert_eq!(
        (&item["n"], &item["read"], &item["archived"]),
        (&json!(1), &json!(false), &json!(false))
    );
}

#[tokio::test]
async fn pages_do_not_shift_while_things_come_in() {
    let house = House::open().await;
    let token = house.token("7", &["ops", "quiet"]);
    for index in 0..30 {
        let to = match index % 3 {
            0 => json!({"users": ["7"]}),
            1 => json!({"groups": ["ops"]}),
            _ => json!({"all": true}),
        };
        tell(&house, to, &index.to_string()).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/inbox?limit=7".to_owned();
    for page in 0.. {
        assert!(page < 6, "the pages do not end");
        let page = house.get(&path, &token).await.expect(200);
        seen.extend(titles(&page));
        tell(&house, json!({"users": ["7"]}), "new").await;
        tell(&house, json!({"groups": ["quiet"]}), "new").await;
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/inbox?limit=7&cursor={cursor}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..30).rev().map(|index| index.to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn one_notification_on_several_channels_is_one_item() {
    let house = House::open().await;
    let token = house.token("7", &["ops"]);
    tell(&house, json!({"users": ["7"]}), "before").await;
    tell(
        &house,
        json!({"users": ["7"], "groups": ["ops"], "all": true}),
        "both",
    )
    .await;
    let page = house.get("/v1/inbox", &token).await.expect(200);
    assert_eq!(titles(&page), ["both", "before"]);
    assert_eq!(page["items"][0]["channel"], "user:7");
    let counts = house.get("/v1/inbox/counts", &token).await.expect(200);
    assert_eq!(
        (&counts["unread"], &counts["by_channel"]),
        (&json!(2), &json!({"user:7": 2}))
    );
    let id = page["items"][0]["id"].as_str().unwrap();
    let change = house
        .post(&format!("/v1/inbox/{id}/read"), &token, "")
        .await
        .expect(200);
    assert_eq!(change["marks"].as_array().unwrap().len(), 3);
    assert_eq!(change["counts"]["unread"], 1);
    let page = house
        .get("/v1/inbox?filter=unread", &token)
        .await
        .expect(200);
    assert_eq!(titles(&page), ["before"]);
}

#[tokio::test]
async fn filters_and_limits_are_checked() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "filter=some",
        "cursor=x",
        "cursor=..%2F",
    ] {
        let problem = house
            .get(&format!("/v1/inbox?{query}"), &token)
            .await
            .expect(400);
        assert_eq!(problem["code"], "bad_message", "{query}");
    }
    house
        .get("/v1/inbox?limit=200&other=1", &token)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_long_inbox_is_counted_as_at_least() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    let items: Vec<Value> = (0..1_000)
        .map(|_index| json!({"to": {"users": ["7"]}, "title": "t", "msg_type": "m"}))
        .collect();
    house.publish(json!(items)).await.expect(202);
    let counts = house.get("/v1/inbox/counts", &token).await.expect(200);
    assert_eq!(
        (&counts["unread"], counts.get("at_least")),
        (&json!(1_000), None)
    );
    house.tell("7", "one more").await;
    let counts = house.get("/v1/inbox/counts", &token).await.expect(200);
    assert_eq!(
        (&counts["unread"], &counts["at_least"]),
        (&json!(1_000), &json!(true))
    );
    assert_eq!(counts["by_type"], json!({"m": 999, "other": 1}));
}

#[tokio::test]
async fn many_passed_over_entries_do_not_end_the_pages() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    let old = house.tell("7", "old").await;
    let items: Vec<Value> = (0..1_000)
        .map(|_index| json!({"to": {"users": ["7"]}, "title": "t"}))
        .collect();
    house.publish(json!(items)).await.expect(202);
    house
        .post("/v1/inbox/read-all", &token, "")
        .await
        .expect(200);
    house
        .post(&format!("/v1/inbox/{old}/unread"), &token, "")
        .await
        .expect(200);
    let page = house
        .get("/v1/inbox?filter=unread", &token)
        .await
        .expect(200);
    assert_eq!(titles(&page), [""; 0]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let path = format!("/v1/inbox?filter=unread&cursor={cursor}");
    let page = house.get(&path, &token).await.expect(200);
    assert_eq!(titles(&page), ["old"]);
    assert_eq!(page.get("next_cursor"), None);
}

#[tokio::test]
async fn only_so_many_inboxes_are_counted_at_once() {
    let control = Arc::new(Control::default());
    let house = House::open_through(settings(), |handles| control.over(handles)).await;
    house.tell("u1", "t").await;
    control.heads_together.store(32, Ordering::SeqCst);
    let tokens: Vec<String> = (0..60)
        .map(|user| house.token(&format!("u{user}"), &[]))
        .collect();
    let counts = tokens
        .iter()
        .map(|token| house.get("/v1/inbox/counts", token));
    let answers = futures_util::future::join_all(counts).await;
    let unread: u64 = answers
        .into_iter()
        .map(|answer| answer.expect(200)["unread"].as_u64().unwrap())
        .sum();
    assert_eq!(unread, 1);
    assert_eq!(control.heads_most.load(Ordering::SeqCst), 32);
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    for _burst in 0..40 {
        house.get("/v1/inbox/counts", &token).await.expect(200);
    }
    for (method, path) in [
        ("GET", "/v1/inbox"),
        ("GET", "/v1/inbox/counts"),
        ("POST", "/v1/inbox/read-all"),
    ] {
        let answer = crate::house::call(&house.app, method, path, &token, &[], "").await;
        assert_eq!(answer.headers["retry-after"], "1", "{path}");
        assert_eq!(answer.expect(429)["code"], "rate_limited", "{path}");
    }
    let other = house.token("8", &[]);
    house.get("/v1/inbox/counts", &other).await.expect(200);
    house.clock.advance(50);
    house.get("/v1/inbox/counts", &token).await.expect(200);
    house.get("/v1/inbox/counts", &token).await.expect(429);
}

#[tokio::test]
async fn counts_say_which_channels_they_are_of() {
    let house = House::open().await;
    let mut bases = Vec::new();
    for groups in [&["ops", "dev"][..], &["dev", "ops"], &["ops"], &[]] {
        let token = house.token("7", groups);
        let counts = house.get("/v1/inbox/counts", &token).await.expect(200);
        bases.push(counts["basis"].as_str().unwrap().to_owned());
    }
    assert_eq!(bases[0], bases[1]);
    bases.remove(0);
    bases.sort();
    bases.dedup();
    assert_eq!(bases.len(), 3);
}
