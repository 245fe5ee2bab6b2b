use fanfare_e2e::{Bystander, Ending, RawSocket, Server, frame};
use serde_json::{Value, json};

#[tokio::test]
async fn who_is_a_little_too_fast_is_told_when_to_go_on() {
    let server = Server::start().await;
    let token = server.api().token("ann").await;
    let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    for _ in 0..60 {
        socket.send(&json!({"type": "ping"})).await;
    }
    let error = socket.frame("error").await;
    assert_eq!(error["code"], "rate_limited");
    assert!(error["data"]["retry_after_ms"].as_u64().unwrap() > 0);
    let pong = socket.ask_patiently(json!({"type": "ping"})).await;
    assert_eq!(pong["type"], "pong", "a hint is no end");
}

#[tokio::test]
async fn a_flood_is_closed_and_drowns_nobody() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let token = server.api().token("flood").await;
    for payload in [&br#"{"type":"ping"}"#[..], b"not json", b"{}"] {
        let mut raw = RawSocket::open(&server, "/ws/", &token, 0).await;
        let flood = frame(0x81, payload).repeat(5_000);
        let ending = raw.ending_while_writing(&flood).await;
        assert_eq!(ending, Ending::Code(4029));
        bystander.still_served(&server).await;
    }
}

#[tokio::test]
async fn a_flood_of_pings_of_the_protocol_is_survived() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let token = server.api().token("flood").await;
    let raw = RawSocket::open(&server, "/ws/", &token, 4 * 1024).await;
    // Nobody reads the pongs: what is queued for this client stays bounded, whatever becomes of it.
    for _ in 0..20 {
        raw.write_some(&frame(0x89, &[7; 125]).repeat(1_000));
        bystander.still_served(&server).await;
    }
}

#[tokio::test]
async fn an_error_never_carries_internals() {
    let server = Server::start().await;
    let token = server.api().token("ann").await;
    let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    for text in [
        "{",
        "[1]",
        r#"{"type":7}"#,
        r#"{"type":"nope"}"#,
        r#"{"type":"echo"}"#,
    ] {
        socket.send_text(text).await;
        let error: Value = socket.frame("error").await;
        let message = error["message"].as_str().unwrap();
        for internal in [
            "line ", "column", "serde", "src/", ".rs", "panicked", "Error(",
        ] {
            assert!(
                !message.contains(internal),
                "{text} was answered {message:?}"
            );
        }
    }
}
