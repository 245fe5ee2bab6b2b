use fanfare_e2e::{Ending, RawSocket, Server};
use serde_json::{Value, json};

/// Enough that the queue of a client that does not read is full long before the end, whatever the kernel takes.
const COUNT: u64 = 120;
const DATA_BYTES: usize = 48 * 1024;

async fn open(server: &Server, user: &str, since: Option<&str>) -> RawSocket {
    let token = server
        .api()
        .mint(&json!({"user": user, "groups": ["all-hands"]}))
        .await;
    let mut raw = RawSocket::open(server, "/ws/", &token, 8 * 1024).await;
    let mut frame = json!({"type": "subscribe", "channel": "group:all-hands", "id": "s"});
    if let Some(since) = since {
        frame["since"] = json!(since);
    }
    raw.text(&frame.to_string()).await;
    loop {
        let text = raw.next_text().await.unwrap();
        if text.contains("\"subscribed\"") {
            return raw;
        }
    }
}

/// The ordinals that come until `COUNT` or the end, and the cursor of the last of them.
async fn read(
    raw: &mut RawSocket,
    seen: &mut Vec<u64>,
    cursor: &mut Option<String>,
) -> Option<Ending> {
    while seen.last() != Some(&COUNT) {
        match raw.next_text().await {
            Ok(text) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == "notification" {
                    seen.push(frame["n"].as_u64().unwrap());
                    *cursor = frame["cursor"].as_str().map(str::to_owned);
                }
            }
            Err(ending) => return Some(ending),
        }
    }
    None
}

#[tokio::test]
async fn who_stops_reading_hurts_nobody_else_and_gets_the_rest_later() {
    let server = Server::start().await;
    let mut slow = open(&server, "slow", None).await;
    let mut quick = open(&server, "quick", None).await;
    let data = "x".repeat(DATA_BYTES);
    let publishing = async {
        for number in 1..=COUNT {
            let body =
                json!({"to": {"groups": ["all-hands"]}, "title": number.to_string(), "data": data});
            server.api().notify(&body).await;
        }
    };
    let (mut quick_seen, mut quick_cursor) = (Vec::new(), None);
    let reading = read(&mut quick, &mut quick_seen, &mut quick_cursor);
    let ((), ending) = tokio::join!(publishing, reading);
    assert_eq!(ending, None, "the one who reads is not closed");
    assert_eq!(quick_seen, (1..=COUNT).collect::<Vec<_>>());

    let (mut seen, mut cursor) = (Vec::new(), None);
    let ending = read(&mut slow, &mut seen, &mut cursor).await;
    // A peer that does not take its goodbye in time gets none, but the reason is counted.
    assert!(
        matches!(ending, Some(Ending::Code(4010) | Ending::Cut)),
        "{ending:?}"
    );
    let closed = "fanfare_gateway_connections_closed_total{code=\"4010\"}";
    server.api().until_figure(closed, 1).await;
    let mut back = open(&server, "slow", cursor.clone().as_deref()).await;
    assert_eq!(read(&mut back, &mut seen, &mut cursor).await, None);
    assert_eq!(seen, (1..=COUNT).collect::<Vec<_>>());
}
