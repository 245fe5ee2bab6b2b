//! What a process writes into its log, and who changes that while it runs.

use fanfare_e2e::{Options, Server, until};
use reqwest::Method;
use serde_json::{Value, json};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

async fn start(filter: &str) -> Server {
    // Nobody listens there: what is logged for a trace does not wait for a collector.
    let options = Options::default()
        .variable("FANFARE_LOG", filter)
        .variable("FANFARE_LOG_FORMAT", "json")
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
        .variable(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "x-collector-key=COLLECTORS-KEY",
        )
        .variable("OTEL_TRACES_SAMPLER", "parentbased_always_off");
    Server::start_with(options).await
}

/// The lines about requests that publish notifications; every line is an object.
fn published(server: &Server) -> Vec<Value> {
    let text = server.stderr();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    let is_published = |line: &Value| {
        let of_notify = line["target"].as_str().unwrap_or_default();
        of_notify.starts_with("fanfare_notify::http::publish_notifications")
    };
    lines.filter(is_published).collect()
}

async fn publish(server: &Server, traceparent: &str) {
    let api = server.api();
    let body = json!({"to": {"users": ["ann"]}, "title": "t"});
    let (path, headers) = ("/v1/notifications", [("traceparent", traceparent)]);
    let call = api.call(Method::POST, path, api.key(), &headers, &body);
    call.await.is(202);
}

#[tokio::test]
async fn what_is_logged_changes_while_a_process_runs() {
    let server = start("warn").await;
    let api = server.api();
    let get = async || api.admin(Method::GET, "/log", "").await;
    let put = async |filter: &str| api.admin(Method::PUT, "/log", filter).await;
    assert_eq!(get().await, (200, "warn\n".to_owned()));
    publish(&server, "").await;
    assert_eq!(put("fanfare_notify=debug,warn\n").await.0, 200);
    assert_eq!(get().await.1, "fanfare_notify=debug,warn\n");
    publish(&server, "").await;
    let logged = async |count| {
        let there = async || (published(&server).len() == count).then_some(());
        until("the line about a publish", there).await;
    };
    logged(1).await;
    let long = "a".repeat(9 * 1024);
    for (wrong, status) in [
        ("fanfare_notify=loud", 400),
        ("[", 400),
        (" ", 400),
        (&long, 413),
    ] {
        let (found, why) = put(wrong).await;
        assert_eq!(found, status, "{wrong}: {why}");
        assert!(!why.trim().is_empty(), "{wrong}");
    }
    assert_eq!(get().await.1, "fanfare_notify=debug,warn\n");
    publish(&server, "").await;
    logged(2).await;
    assert_eq!(
        put("h2=trace,off").await.0,
        200,
        "the caller is on the host"
    );
    assert_eq!(put("off").await.0, 200);
    publish(&server, "").await;
    assert_eq!(put("debug").await.0, 200);
    publish(&server, "").await;
    logged(3).await;
}

#[tokio::test]
async fn a_line_says_for_which_trace_it_was_written() {
    let server = start("debug").await;
    publish(&server, &format!("00-{TRACE}-b7ad6b7169203331-01")).await;
    publish(&server, &format!("00-{TRACE}-b7ad6b7169203331-00")).await;
    let both = async || (published(&server).len() == 2).then(|| published(&server));
    let lines = until("the lines about both", both).await;
    assert_eq!(lines[0]["trace_id"], TRACE, "{}", lines[0]);
    let span = lines[0]["span_id"].as_str().unwrap();
    assert!(span.len() == 16 && span != "b7ad6b7169203331", "{span}");
    assert_eq!(lines[1]["trace_id"], Value::Null, "{}", lines[1]);
}

#[tokio::test]
async fn nothing_secret_and_nothing_that_people_say_is_logged() {
    let server = start("debug").await;
    let api = server.api();
    let login = api.login().await;
    let wrong = json!({"username": "admin", "password": "WRONG-PASSWORD"});
    api.post_open("/v1/auth/login", &wrong).await.is(401);
    let refresh = json!({"refresh_token": login.text("/refresh_token")});
    let again = api.post_open("/v1/auth/refresh", &refresh).await.is(200);
    let rights = json!({"user": "ann", "channels": {"topic:lab": "rw"}});
    let token = api.mint(&rights).await;
    let room = json!({"id": "lab", "kind": "public", "name": "ROOM-NAME", "members": ["ann"]});
    api.post("/v1/rooms", &room).await.is(201);
    let mut ann = server.upgrade("/ws/").query(&token).welcomed().await;
    for channel in ["user:ann", "topic:lab", "room:lab"] {
        ann.subscribe(channel, None).await;
    }
    let title = json!({"to": {"users": ["ann"]}, "title": "ITS-TITLE", "content": "ITS-CONTENT"});
    api.notify(&title).await;
    ann.frame("notification").await;
    let live = json!({"channel": "topic:lab", "data": "LIVE-DATA"});
    api.post("/v1/publish", &live).await.is(202);
    let said = json!({"type": "publish", "channel": "room:lab", "content": "WORDS-OF-ANN"});
    assert_eq!(ann.ask(said).await["type"], "published");
    ann.send_text("{\"type\": BAD-FRAME").await;
    ann.frame("error").await;
    let garbled = server.upgrade("/ws/").query("GARBLED-TOKEN");
    garbled.open().await.closed().await;
    let log = async || {
        server
            .stderr()
            .contains("fanfare_gateway")
            .then(|| server.stderr())
    };
    let log = until("lines of the gateway", log).await;
    for secret in [
        Server::ADMIN_PASSWORD,
        "WRONG-PASSWORD",
        "COLLECTORS-KEY",
        "GARBLED-TOKEN",
        api.key(),
        &token,
        &login.text("/access_token"),
        &login.text("/refresh_token"),
        &again.text("/access_token"),
        &again.text("/refresh_token"),
        "ROOM-NAME",
        "ITS-TITLE",
        "ITS-CONTENT",
        "LIVE-DATA",
        "WORDS-OF-ANN",
        "BAD-FRAME",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
