use fanfare_e2e::Server;
use serde_json::{Value, json};

#[tokio::test]
async fn the_five_types_of_the_test_page_are_answered() {
    let server = Server::start().await;
    let token = server
        .api()
        .mint(&json!({"user": "7", "name": "Ann"}))
        .await;
    let mut socket = server.upgrade("/ws/test/").bearer(&token).welcomed().await;

    let pong = socket.ask(json!({"type": "ping"})).await;
    assert_eq!(pong["type"], "pong");
    assert!(pong["data"]["server_time"].as_str().unwrap().ends_with('Z'));

    for content in [
        json!("héllo \"you\" 😀"),
        json!({"deep": [1, null, 2.50]}),
        json!(7),
    ] {
        let echo = socket
            .ask(json!({"type": "echo", "content": content}))
            .await;
        assert_eq!(echo["type"], "echo_response");
        assert_eq!(echo["message"], content);
        assert_eq!(echo["user"], "7");
    }

    let chat = socket.ask(json!({"type": "chat", "content": "你好"})).await;
    assert_eq!(chat["type"], "chat_response");
    assert!(chat["message"].as_str().unwrap().contains("你好"));
    assert_eq!(chat["data"]["original_message"], "你好");
    assert!(!chat["data"]["user"].is_null());

    let info = socket.ask(json!({"type": "system_info"})).await;
    assert_eq!(info["type"], "system_info_response");
    for field in [
        "node",
        "hostname",
        "os",
        "kernel",
        "cpu_cores",
        "cpu_percent",
        "memory_total_bytes",
        "memory_used_bytes",
        "load_1m",
        "uptime_seconds",
        "process_rss_bytes",
        "connections",
    ] {
        assert!(
            !info["data"][field].is_null(),
            "{field} is missing in {info}"
        );
    }
    assert_eq!(info["data"]["connections"], 1);

    let custom = socket
        .ask(json!({"type": "custom", "data": {"a": [1, 2]}}))
        .await;
    assert_eq!(custom["type"], "custom_response");
    assert_eq!(custom["data"]["data"], json!({"a": [1, 2]}));
}

#[tokio::test]
async fn echo_gives_back_the_very_bytes() {
    let server = Server::start().await;
    let token = server.api().token("7").await;
    let mut socket = server.upgrade("/ws/test/").bearer(&token).welcomed().await;
    let content = "x".repeat(60_000);
    let echo = socket
        .ask(json!({"type": "echo", "content": content}))
        .await;
    assert_eq!(echo["message"].as_str(), Some(content.as_str()));
}

#[tokio::test]
async fn a_custom_name_that_nobody_serves_is_unavailable() {
    let server = Server::start().await;
    let token = server.api().token("7").await;
    let mut socket = server.upgrade("/ws/test/").bearer(&token).welcomed().await;
    let answer = socket
        .ask(json!({"type": "custom", "name": "nobody-serves-this"}))
        .await;
    assert_eq!(
        (&answer["type"], &answer["code"]),
        (&json!("error"), &json!("unavailable"))
    );
}

#[tokio::test]
async fn the_words_are_in_the_language_asked_for() {
    let server = Server::start().await;
    let token = server.api().token("7").await;
    for (path, words) in [
        ("/ws/test/", "心跳响应"),
        ("/ws/notifications/", "心跳响应"),
        ("/ws/", "heartbeat answer"),
        ("/ws/test/?lang=en", "heartbeat answer"),
        ("/ws/?lang=zh", "心跳响应"),
    ] {
        let mut socket = server.upgrade(path).bearer(&token).welcomed().await;
        let pong: Value = socket.ask(json!({"type": "ping"})).await;
        assert_eq!(pong["message"], words, "{path}");
    }
}
