use fanfare_e2e::{Bystander, Ending, RawSocket, Server, frame};
use serde_json::json;

const TEXT: u8 = 0x81;
const TEXT_FIRST: u8 = 0x01;
const CONTINUATION: u8 = 0x00;
const LAST: u8 = 0x80;

/// Sends `bytes` on a connection of its own and says how the server ended it.
async fn ending_of(server: &Server, bytes: &[u8]) -> Ending {
    let token = server.api().token("abuser").await;
    let mut raw = RawSocket::open(server, "/ws/", &token, 0).await;
    raw.ending_while_writing(bytes).await
}

#[tokio::test]
async fn what_is_no_websocket_is_closed_with_its_code_and_nobody_else_notices() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let ping = br#"{"type":"ping"}"#;
    let big = vec![b'x'; 10 * 1024 * 1024];
    let mut unmasked = vec![TEXT, u8::try_from(ping.len()).unwrap()];
    unmasked.extend_from_slice(ping);
    let half = vec![b'x'; 40 * 1024];
    for (name, bytes, code) in [
        ("binary", frame(0x82, b"\x00\x01"), 1003),
        ("bad utf-8", frame(TEXT, b"{\"type\":\"\xff\"}"), 1007),
        ("utf-8 cut off", frame(TEXT, b"\xe2\x82"), 1007),
        ("unmasked", unmasked, 1002),
        ("rsv1 without an extension", frame(0xc1, ping), 1002),
        ("unknown opcode", frame(0x83, ping), 1002),
        ("fragmented ping", frame(0x09, b"x"), 1002),
        ("ping of 126 bytes", frame(0x89, &[1; 126]), 1002),
        ("continuation of nothing", frame(LAST, ping), 1002),
        ("10 MB", frame(TEXT, &big), 1009),
        (
            "10 MB announced",
            vec![TEXT, 0xff, 0, 0, 0, 0, 0, 0x98, 0x96, 0x80],
            1009,
        ),
        (
            "too long",
            vec![TEXT, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            1009,
        ),
        (
            "64th bit",
            vec![TEXT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            1002,
        ),
        (
            "too large in fragments",
            [frame(TEXT_FIRST, &half), frame(LAST, &half)].concat(),
            1009,
        ),
        (
            "interleaved",
            [frame(TEXT_FIRST, b"{"), frame(TEXT, ping)].concat(),
            1002,
        ),
        ("close of one byte", frame(0x88, b"\x03"), 1002),
        ("close 1005", frame(0x88, b"\x03\xed"), 1002),
        ("http", b"GET / HTTP/1.1\r\n\r\n".to_vec(), 1002),
    ] {
        assert_eq!(
            ending_of(&server, &bytes).await,
            Ending::Code(code),
            "{name}"
        );
        bystander.still_served(&server).await;
    }
}

#[tokio::test]
async fn endless_empty_fragments_end() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let mut bytes = frame(TEXT_FIRST, b"");
    bytes.extend(frame(CONTINUATION, b"").repeat(10_000));
    assert_eq!(ending_of(&server, &bytes).await, Ending::Code(1009));
    bystander.still_served(&server).await;
}

#[tokio::test]
async fn a_message_in_fragments_is_a_message() {
    let server = Server::start().await;
    let token = server.api().token("ann").await;
    let mut raw = RawSocket::open(&server, "/ws/", &token, 0).await;
    let mut bytes = Vec::new();
    for (first, part) in [
        (TEXT_FIRST, "{\"type\":"),
        (CONTINUATION, "\"ping\",\"id\""),
        (LAST, ":\"f\"}"),
    ] {
        bytes.extend(frame(first, part.as_bytes()));
        bytes.extend(frame(0x89, b"between"));
    }
    // A byte at a time, as the worst network would.
    for byte in bytes {
        raw.write(&[byte]).await;
    }
    loop {
        let text = raw.next_text().await.unwrap();
        if text.contains("\"pong\"") {
            assert!(text.contains("\"id\":\"f\""), "{text}");
            break;
        }
    }
}

#[tokio::test]
async fn what_is_no_message_is_answered_and_the_session_goes_on() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let token = server.api().token("ann").await;
    let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    let deep = format!(
        r#"{{"type":"echo","content":{}{}}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    let objects = format!(
        r#"{{"type":"echo","content":{}1{}}}"#,
        "{\"a\":".repeat(9_000),
        "}".repeat(9_000)
    );
    let long_id = format!(r#"{{"type":"ping","id":"{}"}}"#, "x".repeat(65));
    for (text, code) in [
        ("", "bad_json"),
        ("not json", "bad_json"),
        ("{\"type\":\"ping\"", "bad_json"),
        ("{\"type\":\"ping\"} {}", "bad_json"),
        ("[]", "bad_json"),
        ("[{\"type\":\"ping\"}]", "bad_json"),
        ("\"ping\"", "bad_json"),
        ("null", "bad_json"),
        ("7", "bad_json"),
        (&deep, "bad_json"),
        (&objects, "bad_json"),
        ("{}", "bad_message"),
        ("{\"type\":null}", "bad_message"),
        ("{\"type\":[\"ping\"]}", "bad_message"),
        (&long_id, "bad_message"),
        ("{\"type\":\"echo\"}", "bad_message"),
        ("{\"type\":\"chat\",\"content\":{}}", "bad_message"),
        ("{\"type\":\"\"}", "unknown_type"),
        ("{\"type\":\"PING\"}", "unknown_type"),
        ("{\"type\":\"welcome\"}", "unknown_type"),
        ("{\"type\":\"__proto__\"}", "unknown_type"),
    ] {
        socket.send_text(text).await;
        let error = socket.frame("error").await;
        assert_eq!(
            error["code"],
            code,
            "{}",
            text.chars().take(60).collect::<String>()
        );
    }
    assert_eq!(socket.ask(json!({"type": "ping"})).await["type"], "pong");
    bystander.still_served(&server).await;
}

#[tokio::test]
async fn half_open_connections_and_half_requests_hurt_nobody() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let token = server.api().token("abuser").await;
    let mut kept = Vec::new();
    for _ in 0..10 {
        let mut raw = RawSocket::open(&server, "/ws/", &token, 0).await;
        raw.write(&frame(TEXT, &vec![b'x'; 60_000])[..30_000]).await;
        kept.push(raw);
    }
    bystander.still_served(&server).await;
    drop(kept);
    bystander.still_served(&server).await;
}
