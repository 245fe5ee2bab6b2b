use fanfare_e2e::{Api, Server, until};
use serde_json::{Value, json};

async fn addressee(api: &Api, id: &str) -> Value {
    let trail = api
        .get(&format!("/v1/notifications/{id}"), api.key())
        .await
        .is(200);
    trail.body["addressees"][0].clone()
}

#[tokio::test]
async fn the_trail_names_the_session_that_got_it_and_when_it_was_acknowledged() {
    let server = Server::start().await;
    let api = server.api();
    let token = api.token("ann").await;
    let mut socket = server.upgrade("/ws/").bearer(&token).open().await;
    let session = socket.frame("welcome").await["data"]["session"].clone();
    socket.subscribe("user:ann", None).await;
    let accepted = api
        .notify(&json!({"to": {"users": ["ann"]}, "title": "x"}))
        .await;
    let id = accepted["id"].as_str().unwrap();
    socket.frame("notification").await;
    socket.send(&json!({"type": "ack", "id": id})).await;
    let acked = async || {
        let ann = addressee(api, id).await;
        // He is connected: whatever is still under way, this would be a lie.
        assert_ne!(ann["not_delivered"]["code"], "never_connected", "{ann}");
        let known = !ann["acked_at"].is_null() && !ann["delivered"][0].is_null();
        known.then_some(ann)
    };
    let ann = until("the acknowledgement is in the trail", acked).await;
    assert_eq!(ann["user"], "ann");
    assert_eq!(ann["delivered"][0]["session"], session, "{ann}");
    assert_eq!(ann["delivered"][0]["how"], "live", "{ann}");
    assert!(ann["not_delivered"].is_null(), "{ann}");
}

#[tokio::test]
async fn the_trail_says_why_somebody_did_not_get_it_until_he_did() {
    let server = Server::start().await;
    let api = server.api();
    let accepted = api
        .notify(&json!({"to": {"users": ["ann"]}, "title": "x"}))
        .await;
    let id = accepted["id"].as_str().unwrap();
    let away = addressee(api, id).await;
    assert_eq!(away["not_delivered"]["code"], "never_connected", "{away}");
    assert!(away["not_delivered"]["reason"].is_string(), "{away}");

    let token = api.token("ann").await;
    let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
    let head = socket.subscribe("user:ann", None).await["cursor"].clone();
    let epoch = head.as_str().unwrap().split('.').next().unwrap();
    let begin = format!("{epoch}.0.0");
    socket.subscribe("user:ann", Some(&begin)).await;
    socket.frame("notification").await;
    let delivered = async || {
        let ann = addressee(api, id).await;
        ann["not_delivered"].is_null().then_some(ann)
    };
    let ann = until("the replay is in the trail", delivered).await;
    assert_eq!(ann["delivered"][0]["how"], "replay", "{ann}");
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
