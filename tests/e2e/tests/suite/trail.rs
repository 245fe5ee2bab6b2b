use fanfare_e2e::{Server, Socket};
use serde_json::{Value, json};

/// What the trail says of `user` for notification `id`, once `settled` holds. Gateways report within a moment.
async fn addressee(
    server: &Server,
    id: &str,
    user: &str,
    settled: impl Fn(&Value) -> bool,
) -> Value {
    let path = format!("/v1/notifications/{id}?user={user}");
    let key = server.api().key().to_owned();
    let ask = async {
        loop {
            let trail = server.api().get(&path, &key).await.is(200);
            let addressee = trail.body["addressees"][0].clone();
            if settled(&addressee) {
                return addressee;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), ask)
        .await
        .expect("the trail never said so")
}

async fn notify(server: &Server, user: &str, title: &str) -> String {
    let accepted = server
        .api()
        .notify(&json!({"to": {"users": [user]}, "title": title}))
        .await;
    accepted["id"].as_str().unwrap().to_owned()
}

async fn inbox(server: &Server, user: &str, since: &str) -> Socket {
    let token = server.api().token(user).await;
    let path = format!("/ws/notifications/?since={since}");
    let mut socket = server.upgrade(&path).bearer(&token).welcomed().await;
    // What was missed may come before the other channels are followed.
    let own = format!("user:{user}");
    let is_own = |frame: &Value| frame["type"] == "subscribed" && frame["channel"] == own.as_str();
    socket.find("the inbox", is_own).await;
    socket
}

#[tokio::test]
async fn the_trail_tells_who_got_it_when_and_why_the_others_did_not() {
    let server = Server::start().await;
    let mut socket = inbox(&server, "ann", "").await;
    let session = {
        let first = notify(&server, "ann", "live").await;
        let frame = socket.frame("notification").await;
        socket.send(&json!({"type": "ack", "id": first})).await;
        let ann = addressee(&server, &first, "ann", |ann| !ann["delivered"][0].is_null()).await;
        assert_eq!(ann["delivered"][0]["how"], "live", "{ann}");
        assert_eq!(ann["not_delivered"], Value::Null);
        let cursor = frame["cursor"].as_str().unwrap().to_owned();
        (ann["delivered"][0]["session"].clone(), cursor)
    };
    let (session, cursor) = session;
    socket.close().await;

    let missed = notify(&server, "ann", "missed").await;
    let away = |ann: &Value| ann["not_delivered"]["code"] == "not_connected_since";
    addressee(&server, &missed, "ann", away).await;
    let mut back = inbox(&server, "ann", &format!("user:ann~{cursor}")).await;
    assert_eq!(back.frame("notification").await["data"]["title"], "missed");
    let ann = addressee(&server, &missed, "ann", |ann| {
        !ann["delivered"][0].is_null()
    })
    .await;
    assert_eq!(ann["delivered"][0]["how"], "replay", "{ann}");
    assert_ne!(ann["delivered"][0]["session"], session);

    let unseen = notify(&server, "bob", "unseen").await;
    let never = |bob: &Value| bob["not_delivered"]["code"] == "never_connected";
    let bob = addressee(&server, &unseen, "bob", never).await;
    assert_eq!(bob["delivered"], json!([]));
}

#[tokio::test]
async fn the_trail_is_for_publishers() {
    let server = Server::start().await;
    let api = server.api();
    let accepted = api
        .notify(&json!({"to": {"users": ["ann"]}, "title": "x"}))
        .await;
    let path = format!("/v1/notifications/{}", accepted["id"].as_str().unwrap());
    let token = api.token("ann").await;
    assert!([401, 403].contains(&api.get(&path, &token).await.status));
    api.get(&path, "").await.is(401);
    api.get("/v1/notifications/nothing-like-it", api.key())
        .await
        .is(404);
}
