//! Who is present: in one process, and by gateways apart around a real broker.

use fanfare_e2e::{Api, DEADLINE, Fleet, Server, Socket, Upgrade};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Silent for so long, a gateway is gone.
const LEASE: Duration = Duration::from_secs(10);

async fn enter(api: &Api, upgrade: Upgrade, user: &str) -> Socket {
    let body = json!({"user": user, "channels": {"topic:lab": "rw"}});
    let token = api.mint(&body).await;
    let mut socket = upgrade.bearer(&token).welcomed().await;
    let frame = json!({"type": "subscribe", "channel": "topic:lab", "presence": true});
    assert_eq!(socket.ask(frame).await["type"], "subscribed");
    present(&mut socket).await;
    socket
}

/// Who is present, as the socket is told.
async fn present(socket: &mut Socket) -> Vec<String> {
    let frame = json!({"type": "presence", "channel": "topic:lab"});
    let answer = socket.ask(frame).await;
    assert_eq!(answer["type"], "presence_response", "{answer}");
    let users = answer["data"]["users"].as_array().unwrap();
    let name = |own: &Value| own["user"].as_str().unwrap().to_owned();
    users.iter().map(name).collect()
}

/// Who came and went until `last` did.
async fn edges(socket: &mut Socket, last: &str) -> Vec<String> {
    let mut edges: Vec<String> = Vec::new();
    while edges.last().is_none_or(|edge| edge != last) {
        let frame = socket.next().await.unwrap();
        let kind = frame["type"].as_str().unwrap();
        if ["joined", "left"].contains(&kind) {
            let user = frame["data"]["user"].as_str().unwrap();
            edges.push(format!("{kind} {user}"));
        }
    }
    edges
}

#[tokio::test]
async fn those_in_a_topic_see_who_comes_and_goes() {
    let server = Server::start().await;
    let mut ann = enter(server.api(), server.upgrade("/ws/"), "ann").await;
    let bob = enter(server.api(), server.upgrade("/ws/"), "bob").await;
    assert_eq!(edges(&mut ann, "joined bob").await, ["joined bob"]);
    bob.vanish();
    let mut bob = enter(server.api(), server.upgrade("/ws/"), "bob").await;
    assert_eq!(present(&mut bob).await, ["ann", "bob"]);
    let gone = Instant::now();
    bob.vanish();
    let _cy = enter(server.api(), server.upgrade("/ws/"), "cy").await;
    let seen = edges(&mut ann, "left bob").await;
    assert_eq!(seen, ["joined cy", "left bob"]);
    assert!(gone.elapsed() >= Duration::from_secs(3), "he might be back");
    let stranger = server.api().token("dan").await;
    let mut dan = server.upgrade("/ws/").bearer(&stranger).welcomed().await;
    let frame = json!({"type": "presence", "channel": "topic:lab"});
    assert_eq!(dan.ask(frame).await["code"], "forbidden");
}

#[tokio::test]
async fn a_killed_gateway_leaves_no_ghosts() {
    let fleet = Fleet::new();
    let auth = fleet.auth().await;
    let _notify = fleet.notify(&auth).await;
    let first = fleet.gateway(&auth).await;
    let mut second = fleet.gateway(&auth).await;
    let api = auth.api();
    let mut ann = enter(api, first.upgrade("/ws/"), "ann").await;
    let mut bob = enter(api, second.upgrade("/ws/"), "bob").await;
    let _cy = enter(api, second.upgrade("/ws/"), "cy").await;
    assert_eq!(
        edges(&mut ann, "joined cy").await,
        ["joined bob", "joined cy"]
    );
    assert_eq!(present(&mut bob).await, ["ann", "bob", "cy"]);
    let killed = Instant::now();
    second.process_mut().kill();
    let _bob = enter(api, first.upgrade("/ws/"), "bob").await;
    assert_eq!(edges(&mut ann, "left cy").await, ["left cy"]);
    assert!(killed.elapsed() < LEASE + DEADLINE / 2);
    assert_eq!(present(&mut ann).await, ["ann", "bob"]);
}
