use fanfare_e2e::Server;
use serde_json::json;

#[tokio::test]
async fn an_expiring_token_is_refreshed_in_place() {
    let server = Server::start().await;
    let short = server
        .api()
        .mint(&json!({"user": "ann", "ttl_seconds": 60}))
        .await;
    let mut socket = server.upgrade("/ws/").bearer(&short).welcomed().await;
    socket.subscribe("user:ann", None).await;
    let expiring = socket.frame("token_expiring").await;
    assert!(
        expiring["data"]["expires_at"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );

    let others = server.api().token("bob").await;
    let refused = socket.ask(json!({"type": "auth", "token": others})).await;
    assert_eq!(refused["code"], "forbidden");
    let garbage = socket
        .ask(json!({"type": "auth", "token": "garbage"}))
        .await;
    assert_eq!(garbage["code"], "unauthorized");

    let fresh = server.api().token("ann").await;
    let answer = socket.ask(json!({"type": "auth", "token": fresh})).await;
    assert_eq!(
        (&answer["type"], &answer["user"]),
        (&json!("auth_response"), &json!("ann"))
    );
    assert!(answer["data"]["expires_at"].as_str() > expiring["data"]["expires_at"].as_str());
    // The session, and what it reads, is the same one.
    server.api().notify_numbered("ann", 1, 1).await;
    assert_eq!(socket.frame("notification").await["n"], 1);
}

#[tokio::test]
async fn a_token_that_ends_takes_its_session_with_it() {
    let server = Server::start().await;
    let short = server
        .api()
        .mint(&json!({"user": "ann", "ttl_seconds": 2}))
        .await;
    let mut socket = server.upgrade("/ws/").bearer(&short).welcomed().await;
    socket.frame("token_expiring").await;
    assert_eq!(socket.closed().await.code, 4001);
}
