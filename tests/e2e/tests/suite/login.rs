use fanfare_e2e::Server;
use serde_json::json;

#[tokio::test]
async fn a_login_opens_a_socket() {
    let server = Server::start().await;
    let login = server.api().login().await;
    assert_eq!(login.body["token_type"], "Bearer");
    assert!(login.body["expires_in"].as_u64().unwrap() > 0);
    let token = login.text("/access_token");
    let mut socket = server.upgrade("/ws/test/").bearer(&token).open().await;
    let welcome = socket.frame("welcome").await;
    assert_eq!(welcome["message"], "连接成功");
    for field in [
        "session",
        "node",
        "user",
        "heartbeat_interval_ms",
        "token_expires_at",
        "version",
    ] {
        assert!(
            !welcome["data"][field].is_null(),
            "{field} is missing in {welcome}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let server = Server::start().await;
    let mut answers = Vec::new();
    for username in ["admin", "nobody"] {
        let body = json!({"username": username, "password": "wrong"});
        let answer = server
            .api()
            .post_open("/v1/auth/login", &body)
            .await
            .is(401);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.body["code"], "unauthorized");
        answers.push(answer.body);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_takes_its_family_with_it() {
    let server = Server::start().await;
    let api = server.api();
    let first = api.login().await.text("/refresh_token");
    let refresh = async |token: &str| {
        let body = json!({"refresh_token": token});
        api.post_open("/v1/auth/refresh", &body).await
    };
    let second = refresh(&first).await.is(200).text("/refresh_token");
    let third = refresh(&second).await.is(200).text("/refresh_token");
    // A double submission a moment ago is no theft.
    refresh(&second).await.is(409);
    let fourth = refresh(&third).await.is(200).text("/refresh_token");
    // The first was spent long before: whoever shows it has stolen it, or was robbed of what came after.
    refresh(&first).await.is(401);
    refresh(&fourth).await.is(401);
}

#[tokio::test]
async fn what_is_asked_for_without_a_credential_is_refused() {
    let server = Server::start().await;
    let api = server.api();
    for (path, body) in [
        (
            "/v1/notifications",
            json!({"to": {"all": true}, "title": "x"}),
        ),
        ("/v1/publish", json!({"channel": "topic:x", "data": 1})),
        ("/v1/auth/tokens", json!({"user": "x"})),
        (
            "/v1/auth/api-keys",
            json!({"name": "x", "scopes": ["admin"]}),
        ),
        ("/v1/auth/revoke", json!({"user": "x"})),
    ] {
        let answer = api.post_open(path, &body).await.is(401);
        assert_eq!(answer.body["code"], "unauthorized", "{path}");
        let forged = api
            .call(reqwest::Method::POST, path, "ff_forged", &[], &body)
            .await;
        assert_eq!(forged.status, 401, "{path}");
        // The token of a user is no key of a backend.
        let token = api.token("somebody").await;
        let user = api
            .call(reqwest::Method::POST, path, &token, &[], &body)
            .await;
        assert!([401, 403].contains(&user.status), "{path}: {}", user.status);
    }
}
