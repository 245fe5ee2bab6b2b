use fanfare_e2e::{Server, forge};
use fanfare_proto::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_scheduled_notification_outlives_a_crash_and_one_that_was_cancelled_never_comes() {
    let mut server = Server::start().await;
    let api = server.api().clone();
    let token = api.token("ann").await;
    // Far enough for the crash to come first, near enough to wait for.
    let (_header, claims) = forge::open(&token);
    let due = Timestamp::from_ms((claims["iat"].as_i64().unwrap() + 4) * 1_000).to_string();
    let mut ids = Vec::new();
    for title in ["cancelled", "kept"] {
        let body = json!({"to": {"users": ["ann"]}, "title": title, "deliver_at": due});
        let accepted = api.notify(&body).await;
        assert_eq!(accepted["status"], "scheduled", "{accepted}");
        ids.push(accepted["id"].as_str().unwrap().to_owned());
    }
    let path = format!("/v1/notifications/{}", ids[0]);
    let cancelled = api
        .call(Method::DELETE, &path, api.key(), &[], &Value::Null)
        .await;
    assert!((200..300).contains(&cancelled.status), "{}", cancelled.body);
    server.kill();
    server.start_again().await;
    let open = async || server.upgrade("/ws/").bearer(&token).welcomed().await;
    // From the very beginning, so that it does not matter how soon the server was back.
    let head = open().await.subscribe("user:ann", None).await["cursor"].clone();
    let epoch = head.as_str().unwrap().split('.').next().unwrap().to_owned();
    let mut socket = open().await;
    socket
        .subscribe("user:ann", Some(&format!("{epoch}.0.0")))
        .await;
    let frame = socket.frame("notification").await;
    assert_eq!(
        (&frame["data"]["title"], &frame["n"]),
        (&json!("kept"), &json!(1))
    );
    server
        .api()
        .notify(&json!({"to": {"users": ["ann"]}, "title": "next"}))
        .await;
    let frame = socket.frame("notification").await;
    assert_eq!(
        (&frame["data"]["title"], &frame["n"]),
        (&json!("next"), &json!(2))
    );
}
