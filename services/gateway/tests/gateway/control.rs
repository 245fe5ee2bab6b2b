//! What ends sessions, what answers from outside, and what is refused at the door.

use crate::harness::{PATIENCE, Server, World};
use bytes::Bytes;
use fanfare_bus::Message;
use fanfare_gateway::Settings;
use fanfare_proto::{
    subject,
    wire::{
        CustomReply, CustomRequest, DrainCommand, KickCommand, Reply, SessionBatch, SessionsReply,
        SessionsRequest,
    },
};
use fanfare_tokens::Revocation;
use futures_util::FutureExt as _;
use prost::Message as _;
use serde_json::json;
use std::{pin::Pin, time::Duration};
use tokio::sync::mpsc;

#[tokio::test]
async fn a_revoked_token_closes_its_sockets_and_no_others() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut revoked = server.connect("/ws/", &world.token("7")).await;
    let mut other = server.connect("/ws/", &world.token("8")).await;
    revoked.next_of("welcome").await;
    other.next_of("welcome").await;
    let revocation = Revocation::Token("t-7".to_owned());
    revocation
        .publish(&*world.handles.kv, 60_000)
        .await
        .unwrap();
    assert_eq!(revoked.closed().await, 4001);
    other.send(&json!({"type": "ping"})).await;
    other.next_of("pong").await;
    let mut again = server.connect("/ws/", &world.token("7")).await;
    assert_eq!(again.closed().await, 4001);
}

#[tokio::test]
async fn an_operator_removes_a_user() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    client.next_of("welcome").await;
    let kick = KickCommand {
        user: "7".to_owned(),
        ..KickCommand::default()
    };
    world
        .handles
        .bus
        .publish(subject::GATEWAY_KICK, kick.encode_to_vec().into())
        .await
        .unwrap();
    let goodbye = client.next_of("disconnect").await;
    assert_eq!(goodbye["data"]["reconnect"], false);
    assert_eq!(client.closed().await, 4040);
}

#[tokio::test]
async fn a_drain_command_reaches_the_node_that_it_names() {
    let world = World::new().await;
    let named = |node: &str| Settings {
        node: node.to_owned(),
        ..Settings::default()
    };
    let meant = Server::start(&world, named("a")).await;
    let other = Server::start(&world, named("b")).await;
    let command = DrainCommand {
        node: "a".to_owned(),
    };
    world
        .handles
        .bus
        .publish(subject::GATEWAY_DRAIN, command.encode_to_vec().into())
        .await
        .unwrap();
    let asked = tokio::time::timeout(PATIENCE, meant.gateway.drain_asked());
    asked.await.expect("the node was not asked");
    assert!(other.gateway.drain_asked().now_or_never().is_none());
}

#[tokio::test]
async fn a_custom_name_reaches_a_handler_outside_the_gateway() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/test/", &world.token("7")).await;
    client.next_of("welcome").await;
    client
        .send(&json!({"type": "custom", "id": "1", "name": "price"}))
        .await;
    assert_eq!(client.next_of("error").await["code"], "unavailable");
    let responder = |message: Message| -> Pin<Box<dyn Future<Output = Bytes> + Send>> {
        let request = CustomRequest::decode(message.payload).unwrap();
        let data = json!({"for": request.caller.unwrap().user, "sent": 41});
        let reply = CustomReply {
            data: data.to_string().into(),
            message: "here".to_owned(),
        };
        Box::pin(std::future::ready(Reply::ok(&reply).encode_to_vec().into()))
    };
    let _serving = world
        .handles
        .bus
        .serve(&subject::custom("price"), Some("p"), Box::new(responder))
        .await
        .unwrap();
    client
        .send(&json!({"type": "custom", "id": "2", "name": "price", "data": 41}))
        .await;
    let answer = client.next_of("custom_response").await;
    assert_eq!(
        (&answer["id"], &answer["message"]),
        (&json!("2"), &json!("here"))
    );
    assert_eq!(answer["data"], json!({"for": "7", "sent": 41}));
}

#[tokio::test]
async fn rooms_without_a_chat_service_are_unavailable_at_once() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/chat/", &world.token("7")).await;
    client.next_of("welcome").await;
    assert_eq!(
        client.subscribe("room:1", None).await["code"],
        "unavailable"
    );
}

#[tokio::test]
async fn a_user_has_so_many_connections_and_no_more() {
    let world = World::new().await;
    let settings = Settings {
        connections_per_user: 2,
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut first = server.connect("/ws/", &world.token("7")).await;
    let mut second = server.connect("/ws/", &world.token("7")).await;
    first.next_of("welcome").await;
    second.next_of("welcome").await;
    let mut third = server.connect("/ws/", &world.token("7")).await;
    assert_eq!(third.closed().await, 4030);
    let mut other = server.connect("/ws/", &world.token("8")).await;
    other.next_of("welcome").await;
}

#[tokio::test]
async fn node_figures_reach_those_who_may_see_them() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let token = world.token_with("7", |identity| {
        identity.scopes = vec!["system:read".to_owned()];
    });
    let mut client = server.connect("/ws/test/", &token).await;
    client.subscribe("system:metrics", None).await;
    let figures = client.next_of("system_info").await;
    assert_eq!(figures["channel"], "system:metrics");
    assert_eq!(figures["data"]["connections"], 1);
    assert!(figures["data"]["memory_total_bytes"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_drain_tells_everybody_when_to_return() {
    let world = World::new().await;
    let settings = Settings {
        drain_window: Some(Duration::from_millis(200)),
        ..Settings::default()
    };
    let server = Server::start(&world, settings).await;
    let mut clients = Vec::new();
    for user in ["7", "8", "9"] {
        let mut client = server.connect("/ws/", &world.token(user)).await;
        client.next_of("welcome").await;
        clients.push(client);
    }
    assert_eq!(server.gateway.ready().await, Ok(()));
    let told = async {
        for client in &mut clients {
            let goodbye = client.next_of("disconnect").await;
            assert_eq!(goodbye["data"]["code"], 1012);
            assert!(goodbye["data"]["retry_after_ms"].as_u64().unwrap() >= 500);
            assert_eq!(client.closed().await, 1012);
        }
    };
    tokio::join!(server.gateway.drain(), told);
    assert!(server.gateway.ready().await.is_err());
}

#[tokio::test]
async fn a_drain_ends_once_its_last_reports_are_kept() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let (kept, mut reports) = mpsc::channel(16);
    let keep = move |message: Message| -> Pin<Box<dyn Future<Output = Bytes> + Send>> {
        let kept = kept.clone();
        Box::pin(async move {
            let batch = SessionBatch::decode(message.payload).unwrap();
            // As a store that is busy does.
            tokio::time::sleep(Duration::from_millis(200)).await;
            for report in batch.sessions {
                kept.send(report.ended_at_ms).await.unwrap();
            }
            Bytes::new()
        })
    };
    let bus = &world.handles.bus;
    let served = bus.serve(subject::NOTIFY_SESSIONS, Some("notify"), Box::new(keep));
    let _serving = served.await.unwrap();
    let mut client = server.connect("/ws/", &world.token("7")).await;
    client.next_of("welcome").await;
    tokio::join!(server.gateway.drain(), client.closed());
    let mut last_ms = 0;
    while let Ok(ended_at_ms) = reports.try_recv() {
        last_ms = ended_at_ms;
    }
    assert!(last_ms > 0, "the end of the session was not kept");
}

#[tokio::test]
async fn the_trail_can_ask_what_a_session_was_sent() {
    let world = World::new().await;
    let server = Server::start(&world, Settings::default()).await;
    let mut client = server.connect("/ws/", &world.token("7")).await;
    world.notify("user:7", "before").await;
    client.subscribe("user:7", None).await;
    world.notify("user:7", "live").await;
    client.titles(1).await;
    client.send(&json!({"type": "ping"})).await;
    client.next_of("pong").await;
    let request = SessionsRequest {
        user: "7".to_owned(),
        ..SessionsRequest::default()
    };
    let answers = world
        .handles
        .bus
        .gather(
            subject::GATEWAY_SESSIONS,
            request.encode_to_vec().into(),
            Duration::from_secs(5),
            1,
        )
        .await
        .unwrap();
    let reply = SessionsReply::decode(answers[0].clone()).unwrap();
    let coverage = &reply.sessions[0].coverage[0];
    assert_eq!((coverage.from_n, coverage.replayed_n), (1, 1));
    assert_eq!(coverage.channel, "user:7");
    assert!(coverage.upto_n >= 1);
}
