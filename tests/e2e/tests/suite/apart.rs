//! Services in processes apart: any number of each, and what it takes to lose one.

use fanfare_e2e::{DEADLINE, Fleet, Member, Process, Server, Socket, forge, until};
use fanfare_proto::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// One auth worker, two notify workers, two gateways.
pub(crate) struct Apart {
    pub(crate) auth: Member,
    notify: [Member; 2],
    pub(crate) gateways: [Member; 2],
    pub(crate) fleet: Fleet,
}

impl Apart {
    pub(crate) async fn start() -> Self {
        let fleet = Fleet::new();
        let auth = fleet.auth().await;
        let notify = [fleet.notify(&auth).await, fleet.notify(&auth).await];
        let gateways = [fleet.gateway(&auth).await, fleet.gateway(&auth).await];
        Self {
            auth,
            notify,
            gateways,
            fleet,
        }
    }

    pub(crate) async fn connect(&self, gateway: usize, user: &str) -> Socket {
        let token = self.auth.api().token(user).await;
        let upgrade = self.gateways[gateway].upgrade("/ws/");
        upgrade.bearer(&token).welcomed().await
    }
}

fn cursor(frame: &Value) -> String {
    frame["cursor"].as_str().unwrap().to_owned()
}

/// Reads notifications until the one with the title `last`; answers all titles.
async fn titles(socket: &mut Socket, last: u64) -> Vec<u64> {
    let mut titles = Vec::new();
    while titles.last() != Some(&last) {
        let frame = socket.frame("notification").await;
        titles.push(frame["data"]["title"].as_str().unwrap().parse().unwrap());
    }
    titles
}

#[tokio::test]
async fn what_any_worker_takes_reaches_clients_on_every_gateway() {
    let apart = Apart::start().await;
    let mut clients = [apart.connect(0, "ann").await, apart.connect(1, "ann").await];
    for client in &mut clients {
        client.subscribe("user:ann", None).await;
    }
    for (number, worker) in (0..20).zip(apart.notify.iter().cycle()) {
        worker.api().notify_numbered("ann", number, 1).await;
    }
    for client in &mut clients {
        assert_eq!(titles(client, 19).await, (0..20).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn clients_of_a_killed_gateway_go_on_at_another_and_miss_nothing() {
    let mut apart = Apart::start().await;
    let mut client = apart.connect(0, "ann").await;
    client.subscribe("user:ann", None).await;
    apart.notify[0].api().notify_numbered("ann", 1, 3).await;
    let seen = client.frames("notification", 3).await;
    let api = apart.notify[1].api().clone();
    let publishing = async move { api.notify_numbered("ann", 4, 300).await };
    let reading = async {
        apart.gateways[0].process_mut().kill();
        assert_eq!(client.closed().await.code, 1006);
        let mut client = apart.connect(1, "ann").await;
        client.subscribe("user:ann", Some(&cursor(&seen[2]))).await;
        titles(&mut client, 303).await
    };
    let ((), seen) = tokio::join!(publishing, reading);
    assert_eq!(seen, (4..=303).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_drained_gateway_sends_its_clients_to_another() {
    let mut apart = Apart::start().await;
    let mut client = apart.connect(0, "ann").await;
    let begin = cursor(&client.subscribe("user:ann", None).await);
    apart.gateways[0].process().terminate();
    let told = client.frame("disconnect").await;
    assert_eq!(told["data"]["code"], 1012, "{told}");
    assert_eq!(client.closed().await.code, 1012);
    apart.notify[0].api().notify_numbered("ann", 1, 2).await;
    let mut client = apart.connect(1, "ann").await;
    client.subscribe("user:ann", Some(&begin)).await;
    assert_eq!(titles(&mut client, 2).await, [1, 2]);
    let ended = apart.gateways[0].process_mut().ended().await;
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn a_killed_worker_is_not_missed() {
    let mut apart = Apart::start().await;
    let body = json!({"user": "ann", "channels": {"topic:lab": "rw"}});
    let token = apart.auth.api().mint(&body).await;
    let upgrade = apart.gateways[0].upgrade("/ws/");
    let mut client = upgrade.bearer(&token).welcomed().await;
    let publish = || json!({"type": "publish", "channel": "topic:lab", "data": 1});
    assert_eq!(client.ask(publish()).await["type"], "published");
    apart.notify[0].process_mut().kill();
    for _request in 0..10 {
        assert_eq!(client.ask(publish()).await["type"], "published");
    }
}

#[tokio::test]
async fn where_no_worker_is_that_is_told_at_once() {
    let fleet = Fleet::new();
    let auth = fleet.auth().await;
    let mut first = fleet.notify(&auth).await;
    let gateway = fleet.gateway(&auth).await;
    first.process_mut().kill();
    let body = json!({"user": "ann", "channels": {"topic:lab": "rw"}});
    let token = auth.api().mint(&body).await;
    let mut client = gateway.upgrade("/ws/").bearer(&token).welcomed().await;
    let begun = Instant::now();
    for frame in [
        json!({"type": "publish", "channel": "topic:lab", "data": 1}),
        json!({"type": "read", "channel": "user:ann", "n": 1}),
    ] {
        let answer = client.ask(frame).await;
        assert_eq!(answer["code"], "unavailable", "{answer}");
    }
    // An answer that is waited for in vain takes five seconds.
    assert!(begun.elapsed() < Duration::from_secs(3), "{begun:?}");
    // Somebody who comes is asked from then on.
    let _notify = fleet.notify(&auth).await;
    let answer = client
        .ask(json!({"type": "publish", "channel": "topic:lab", "data": 1}))
        .await;
    assert_eq!(answer["type"], "published", "{answer}");
}

#[tokio::test]
async fn what_starts_before_auth_says_so_and_is_ready_once_auth_is_there() {
    let fleet = Fleet::new();
    let early = [
        fleet.begin("notify", &[]).await,
        fleet.begin("gateway", &[]).await,
    ];
    for member in &early {
        member.api().until_status("/livez", 200).await;
        member.api().until_status("/readyz", 503).await;
        let says_why = async || {
            let log = member.process().stderr();
            log.contains("no auth service has answered yet")
                .then_some(())
        };
        until("why it is not ready", says_why).await;
    }
    let key = format!("ff_{}", "x".repeat(43));
    let api = early[0].api().with_key(&key);
    let answer = api.post("/v1/publish", &json!({})).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    let _auth = fleet.auth().await;
    for member in &early {
        member.api().until_ready().await;
    }
}

#[tokio::test]
async fn the_trail_knows_the_sessions_of_every_gateway() {
    let apart = Apart::start().await;
    let mut clients = [apart.connect(0, "ann").await, apart.connect(1, "ann").await];
    for client in &mut clients {
        client.subscribe("user:ann", None).await;
    }
    let api = apart.notify[0].api();
    let body = json!({"to": {"users": ["ann"]}, "title": "hello"});
    let id = api.notify(&body).await["id"].as_str().unwrap().to_owned();
    for client in &mut clients {
        client.frame("notification").await;
    }
    let path = format!("/v1/notifications/{id}?user=ann");
    for worker in &apart.notify {
        let nodes = async || {
            let trail = worker.api().get(&path, api.key()).await.is(200).body;
            let delivered = trail["addressees"][0]["delivered"].as_array()?.clone();
            let mut nodes: Vec<String> = delivered
                .iter()
                .map(|one| one["node"].to_string())
                .collect();
            nodes.sort_unstable();
            nodes.dedup();
            (nodes.len() == 2).then_some(())
        };
        until("both gateways in the trail", nodes).await;
    }
}

#[tokio::test]
async fn one_key_and_two_workers_make_one_message() {
    let apart = Apart::start().await;
    let mut client = apart.connect(0, "ann").await;
    client.subscribe("user:ann", None).await;
    let [one, other] = &apart.notify;
    for round in 1..=5_u64 {
        let (title, key) = (round.to_string(), format!("key-{round}"));
        let (first, second) = tokio::join!(
            one.notify_once("ann", &title, &key),
            other.notify_once("ann", &title, &key)
        );
        assert_eq!(first.is(202).text("/id"), second.is(202).text("/id"));
    }
    assert_eq!(titles(&mut client, 5).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn what_is_due_later_comes_once_though_two_workers_look_after_it() {
    let apart = Apart::start().await;
    let token = apart.auth.api().token("ann").await;
    let upgrade = apart.gateways[1].upgrade("/ws/");
    let mut client = upgrade.bearer(&token).welcomed().await;
    client.subscribe("user:ann", None).await;
    let (_header, claims) = forge::open(&token);
    let due = Timestamp::from_ms((claims["iat"].as_i64().unwrap() + 2) * 1_000).to_string();
    let body = json!({"to": {"users": ["ann"]}, "title": "1", "deliver_at": due});
    apart.notify[0].api().notify(&body).await;
    assert_eq!(titles(&mut client, 1).await, [1]);
    apart.notify[1].api().notify_numbered("ann", 2, 1).await;
    assert_eq!(titles(&mut client, 2).await, [2]);
}

#[tokio::test]
async fn of_two_auth_workers_that_start_at_once_one_shows_the_password() {
    let fleet = Fleet::new();
    let (one, other) = tokio::join!(fleet.begin("auth", &[]), fleet.begin("auth", &[]));
    let shown = |member: &Member| {
        let stdout = member.process().stdout();
        let line = stdout
            .lines()
            .find(|line| line.trim().starts_with("password"));
        line.and_then(|line| line.split_whitespace().nth(1).map(str::to_owned))
    };
    let passwords: Vec<String> = [&one, &other].into_iter().filter_map(shown).collect();
    assert_eq!(passwords.len(), 1);
    for member in [&one, &other] {
        member.api().until_ready().await;
        let body = json!({"username": "admin", "password": passwords[0]});
        member
            .api()
            .post_open("/v1/auth/login", &body)
            .await
            .is(200);
        assert!(!member.process().stderr().contains(&passwords[0]));
    }
}

#[tokio::test]
async fn a_command_without_nats_says_what_it_lacks() {
    for command in ["gateway", "auth", "notify"] {
        let mut process = Process::start(&[command], &[("FANFARE_NATS", "")]);
        let ended = tokio::time::timeout(DEADLINE, process.ended()).await;
        assert_eq!(ended.unwrap().code(), Some(64), "{command}");
        assert!(process.stderr().contains("--nats"), "{command}");
    }
}

#[tokio::test]
async fn everything_in_one_process_runs_on_nats_too() {
    let fleet = Fleet::new();
    let password = [("FANFARE_ADMIN_PASSWORD", Server::ADMIN_PASSWORD)];
    let member = fleet.begin("standalone", &password).await;
    member.api().until_ready().await;
    let token = member.api().login().await.text("/access_token");
    let mut client = member.upgrade("/ws/").bearer(&token).welcomed().await;
    client.subscribe("user:admin", None).await;
}
