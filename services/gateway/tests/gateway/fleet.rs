//! What administrators ask of all gateways over HTTP.

use crate::harness::{Answer, PATIENCE, Server, World};
use fanfare_bus::bus::Responder;
use fanfare_gateway::Settings;
use fanfare_proto::{
    subject,
    wire::{GatewayHere, SessionsReply},
};
use futures_util::FutureExt as _;
use prost::Message as _;
use serde_json::{Value, json};

fn named(node: &str) -> Settings {
    Settings {
        node: node.to_owned(),
        ..Settings::default()
    }
}

/// Two gateways that know of each other, and an administrator's token.
async fn two(world: &World) -> (Server, Server, String) {
    let one = Server::start(world, named("a")).await;
    let other = Server::start(world, named("b")).await;
    let admin = world.token_with("root", |identity| {
        identity.scopes = vec!["admin".to_owned()];
    });
    for server in [&one, &other] {
        until(server, &admin, |answer| answer.body["incomplete"] == false).await;
    }
    (one, other, admin)
}

/// Lists until the answer is as it must become.
async fn until(server: &Server, token: &str, is: impl Fn(&Answer) -> bool) -> Answer {
    let listed = async {
        loop {
            let answer = server.ask("GET", "/v1/fleet/sessions", token).await;
            if is(&answer) {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let listed = tokio::time::timeout(PATIENCE, listed).await;
    listed.expect("the list did not become so")
}

#[tokio::test]
async fn the_sessions_of_all_gateways_are_listed_the_newest_first() {
    let world = World::new().await;
    let (one, other, admin) = two(&world).await;
    let mut ids = Vec::new();
    let mut clients = Vec::new();
    for (server, path, user) in [
        (&one, "/ws/", "7"),
        (&other, "/ws/test/", "7"),
        (&other, "/ws/", "8"),
    ] {
        let mut client = server.connect(path, &world.token(user)).await;
        let welcome = client.next_of("welcome").await;
        ids.push(welcome["data"]["session"].clone());
        clients.push(client);
    }
    let all = one.ask("GET", "/v1/fleet/sessions", &admin).await;
    assert_eq!(all.status, 200, "{}", all.body);
    assert_eq!(
        (&all.body["total"], &all.body["incomplete"]),
        (&json!(3), &json!(false))
    );
    let items = all.body["items"].as_array().unwrap();
    let times: Vec<&str> = items
        .iter()
        .filter_map(|item| item["connected_at"].as_str())
        .collect();
    assert_eq!(times.len(), 3);
    assert!(
        times.is_sorted_by(|newer, older| newer >= older),
        "{times:?}"
    );

    let path = "/v1/fleet/sessions?user=7";
    for server in [&one, &other] {
        let mine = server.ask("GET", path, &admin).await.body;
        let find = |id: &Value| {
            mine["items"]
                .as_array()
                .unwrap()
                .iter()
                .find(|item| item["session"] == *id)
        };
        let first = find(&ids[0]).unwrap();
        assert_eq!(first["node"], "a");
        let second = find(&ids[1]).unwrap();
        assert_eq!(second["node"], "b");
        assert_eq!(second["path"], "/ws/test/");
        assert_eq!(second["address"], "127.0.0.1");
        assert!(find(&ids[2]).is_none(), "{mine}");
    }
    let some = one
        .ask("GET", "/v1/fleet/sessions?limit=2", &admin)
        .await
        .body;
    assert_eq!(some["items"].as_array().unwrap().len(), 2);
    assert_eq!(some["total"], 3);
    let newest = &all.body["items"][0]["connected_at"];
    assert_eq!(&some["items"][0]["connected_at"], newest);
}

#[tokio::test]
async fn a_session_is_ended_wherever_it_is_and_is_told_why() {
    let world = World::new().await;
    let (one, other, admin) = two(&world).await;
    let mut far = other.connect("/ws/", &world.token("7")).await;
    let welcome = far.next_of("welcome").await;
    let mut near = one.connect("/ws/", &world.token("7")).await;
    near.next_of("welcome").await;
    let path = format!(
        "/v1/fleet/sessions/{}",
        welcome["data"]["session"].as_str().unwrap()
    );
    assert_eq!(one.ask("DELETE", &path, &admin).await.status, 204);
    let goodbye = far.next_of("disconnect").await;
    assert_eq!(goodbye["data"]["reconnect"], false);
    assert_eq!(far.closed().await, 4040);
    near.send(&json!({"type": "ping"})).await;
    near.next_of("pong").await;

    let again = one.ask("DELETE", &path, &admin).await;
    assert_eq!(
        (again.status, &again.body["code"]),
        (404, &json!("not_found"))
    );
    let nonsense = one.ask("DELETE", "/v1/fleet/sessions/..%2f", &admin).await;
    assert_eq!(nonsense.status, 404);
}

#[tokio::test]
async fn a_node_drains_where_it_is_named_and_no_other_does() {
    let world = World::new().await;
    let (one, other, admin) = two(&world).await;
    let nobody = one.ask("POST", "/v1/fleet/nodes/c/drain", &admin).await;
    assert_eq!(nobody.status, 404, "{}", nobody.body);
    assert_eq!(
        one.ask("POST", "/v1/fleet/nodes/b/drain", &admin)
            .await
            .status,
        202
    );
    tokio::time::timeout(PATIENCE, other.gateway.drain_asked())
        .await
        .expect("the node was not asked");
    assert!(one.gateway.drain_asked().now_or_never().is_none());
    // The one that answers.
    assert_eq!(
        one.ask("POST", "/v1/fleet/nodes/a/drain", &admin)
            .await
            .status,
        202
    );
    assert!(one.gateway.drain_asked().now_or_never().is_some());
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_is_named() {
    let world = World::new().await;
    let (one, _other, admin) = two(&world).await;
    let here = GatewayHere {
        node: "silent".to_owned(),
        ..GatewayHere::default()
    };
    let bus = &world.handles.bus;
    bus.publish(subject::GATEWAY_HERE, here.encode_to_vec().into())
        .await
        .unwrap();
    let listed = until(&one, &admin, |answer| answer.body["incomplete"] == true).await;
    assert_eq!(listed.body["missing"], json!(["silent"]));
    let path = format!("/v1/fleet/sessions/{}", "0".repeat(24));
    let unknown = one.ask("DELETE", &path, &admin).await;
    assert_eq!(unknown.status, 503, "{}", unknown.body);
    assert!(unknown.body["detail"].as_str().unwrap().contains("silent"));

    // It answers, as a gateway of an older version does.
    let responder: Responder = Box::new(|_message| {
        let reply = SessionsReply {
            node: "silent".to_owned(),
            ..SessionsReply::default()
        };
        Box::pin(std::future::ready(reply.encode_to_vec().into()))
    });
    let served = bus.serve(subject::GATEWAY_SESSIONS, None, responder).await;
    let _serving = served.unwrap();
    let listed = one.ask("GET", "/v1/fleet/sessions", &admin).await;
    assert_eq!(listed.body["incomplete"], false, "{}", listed.body);
}

#[tokio::test]
async fn only_administrators_may_ask() {
    let world = World::new().await;
    let server = Server::start(&world, named("a")).await;
    let token = world.token("7");
    let session = format!("/v1/fleet/sessions/{}", "0".repeat(24));
    for (method, path) in [
        ("GET", "/v1/fleet/sessions?user=7"),
        ("DELETE", &session),
        ("POST", "/v1/fleet/nodes/a/drain"),
    ] {
        let refused = server.ask(method, path, &token).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (403, &json!("forbidden")),
            "{path}"
        );
        assert_eq!(
            server.ask(method, path, "nonsense").await.status,
            401,
            "{path}"
        );
    }
    assert!(server.gateway.drain_asked().now_or_never().is_none());
    let admin = world.token_with("root", |identity| {
        identity.scopes = vec!["admin".to_owned()];
    });
    for query in ["user=a%20b", "limit=0", "limit=201", "limit=x"] {
        let wrong = server
            .ask("GET", &format!("/v1/fleet/sessions?{query}"), &admin)
            .await;
        assert_eq!(
            (wrong.status, &wrong.body["code"]),
            (400, &json!("bad_message")),
            "{query}"
        );
    }
}
