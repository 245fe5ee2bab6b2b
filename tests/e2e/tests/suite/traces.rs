//! The way of what is published, told to a collector: in one process, and in processes apart around NATS.

mod collector;

use collector::{Collector, Span};
use fanfare_e2e::{Api, Fleet, Member, Options, Server, Socket, Upgrade, forge};
use fanfare_proto::Timestamp;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::Method;
use serde_json::{Value, json};
use std::net::TcpListener;

/// What a caller sends as his own span.
const CALLER: &str = "b7ad6b7169203331";

/// An installation that is traced, whichever processes it is made of.
struct Traced {
    collector: Collector,
    gateway: Place,
    notify: Place,
    chat: Place,
    /// When they are apart: auth first.
    members: Vec<Member>,
    _around: (Option<Server>, Option<Fleet>),
}

/// A process, as it is reached and as it calls itself.
struct Place {
    api: Api,
    service: &'static str,
}

/// The variables of a process that sends what it has at once, and records what `sampler` says.
fn variables(collector: &Collector, sampler: &str) -> [(&'static str, String); 4] {
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
        ("OTEL_TRACES_SAMPLER", sampler.to_owned()),
        ("OTEL_RESOURCE_ATTRIBUTES", "fanfare.site=lab".to_owned()),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
    ]
}

fn options(variables: &[(&str, String)]) -> Options {
    let add = |options: Options, (name, value): &(&str, String)| options.variable(name, value);
    variables.iter().fold(Options::default(), add)
}

impl Traced {
    async fn whole(sampler: &str) -> Self {
        let collector = Collector::start().await;
        let server = Server::start_with(options(&variables(&collector, sampler))).await;
        let place = || Place {
            api: server.api().clone(),
            service: "fanfare-standalone",
        };
        Self {
            collector,
            gateway: place(),
            notify: place(),
            chat: place(),
            members: Vec::new(),
            _around: (Some(server), None),
        }
    }

    async fn apart(sampler: &str) -> Self {
        let collector = Collector::start().await;
        let fleet = variables(&collector, sampler)
            .iter()
            .fold(Fleet::new(), |fleet, (name, value)| {
                fleet.variable(name, value)
            });
        let auth = fleet.auth().await;
        let notify = fleet.notify(&auth).await;
        let chat = fleet.chat(&auth).await;
        let gateway = fleet.gateway(&auth).await;
        let place = |member: &Member, service| Place {
            api: member.api().clone(),
            service,
        };
        Self {
            collector,
            gateway: place(&gateway, "fanfare-gateway"),
            notify: place(&notify, "fanfare-notify"),
            chat: place(&chat, "fanfare-chat"),
            members: vec![auth, notify, chat, gateway],
            _around: (None, Some(fleet)),
        }
    }

    fn auth(&self) -> &Api {
        let auth = self.members.first();
        auth.map_or(&self.notify.api, Member::api)
    }

    async fn connect(&self, path: &str, rights: &Value) -> Socket {
        let token = self.auth().mint(rights).await;
        let url = format!("{}{path}", self.gateway.api.url());
        Upgrade::to(&url).bearer(&token).welcomed().await
    }

    /// Publishes as a part of `trace`.
    async fn publish(&self, path: &str, trace: &str, flags: &str, body: &Value) {
        let api = &self.notify.api;
        let sent = format!("00-{trace}-{CALLER}-{flags}");
        let headers = [("traceparent", &*sent)];
        let call = api.call(Method::POST, path, api.key(), &headers, body);
        call.await.is(202);
    }

    /// The delivery in `trace`, which its parent must be `parent`, and its writes.
    async fn delivered(&self, trace: &str, parent: &Span, sockets: usize) {
        let collector = &self.collector;
        let deliver = collector.one(trace, "deliver").await;
        is(
            &deliver,
            SpanKind::Consumer,
            self.gateway.service,
            &parent.id,
        );
        assert_eq!(deliver.attribute("fanfare.sockets"), sockets.to_string());
        let writes = collector.named(trace, "write", 1).await;
        let mut written = 0;
        for write in &writes {
            is(write, SpanKind::Internal, self.gateway.service, &deliver.id);
            assert!(deliver.begin <= write.begin && write.end <= deliver.end);
            written += write.attribute("fanfare.sockets").parse::<usize>().unwrap();
        }
        assert_eq!(written, sockets, "{writes:#?}");
    }
}

fn is(span: &Span, kind: SpanKind, service: &str, parent: &str) {
    assert_eq!(
        (span.kind, span.service(), &*span.parent),
        (kind, service, parent),
        "{span:#?}"
    );
    assert_eq!(span.resource["fanfare.site"], "lab");
    assert!(!span.resource["service.instance.id"].is_empty());
}

fn trace(number: u8) -> String {
    format!("{number:032x}")
}

async fn a_publish_is_one_trace(traced: &Traced) {
    let rights = json!({"user": "ann", "channels": {"topic:lab": "r"}});
    let mut sockets = Vec::new();
    // More of them than there are shards on a small machine.
    for _device in 0..5 {
        let mut socket = traced.connect("/ws/", &rights).await;
        socket.subscribe("user:ann", None).await;
        socket.subscribe("topic:lab", None).await;
        sockets.push(socket);
    }
    let notification = json!({"to": {"users": ["ann"]}, "title": "t"});
    let path = "/v1/notifications";
    traced.publish(path, &trace(1), "01", &notification).await;
    traced.publish(path, &trace(2), "00", &notification).await;
    for socket in &mut sockets {
        socket.frames("notification", 2).await;
    }
    let (collector, notify) = (&traced.collector, traced.notify.service);
    let publish = collector.one(&trace(1), "POST /v1/notifications").await;
    is(&publish, SpanKind::Server, notify, CALLER);
    assert_eq!(publish.attribute("http.response.status_code"), "202");
    let append = collector.one(&trace(1), "append").await;
    is(&append, SpanKind::Producer, notify, &publish.id);
    for (key, value) in [
        ("messaging.system", "fanfare"),
        ("messaging.operation.name", "append"),
        ("messaging.operation.type", "send"),
        ("messaging.destination.name", "user:ann"),
        ("messaging.destination.template", "user:{id}"),
    ] {
        assert_eq!(append.attribute(key), value);
    }
    traced.delivered(&trace(1), &append, 5).await;

    let live = json!({"channel": "topic:lab", "data": 1, "ephemeral": true});
    traced.publish("/v1/publish", &trace(3), "01", &live).await;
    let asked = collector.one(&trace(3), "POST /v1/publish").await;
    let publish = collector.one(&trace(3), "publish").await;
    is(&publish, SpanKind::Producer, notify, &asked.id);
    traced.delivered(&trace(3), &publish, 5).await;

    // The unsampled one was there before these, and so would its spans have been.
    let known = [trace(1), trace(3)];
    for span in collector.spans() {
        assert!(known.contains(&span.trace), "{span:#?}");
    }
    let shown = exemplars(&traced.gateway.api.open_metrics().await);
    assert!(!shown.is_empty() && shown.iter().all(|own| known.contains(own)));
}

/// The traces that the buckets of the delivery latency show.
fn exemplars(metrics: &str) -> Vec<String> {
    let buckets = metrics
        .lines()
        .filter(|line| line.starts_with("fanfare_gateway_delivery_seconds_bucket"));
    let trace = |line: &str| {
        let (_sample, exemplar) = line.split_once(" # {trace_id=\"")?;
        Some(exemplar.split_once('"')?.0.to_owned())
    };
    buckets.filter_map(trace).collect()
}

#[tokio::test]
async fn a_publish_is_one_trace_in_one_process() {
    a_publish_is_one_trace(&Traced::whole("parentbased_always_off").await).await;
}

#[tokio::test]
async fn a_publish_is_one_trace_through_processes_apart() {
    a_publish_is_one_trace(&Traced::apart("parentbased_always_off").await).await;
}

async fn what_is_scheduled_keeps_its_trace(traced: &Traced, parent: &str) {
    let mut socket = traced.connect("/ws/", &json!({"user": "ann"})).await;
    socket.subscribe("user:ann", None).await;
    let token = traced.auth().token("ann").await;
    let (_header, claims) = forge::open(&token);
    let due = Timestamp::from_ms((claims["iat"].as_i64().unwrap() + 2) * 1_000).to_string();
    let body = json!({"to": {"users": ["ann"]}, "title": "later", "deliver_at": due});
    traced
        .publish("/v1/notifications", &trace(1), "01", &body)
        .await;
    socket.frame("notification").await;
    let asked = traced
        .collector
        .one(&trace(1), "POST /v1/notifications")
        .await;
    let schedule = traced.collector.one(&trace(1), "schedule").await;
    is(
        &schedule,
        SpanKind::Producer,
        traced.notify.service,
        &asked.id,
    );
    let parent = traced.collector.one(&trace(1), parent).await;
    traced.delivered(&trace(1), &parent, 1).await;
}

#[tokio::test]
async fn what_is_scheduled_keeps_its_trace_in_one_process() {
    let traced = Traced::whole("parentbased_always_off").await;
    what_is_scheduled_keeps_its_trace(&traced, "POST /v1/notifications").await;
}

#[tokio::test]
async fn what_is_scheduled_keeps_its_trace_through_processes_apart() {
    let traced = Traced::apart("parentbased_always_off").await;
    what_is_scheduled_keeps_its_trace(&traced, "schedule").await;
}

async fn a_message_of_a_client_is_one_trace(traced: &Traced) {
    let api = &traced.chat.api;
    let room = json!({"id": "lab", "kind": "public", "name": "Lab", "members": ["ann"]});
    api.post("/v1/rooms", &room).await.is(201);
    let mut ann = traced.connect("/ws/", &json!({"user": "ann"})).await;
    ann.subscribe("room:lab", None).await;
    let said = json!({"type": "publish", "channel": "room:lab", "content": "hello"});
    assert_eq!(ann.ask(said).await["type"], "published");
    let collector = &traced.collector;
    // The trace began here, so it is found by what it holds.
    let to_room = |span: &&Span| {
        span.name == "frame"
            && span
                .attribute("messaging.destination.name")
                .contains("message")
    };
    let frame = fanfare_e2e::until("the client's frame", async || {
        collector.spans().iter().find(to_room).cloned()
    });
    let frame = frame.await;
    is(&frame, SpanKind::Server, traced.gateway.service, "");
    let request = collector.one(&frame.trace, "request").await;
    is(
        &request,
        SpanKind::Client,
        traced.gateway.service,
        &frame.id,
    );
    let answer = collector.one(&frame.trace, "answer").await;
    is(&answer, SpanKind::Server, traced.chat.service, &request.id);
    let append = collector.one(&frame.trace, "append").await;
    is(&append, SpanKind::Producer, traced.chat.service, &answer.id);
    traced.delivered(&frame.trace, &append, 1).await;
}

#[tokio::test]
async fn a_message_of_a_client_is_one_trace_in_one_process() {
    a_message_of_a_client_is_one_trace(&Traced::whole("always_on").await).await;
}

#[tokio::test]
async fn a_message_of_a_client_is_one_trace_through_processes_apart() {
    a_message_of_a_client_is_one_trace(&Traced::apart("always_on").await).await;
}

#[tokio::test]
async fn the_last_spans_are_sent_before_a_process_ends() {
    let collector = Collector::start().await;
    let mut variables = variables(&collector, "parentbased_always_off");
    variables[3].1 = "600000".to_owned();
    let mut server = Server::start_with(options(&variables)).await;
    let api = server.api().clone();
    let sent = format!("00-{}-{CALLER}-01", trace(1));
    let body = json!({"to": {"users": ["ann"]}, "title": "t"});
    let headers = [("traceparent", &*sent)];
    let path = "/v1/notifications";
    let call = api.call(Method::POST, path, api.key(), &headers, &body);
    call.await.is(202);
    assert!(collector.spans().is_empty());
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    collector.one(&trace(1), "append").await;
}

/// Publishes and ends, while nobody takes the spans.
async fn nobody_is_missed(endpoint: String) {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_TRACES_SAMPLER", "always_on".to_owned()),
    ];
    let mut server = Server::start_with(options(&variables)).await;
    let body = json!({"to": {"users": ["ann"]}, "title": "t"});
    server.api().notify(&body).await;
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_collector_that_is_away_is_not_missed() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    drop(collector);
    nobody_is_missed(endpoint).await;
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_nothing_up() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    nobody_is_missed(format!("http://{}", mute.local_addr().unwrap())).await;
}
