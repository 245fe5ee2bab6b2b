use fanfare_e2e::{Bystander, Server};
use serde_json::json;

#[tokio::test]
async fn a_page_of_a_foreign_origin_is_turned_away() {
    let server = Server::start().await;
    let token = server.api().token("ann").await;
    for origin in [
        "https://evil.example",
        "null",
        "http://127.0.0.1.evil.example",
    ] {
        let mut socket = server
            .upgrade("/ws/")
            .bearer(&token)
            .origin(origin)
            .open()
            .await;
        assert_eq!(socket.closed().await.code, 4003, "{origin}");
    }
    let own = format!("http://{}", server.authority());
    server
        .upgrade("/ws/")
        .bearer(&token)
        .origin(&own)
        .welcomed()
        .await;
}

#[tokio::test]
async fn a_user_has_twenty_connections_and_gets_a_place_back() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let token = server.api().token("ann").await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(server.upgrade("/ws/").bearer(&token).welcomed().await);
    }
    let mut one_more = server.upgrade("/ws/").bearer(&token).open().await;
    assert_eq!(one_more.closed().await.code, 4030);
    for socket in &mut sockets {
        assert_eq!(socket.ask(json!({"type": "ping"})).await["type"], "pong");
    }
    sockets.pop().unwrap().close().await;
    server.upgrade("/ws/").bearer(&token).welcomed().await;
    bystander.still_served(&server).await;
}

#[tokio::test]
async fn a_connection_reads_a_bounded_number_of_channels() {
    let server = Server::start().await;
    let token = server
        .api()
        .mint(&json!({"user": "ann", "channels": {"topic:*": "r"}}))
        .await;
    let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    let mut answer = json!(null);
    for number in 0..=128 {
        let frame = json!({"type": "subscribe", "channel": format!("topic:{number}")});
        answer = socket.ask_patiently(frame).await;
        if number < 128 {
            assert_eq!(answer["type"], "subscribed", "{number}: {answer}");
        }
    }
    assert_eq!(
        (&answer["type"], &answer["code"]),
        (&json!("error"), &json!("rate_limited"))
    );
    let left = socket
        .ask_patiently(json!({"type": "unsubscribe", "channel": "topic:5"}))
        .await;
    assert_eq!(left["type"], "unsubscribed");
    let again = socket
        .ask_patiently(json!({"type": "subscribe", "channel": "topic:128"}))
        .await;
    assert_eq!(again["type"], "subscribed");
}
