//! Tokens of a backend that shares a secret, as Django's usual libraries sign them.

use fanfare_e2e::{Options, Server, forge};
use serde_json::{Value, json};

const SECRET: &str = "a secret of Django that is long enough for HS256";

async fn server() -> (Server, i64) {
    let server =
        Server::start_with(Options::default().variable("FANFARE_HS256_SECRET", SECRET)).await;
    let (_header, claims) = forge::open(&server.api().token("clock").await);
    let now = claims["iat"].as_i64().unwrap();
    (server, now)
}

fn sign(claims: &Value) -> String {
    forge::hs256(None, claims, SECRET.as_bytes())
}

#[tokio::test]
async fn the_user_is_found_in_the_usual_claims() {
    let (server, now) = server().await;
    for (claim, user, name) in [
        ("sub", json!("ann"), "ann"),
        ("id", json!(7), "7"),
        ("user_id", json!(8), "8"),
        ("user_id", json!("9"), "9"),
    ] {
        let token =
            sign(&json!({claim: user, "exp": now + 600, "token_type": "access", "jti": "x"}));
        let mut socket = server.upgrade("/ws/test/").query(&token).open().await;
        assert_eq!(
            socket.frame("welcome").await["data"]["user"],
            name,
            "{claim}"
        );
    }
}

#[tokio::test]
async fn a_token_without_what_it_needs_opens_nothing() {
    let (server, now) = server().await;
    let good = json!({"sub": "ann", "exp": now + 600});
    server.upgrade("/ws/").bearer(&sign(&good)).welcomed().await;
    let long = "x".repeat(129);
    let mut cases = vec![
        ("no exp", forge::with(&good, "exp", &Value::Null)),
        ("expired", forge::with(&good, "exp", &json!(now - 600))),
        (
            "exp is a text",
            forge::with(&good, "exp", &json!("tomorrow")),
        ),
        ("exp is negative", forge::with(&good, "exp", &json!(-1))),
        (
            "not valid yet",
            forge::with(&good, "nbf", &json!(now + 600)),
        ),
        (
            "issued in the future",
            forge::with(&good, "iat", &json!(now + 600)),
        ),
        ("no user", forge::with(&good, "sub", &Value::Null)),
        (
            "a refresh token",
            forge::with(&good, "type", &json!("refresh")),
        ),
        (
            "Django's refresh token",
            forge::with(&good, "token_type", &json!("refresh")),
        ),
        ("another issuer", forge::with(&good, "iss", &json!("evil"))),
        (
            "our own issuer's name",
            forge::with(&good, "iss", &json!("fanfare")),
        ),
        (
            "groups of another shape",
            forge::with(&good, "groups", &json!({"ops": true})),
        ),
        (
            "a group that is no id",
            forge::with(&good, "groups", &json!(["ops", "*"])),
        ),
        (
            "channels of another shape",
            forge::with(&good, "channels", &json!(["topic:x"])),
        ),
    ];
    for user in ["", " ", "a b", "*", ">", "a\0", "a/b", &long] {
        cases.push((
            "a user that is no id",
            forge::with(&good, "sub", &json!(user)),
        ));
    }
    for user in [json!({}), json!([]), json!(true), json!(1.5)] {
        cases.push(("a user of another shape", forge::with(&good, "sub", &user)));
    }
    for (name, claims) in cases {
        let mut socket = server.upgrade("/ws/").bearer(&sign(&claims)).open().await;
        assert_eq!(socket.closed().await.code, 4001, "{name}: {claims}");
    }
    let other = forge::hs256(None, &good, b"another secret that is long enough for HS256");
    let mut socket = server.upgrade("/ws/").bearer(&other).open().await;
    assert_eq!(socket.closed().await.code, 4001);
}

#[tokio::test]
async fn the_secret_may_be_in_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let path = file.path().to_str().unwrap();
    let server =
        Server::start_with(Options::default().variable("FANFARE_HS256_SECRET_FILE", path)).await;
    let (_header, claims) = forge::open(&server.api().token("clock").await);
    let token = sign(&json!({"sub": "ann", "exp": claims["exp"]}));
    let mut socket = server.upgrade("/ws/").bearer(&token).open().await;
    assert_eq!(socket.next().await.unwrap()["data"]["user"], "ann");
}

#[tokio::test]
async fn a_scope_of_somebody_else_makes_no_administrator() {
    let (server, now) = server().await;
    let claims =
        json!({"sub": "ann", "exp": now + 600, "scope": "admin tokens:mint notifications:publish"});
    let token = sign(&claims);
    let body = json!({"user": "bob"});
    for path in ["/v1/auth/tokens", "/v1/auth/revoke"] {
        let answer = server
            .api()
            .call(reqwest::Method::POST, path, &token, &[], &body)
            .await;
        assert!(
            [401, 403].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
}
