use fanfare_e2e::{Server, Socket};
use reqwest::Method;
use serde_json::{Value, json};

async fn open(server: &Server, token: &str) -> Socket {
    let mut socket = server
        .upgrade("/ws/notifications/")
        .bearer(token)
        .welcomed()
        .await;
    let is_own = |frame: &Value| frame["type"] == "subscribed" && frame["channel"] == "user:ann";
    socket.find("the inbox", is_own).await;
    socket
}

/// Waits until `socket` has been told that `unread` are unread.
async fn told_unread(socket: &mut Socket, unread: u64) {
    let is_it = |frame: &Value| frame["type"] == "counts" && frame["data"]["unread"] == unread;
    socket.find("counts", is_it).await;
}

#[tokio::test]
async fn what_is_read_on_one_device_is_read_on_the_others() {
    let server = Server::start().await;
    let api = server.api();
    let token = api.token("ann").await;
    let mut phone = open(&server, &token).await;
    let mut laptop = open(&server, &token).await;
    api.notify_numbered("ann", 1, 3).await;
    told_unread(&mut phone, 3).await;
    told_unread(&mut laptop, 3).await;

    let read = json!({"type": "read", "channel": "user:ann", "n": 2});
    let answer = phone.ask(read).await;
    assert_eq!(
        (&answer["type"], &answer["data"]["counts"]["unread"]),
        (&json!("read_response"), &json!(1))
    );
    told_unread(&mut laptop, 1).await;

    let inbox = api.get("/v1/inbox?filter=unread", &token).await.is(200);
    let items = inbox.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["n"], &items[0]["read"]),
        (&json!(3), &json!(false))
    );
    let path = format!("/v1/inbox/{}/read", items[0]["id"].as_str().unwrap());
    let marked = api
        .call(Method::POST, &path, &token, &[], &Value::Null)
        .await;
    assert!((200..300).contains(&marked.status), "{}", marked.body);
    told_unread(&mut phone, 0).await;
    let counts = api.get("/v1/inbox/counts", &token).await.is(200);
    assert_eq!(counts.body["unread"], 0);
}

#[tokio::test]
async fn an_inbox_is_its_owners_alone() {
    let server = Server::start().await;
    let api = server.api();
    api.notify_numbered("ann", 1, 1).await;
    let ann = api.token("ann").await;
    let eve = api.token("eve").await;
    let own = api.get("/v1/inbox", &ann).await.is(200);
    let id = own.body["items"][0]["id"].as_str().unwrap().to_owned();
    let others = api.get("/v1/inbox", &eve).await.is(200);
    assert_eq!(others.body["items"], json!([]));
    let path = format!("/v1/inbox/{id}/read");
    api.call(Method::POST, &path, &eve, &[], &Value::Null)
        .await
        .is(404);
    api.get("/v1/inbox", "").await.is(401);
    api.get("/v1/inbox", "garbage").await.is(401);
}
