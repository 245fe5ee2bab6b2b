use fanfare_e2e::{Bystander, Server};
use serde_json::json;

#[tokio::test]
async fn a_revoked_user_loses_every_socket_and_cannot_come_back_with_the_old_token() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let token = server.api().token("ann").await;
    let mut first = server.upgrade("/ws/").bearer(&token).welcomed().await;
    let mut second = server
        .upgrade("/ws/notifications/")
        .bearer(&token)
        .welcomed()
        .await;
    let answer = server
        .api()
        .post("/v1/auth/revoke", &json!({"user": "ann"}))
        .await;
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    for socket in [&mut first, &mut second] {
        let told = socket.frame("disconnect").await;
        assert_eq!(told["data"]["code"], 4001, "{told}");
        assert_eq!(socket.closed().await.code, 4001);
    }
    let mut back = server.upgrade("/ws/").bearer(&token).open().await;
    assert_eq!(back.closed().await.code, 4001);
    bystander.still_served(&server).await;
}

#[tokio::test]
async fn a_revocation_outlives_a_crash() {
    let mut server = Server::start().await;
    let token = server.api().token("ann").await;
    let answer = server
        .api()
        .post("/v1/auth/revoke", &json!({"user": "ann"}))
        .await;
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    server.kill();
    server.start_again().await;
    let mut back = server.upgrade("/ws/").bearer(&token).open().await;
    assert_eq!(back.closed().await.code, 4001);
}

#[tokio::test]
async fn a_logout_closes_the_sockets_of_that_login_alone() {
    let server = Server::start().await;
    let api = server.api();
    let (stays, goes) = (api.login().await, api.login().await);
    let open = async |token: String| server.upgrade("/ws/").bearer(&token).welcomed().await;
    let mut staying = open(stays.text("/access_token")).await;
    let mut going = open(goes.text("/access_token")).await;
    let body = json!({"refresh_token": goes.text("/refresh_token")});
    let token = goes.text("/access_token");
    let answer = api
        .call(reqwest::Method::POST, "/v1/auth/logout", &token, &[], &body)
        .await;
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    assert_eq!(going.closed().await.code, 4001);
    assert_eq!(staying.ask(json!({"type": "ping"})).await["type"], "pong");
}
