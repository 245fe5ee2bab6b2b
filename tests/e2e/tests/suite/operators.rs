//! What operators do to gateways in processes apart: end sessions, drain a node.

use crate::apart::Apart;
use fanfare_bus::{Handles, nats};
use fanfare_e2e::{Fleet, until};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::{
    subject,
    wire::{DrainCommand, KickCommand},
};
use prost::Message as _;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn a_revocation_and_a_kick_reach_every_gateway_within_a_second() {
    let apart = Apart::start().await;
    let second = Duration::from_secs(1);
    let mut clients = [apart.connect(0, "ann").await, apart.connect(1, "ann").await];
    let bus = bus(&apart.fleet).await;
    let kick = KickCommand {
        user: "ann".to_owned(),
        ..KickCommand::default()
    };
    let begun = Instant::now();
    let sent = bus
        .bus
        .publish(subject::GATEWAY_KICK, kick.encode_to_vec().into());
    sent.await.unwrap();
    for client in &mut clients {
        assert_eq!(client.closed().await.code, 4040);
    }
    assert!(begun.elapsed() < second, "{:?}", begun.elapsed());

    let mut clients = [apart.connect(0, "ann").await, apart.connect(1, "ann").await];
    let begun = Instant::now();
    let body = json!({"user": "ann"});
    apart
        .auth
        .api()
        .post("/v1/auth/revoke", &body)
        .await
        .is(204);
    for client in &mut clients {
        assert_eq!(client.closed().await.code, 4001);
    }
    assert!(begun.elapsed() < second, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_drain_command_ends_the_gateway_that_it_names_and_no_other() {
    let mut apart = Apart::start().await;
    let token = apart.auth.api().token("ann").await;
    let upgrade = apart.gateways[0].upgrade("/ws/").bearer(&token);
    let mut client = upgrade.open().await;
    let welcome = client.frame("welcome").await;
    let mut other = apart.connect(1, "ann").await;
    let command = DrainCommand {
        node: welcome["data"]["node"].as_str().unwrap().to_owned(),
    };
    let bus = bus(&apart.fleet).await;
    bus.bus
        .publish(subject::GATEWAY_DRAIN, command.encode_to_vec().into())
        .await
        .unwrap();
    let goodbye = client.frame("disconnect").await;
    assert_eq!(goodbye["data"]["reconnect"], true);
    assert_eq!(client.closed().await.code, 1012);
    let ended = apart.gateways[0].process_mut().ended().await;
    assert!(ended.success(), "{ended}");
    assert_eq!(other.ask(json!({"type": "ping"})).await["type"], "pong");
}

#[tokio::test]
async fn an_administrator_lists_ends_and_drains_across_gateways() {
    let mut apart = Apart::start().await;
    let mut far = apart.connect(1, "ann").await;
    let mut near = apart.connect(0, "ann").await;
    let api = apart.gateways[0].api().clone();
    let path = "/v1/fleet/sessions?user=ann";
    let whole = async || {
        let listed = api.get(path, api.key()).await.is(200).body;
        (listed["incomplete"] == false && listed["total"] == 2).then_some(listed)
    };
    let listed = until("a list of both gateways", whole).await;
    // The newest first: the one that came last is at the gateway that was asked.
    let [own, other] = [&listed["items"][0], &listed["items"][1]];
    assert_ne!(own["node"], other["node"], "{listed}");
    let id = other["session"].as_str().unwrap();
    let path = format!("/v1/fleet/sessions/{id}");
    let ended = api.call(Method::DELETE, &path, api.key(), &[], &Value::Null);
    ended.await.is(204);
    let goodbye = far.frame("disconnect").await;
    assert_eq!(goodbye["data"]["reconnect"], false, "{goodbye}");
    assert_eq!(far.closed().await.code, 4040);
    assert_eq!(near.ask(json!({"type": "ping"})).await["type"], "pong");

    let drain = |node: &Value| format!("/v1/fleet/nodes/{}/drain", node.as_str().unwrap());
    api.post("/v1/fleet/nodes/nobody/drain", &Value::Null)
        .await
        .is(404);
    api.post(&drain(&other["node"]), &Value::Null).await.is(202);
    let ended = apart.gateways[1].process_mut().ended().await;
    assert!(ended.success(), "{ended}");
    assert_eq!(near.ask(json!({"type": "ping"})).await["type"], "pong");
    // The one that is asked answers first, and ends then.
    api.post(&drain(&own["node"]), &Value::Null).await.is(202);
    assert_eq!(near.closed().await.code, 1012);
    let ended = apart.gateways[0].process_mut().ended().await;
    assert!(ended.success(), "{ended}");
}

/// A client of the fleet's bus, as an operator's tool is one.
async fn bus(fleet: &Fleet) -> Handles {
    let (address, account) = fleet.nats();
    let settings = nats::Settings {
        login: nats::Login::Password {
            user: account.to_owned(),
            password: nats::Secret::new(account),
        },
        ..nats::Settings::new(vec![address])
    };
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    nats::open(settings, Clock::system(), &tasks, &shutdown)
        .await
        .unwrap()
}
