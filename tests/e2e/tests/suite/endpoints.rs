use fanfare_e2e::{Options, Server};
use serde_json::json;

const PATHS: [&str; 10] = [
    "/ws/test/",
    "/ws/test",
    "/ws/notifications/",
    "/ws/notifications",
    "/ws/notification/",
    "/ws/notification",
    "/ws/chat/",
    "/ws/chat",
    "/ws/",
    "/ws",
];

#[tokio::test]
async fn every_endpoint_takes_a_token_in_every_place() {
    let server = Server::start().await;
    let token = server.api().token("ann").await;
    for path in PATHS {
        let upgrade = || server.upgrade(path);
        let by_frame = async {
            let mut socket = upgrade().open().await;
            socket.send(&json!({"type": "auth", "token": token})).await;
            assert_eq!(socket.frame("auth_response").await["user"], "ann");
            socket
        };
        let mut sockets = [
            upgrade().bearer(&token).open().await,
            upgrade().query(&token).open().await,
            upgrade().subprotocol(&token).open().await,
            by_frame.await,
        ];
        assert_eq!(sockets[2].protocol(), Some("fanfare.v1"));
        for socket in &mut sockets {
            let welcome = socket.frame("welcome").await;
            assert_eq!(welcome["data"]["user"], "ann", "{path}");
            assert_eq!(
                socket.ask(json!({"type": "ping"})).await["type"],
                "pong",
                "{path}"
            );
        }
        for socket in sockets {
            socket.close().await;
        }
    }
}

#[tokio::test]
async fn the_header_counts_before_the_other_places() {
    let server = Server::start().await;
    let token = server.api().token("ann").await;
    let upgrade = server.upgrade("/ws/").query(&token).bearer("nonsense");
    assert_eq!(upgrade.open().await.closed().await.code, 4001);
}

#[tokio::test]
async fn before_it_is_signed_in_a_client_gets_nothing_else() {
    let server = Server::start().await;
    let mut socket = server.upgrade("/ws/test/").open().await;
    let answer = socket.ask(json!({"type": "ping"})).await;
    assert_eq!(
        (&answer["type"], &answer["code"]),
        (&json!("error"), &json!("unauthorized"))
    );
}

#[tokio::test]
async fn who_does_not_sign_in_is_closed() {
    let hurried = Options::default().arguments(&["--auth-timeout-seconds", "1"]);
    let server = Server::start_with(hurried).await;
    let mut socket = server.upgrade("/ws/test/").open().await;
    let closed = socket.closed().await;
    assert_eq!(
        (closed.code, closed.reason.as_str()),
        (4008, "no auth frame in time")
    );
}

#[tokio::test]
async fn a_plain_request_to_an_endpoint_is_told_what_it_is() {
    let server = Server::start().await;
    let answer = server.api().get("/ws/test/", "").await.is(426);
    assert_eq!(answer.body["code"], "bad_message");
}
