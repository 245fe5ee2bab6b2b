use fanfare_e2e::{Ending, RawSocket, Server, frame};

#[tokio::test]
async fn the_probes_and_figures_are_on_the_admin_port_alone() {
    let server = Server::start().await;
    let token = server.api().token("ann").await;
    let _socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(server.api().admin_status(path).await, Some(200), "{path}");
    }
    let metrics = server.api().metrics().await;
    assert!(metrics.contains("fanfare_"), "{metrics}");
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(
            server.api().get(path, "").await.status,
            404,
            "{path} is public"
        );
    }
}

#[tokio::test]
async fn the_interface_describes_itself() {
    let server = Server::start().await;
    let answer = server.api().get("/openapi.json", "").await.is(200);
    assert!(answer.text("/openapi").starts_with("3.1"));
    for path in [
        "/v1/notifications",
        "/v1/publish",
        "/v1/auth/login",
        "/v1/auth/tokens",
    ] {
        assert!(
            !answer.body["paths"][path]["post"].is_null(),
            "{path} is missing"
        );
    }
    let keys = server.api().get("/.well-known/jwks.json", "").await.is(200);
    assert!(!keys.body["keys"].as_array().unwrap().is_empty());
    for key in keys.body["keys"].as_array().unwrap() {
        assert!(key["d"].is_null(), "a private key is public");
    }
}

#[tokio::test]
async fn what_is_counted_while_it_lives_is_gone_when_it_is_gone() {
    let server = Server::start().await;
    let api = server.api();
    let token = api.token("ann").await;
    let mut sockets = Vec::new();
    for _ in 0..4 {
        let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
        socket.subscribe("user:ann", None).await;
        sockets.push(socket);
    }
    api.until_figure("fanfare_gateway_connections", 4).await;
    api.until_figure("fanfare_gateway_channels", 1).await;
    sockets.pop().unwrap().close().await;
    sockets.pop().unwrap().vanish();
    let mut raw = RawSocket::open(&server, "/ws/", &token, 0).await;
    assert_eq!(
        raw.ending_while_writing(&frame(0x82, b"x")).await,
        Ending::Code(1003)
    );
    drop(raw);
    api.until_figure("fanfare_gateway_connections", 2).await;
    api.until_figure("fanfare_gateway_channels", 1).await;
    drop(sockets);
    api.until_figure("fanfare_gateway_connections", 0).await;
    api.until_figure("fanfare_gateway_channels", 0).await;
}
