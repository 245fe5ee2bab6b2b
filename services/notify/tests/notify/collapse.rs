use crate::house::House;
use serde_json::json;

#[tokio::test]
async fn only_the_newest_with_a_collapse_key_stays() {
    let house = House::open().await;
    let token = house.token("7", &[]);
    let publish = |title: &str, users: &[&str], key: &str| {
        house.publish(json!({"to": {"users": users}, "title": title, "collapse_key": key}))
    };
    let first = publish("one", &["7", "8"], "build").await.expect(202);
    publish("other", &["7"], "deploy").await.expect(202);
    publish("two", &["7"], "build").await.expect(202);
    let third = publish("three", &["7"], "build").await.expect(202);
    assert_eq!(house.titles("user:7").await, ["other", "three"]);
    assert_eq!(house.titles("user:8").await, ["one"]);
    assert_eq!(third["appended"], json!([{"channel": "user:7", "n": 4}]));
    let counts = house.get("/v1/inbox/counts", &token).await.expect(200);
    assert_eq!(counts["unread"], 2);
    let trail = house.trail(first["id"].as_str().unwrap(), "").await;
    assert_eq!(trail["channels"][0]["status"], "collapsed");
    assert_eq!(trail["channels"][1]["status"], "stored");
    let codes: Vec<_> = trail["addressees"]
        .as_array()
        .unwrap()
        .iter()
        .map(|addressee| addressee["not_delivered"]["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["collapsed", "never_connected"]);
}

#[tokio::test]
async fn within_a_batch_the_last_one_stays() {
    let house = House::open().await;
    let items: Vec<_> = (0..10)
        .map(|index| json!({"to": {"all": true}, "title": index.to_string(), "collapse_key": "k"}))
        .collect();
    house.publish(json!(items)).await.expect(202);
    assert_eq!(house.titles("all").await, ["9"]);
}

#[tokio::test]
async fn many_workers_at_once_leave_the_newest() {
    let house = House::open().await;
    let (_second, app) = house.worker(house.handles.clone()).await;
    let calls = (0..20).map(|index| {
        let app = if index % 2 == 0 { &house.app } else { &app };
        let body = json!({"to": {"all": true}, "title": "t", "collapse_key": "k"});
        crate::house::call(
            app,
            "POST",
            "/v1/notifications",
            &house.publisher,
            &[],
            body.to_string(),
        )
    });
    for answer in futures_util::future::join_all(calls).await {
        answer.expect(202);
    }
    let left: Vec<u64> = house
        .log("all")
        .await
        .iter()
        .map(|(record, _entry)| record.position.n)
        .collect();
    assert_eq!(left, [20]);
}
