use fanfare_e2e::{Bystander, Server};
use serde_json::json;

/// What would be a wildcard, a separator, a path or an end of text to something behind the edge.
fn not_ids() -> Vec<String> {
    let mut names: Vec<String> = [
        "", " ", "*", ">", "a b", "a*", "a>", "a\0", "\0", "a/b", "../x", "a\\b", "a\nb", "a\tb",
        "é", "a%00", "a,b", "a~b", "a=b", "a'b", "a\"b", "$SYS", "{}", "😀",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(129));
    names
}

#[tokio::test]
async fn names_that_are_no_ids_are_refused_everywhere() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let token = server
        .api()
        .mint(&json!({"user": "ann", "channels": {"topic:*": "rw"}}))
        .await;
    let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    for name in not_ids() {
        for kind in ["user", "group", "room", "topic"] {
            let channel = format!("{kind}:{name}");
            let answer = socket
                .ask_patiently(json!({"type": "subscribe", "channel": channel}))
                .await;
            assert_eq!(answer["type"], "error", "{channel:?}: {answer}");
            assert_eq!(answer["code"], "bad_message", "{channel:?}: {answer}");
        }
        let minted = server
            .api()
            .post("/v1/auth/tokens", &json!({"user": name}))
            .await;
        assert_eq!(
            (minted.status, &minted.body["code"]),
            (400, &json!("bad_message")),
            "{name:?}"
        );
        for to in ["users", "groups", "topics"] {
            let body = json!({"to": {to: [name]}, "title": "x"});
            let answer = server.api().post("/v1/notifications", &body).await;
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (400, &json!("bad_message")),
                "{to} {name:?}"
            );
        }
        let body = json!({"channel": format!("topic:{name}"), "data": 1});
        let answer = server.api().post("/v1/publish", &body).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!("bad_message")),
            "{name:?}"
        );
    }
    for channel in ["all.x", "user", "*", ">", "log.>", "ALL"] {
        let frame = json!({"type": "subscribe", "channel": channel});
        assert_eq!(
            socket.ask_patiently(frame).await["code"],
            "bad_message",
            "{channel}"
        );
    }
    let frame = json!({"type": "subscribe"});
    assert_eq!(socket.ask_patiently(frame).await["code"], "bad_message");
    bystander.still_served(&server).await;
}

#[tokio::test]
async fn names_with_every_character_of_an_id_stay_apart() {
    let server = Server::start().await;
    let users = [
        "a.b",
        "a",
        "a.b.c",
        "a:b",
        "a@b",
        "a-b_c",
        "A.B",
        "7",
        &"x".repeat(128),
    ];
    let mut sockets = Vec::new();
    for user in users {
        let token = server.api().token(user).await;
        let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
        socket.subscribe(&format!("user:{user}"), None).await;
        sockets.push(socket);
    }
    for user in users {
        server
            .api()
            .notify(&json!({"to": {"users": [user]}, "title": user}))
            .await;
    }
    for (user, socket) in users.iter().zip(&mut sockets) {
        let frame = socket.frame("notification").await;
        assert_eq!(frame["data"]["title"], *user);
        assert_eq!(frame["n"], 1, "nobody else's came before it");
    }
}

#[tokio::test]
async fn nobody_reads_what_is_not_his() {
    let server = Server::start().await;
    let token = server
        .api()
        .mint(&json!({"user": "ann", "groups": ["ops"]}))
        .await;
    let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    for channel in [
        "user:bob",
        "user:ANN",
        "group:dev",
        "topic:any",
        "system:metrics",
    ] {
        for frame in [
            json!({"type": "subscribe", "channel": channel}),
            json!({"type": "history", "channel": channel}),
            json!({"type": "publish", "channel": channel, "data": 1}),
        ] {
            let answer = socket.ask_patiently(frame.clone()).await;
            assert_eq!(answer["code"], "forbidden", "{frame}: {answer}");
        }
    }
    for channel in ["user:ann", "group:ops", "all"] {
        let frame = json!({"type": "publish", "channel": channel, "data": 1});
        assert_eq!(
            socket.ask_patiently(frame).await["code"],
            "forbidden",
            "{channel}"
        );
    }
}
