use fanfare_e2e::{RawSocket, Server, Socket};
use serde_json::json;

#[tokio::test]
async fn a_drain_tells_every_client_when_to_return_and_ends_with_nothing_lost() {
    let mut server = Server::start().await;
    let token = server.api().token("ann").await;
    let mut clients: Vec<Socket> = Vec::new();
    for _ in 0..5 {
        clients.push(server.upgrade("/ws/").bearer(&token).welcomed().await);
    }
    let cursor = clients[0].subscribe("user:ann", None).await["cursor"].clone();
    // It neither reads nor closes, so the drain waits for it while this test looks on.
    let _dawdler = RawSocket::open(&server, "/ws/", &token, 0).await;
    let api = server.api().clone();
    let body = json!({"to": {"users": ["ann"]}, "title": "1"});
    let id = api.notify(&body).await["id"].as_str().unwrap().to_owned();
    clients[0].frame("notification").await;

    server.terminate();
    api.until_status("/readyz", 503).await;
    assert_eq!(
        api.admin_status("/livez").await,
        Some(200),
        "it is alive until it ends"
    );
    for client in &mut clients {
        let told = client.frame("disconnect").await;
        assert_eq!(told["data"]["code"], 1012, "{told}");
        assert_eq!(told["data"]["reconnect"], true, "{told}");
        assert!(
            told["data"]["retry_after_ms"].as_u64().unwrap() > 0,
            "{told}"
        );
        assert_eq!(client.closed().await.code, 1012);
    }
    // Whoever is told to leave is told after the door was shut.
    let late = server.upgrade("/ws/").bearer(&token).try_open().await;
    assert!(late.is_err(), "an upgrade was taken during the drain");
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0));
    let log = server.stderr();
    assert!(!log.contains("could not be kept"), "{log}");
    // The dawdler keeps it for longer than it says nothing.
    assert!(log.contains("still draining sessions="), "{log}");

    server.start_again().await;
    let mut back = server.upgrade("/ws/").bearer(&token).welcomed().await;
    back.subscribe("user:ann", cursor.as_str()).await;
    assert_eq!(back.frame("notification").await["n"], 1);
    // What was written right before the end was reported and kept.
    let path = format!("/v1/notifications/{id}?user=ann");
    let trail = server.api().get(&path, api.key()).await.is(200).body;
    let delivered = trail["addressees"][0]["delivered"].as_array().unwrap();
    assert!(delivered.iter().any(|one| one["how"] == "live"), "{trail}");
}

#[tokio::test]
async fn an_idle_server_ends_at_once_and_cleanly() {
    let mut server = Server::start().await;
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_publish_that_was_answered_before_the_end_is_there_after_it() {
    let mut server = Server::start().await;
    let token = server.api().token("ann").await;
    let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    let cursor = socket.subscribe("user:ann", None).await["cursor"].clone();
    let api = server.api().clone();
    let publishing = async {
        let mut accepted = 0;
        for number in 1..=10_000_u64 {
            let body = json!({"to": {"users": ["ann"]}, "title": number.to_string()});
            match api.try_post("/v1/notifications", &body).await {
                Some(answer) if answer.status == 202 => accepted = number,
                _ => break,
            }
        }
        accepted
    };
    let ending = async {
        // Only once publishing is under way.
        socket.frame("notification").await;
        server.terminate();
    };
    let (accepted, ()) = tokio::join!(publishing, ending);
    assert_eq!(server.ended().await.code(), Some(0));
    server.start_again().await;
    let mut back = server.upgrade("/ws/").bearer(&token).welcomed().await;
    back.subscribe("user:ann", cursor.as_str()).await;
    for number in 1..=accepted {
        assert_eq!(
            back.frame("notification").await["data"]["title"],
            number.to_string()
        );
    }
}
