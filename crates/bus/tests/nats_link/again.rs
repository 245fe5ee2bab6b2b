//! A server that goes and comes again.

use super::{Process, nats_server::NatsServer, settings, until, within};
use bytes::Bytes;
use fanfare_bus::{
    BusError, Handles, KvError, RequestError,
    bus::{Message, Received, Responder},
    kv::{Change, Expect, Op},
    nats::{Login, Settings},
};
use std::{fs, time::Duration};

const LIMIT: Duration = Duration::from_secs(5);

/// Of the user whom every server here knows by an nkey.
const SEED: &str = "SUAGCIDTMVSWIIDUNBQXIIDJOMQGM33SEB2GK43UOMQG63TMPEXC4LUYIY";

async fn open(server: &NatsServer, process: &Process) -> Handles {
    let settings = settings(&server.address(), &server.account());
    process.open(settings).await.expect("NATS opens")
}

async fn put(handles: &Handles, key: &str) -> Result<u64, KvError> {
    let value = Bytes::from_static(b"value");
    within(handles.kv.put("b", key, value, Expect::Any, None)).await
}

fn key(change: Option<Change>) -> Option<String> {
    match change {
        Some(Change::Put(record)) => Some(record.key),
        _other => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_everything_says_so_and_nothing_hangs() {
    let (server, process) = (NatsServer::start(), Process::new());
    let handles = open(&server, &process).await;
    put(&handles, "a").await.expect("written");
    server.kill();
    let publish = || handles.bus.publish("evt.a", Bytes::new());
    until(|| async { publish().await == Err(BusError::Unavailable) }).await;
    assert_eq!(put(&handles, "a").await, Err(KvError::Unavailable));
    assert_eq!(
        within(handles.kv.get("b", "a")).await,
        Err(KvError::Unavailable)
    );
    let request = handles.bus.request("svc.a", Bytes::new(), LIMIT);
    assert_eq!(within(request).await, Err(RequestError::Unavailable));
    let subscribed = within(handles.bus.subscribe("evt.a")).await;
    assert_eq!(subscribed.err(), Some(BusError::Unavailable));
    server.resume();
    until(|| async { put(&handles, "a").await.is_ok() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seed_in_a_file_logs_in_again_and_again() {
    let (server, process) = (NatsServer::start(), Process::new());
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(&file, format!("{SEED}\n")).expect("written");
    let settings = Settings {
        login: Login::NkeyFile(file.path().to_owned()),
        ..settings(&server.address(), "unused")
    };
    let handles = process.open(settings).await.expect("NATS opens");
    put(&handles, "a").await.expect("written");
    server.kill();
    server.resume();
    until(|| async { put(&handles, "a").await.is_ok() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_read_again_from_its_file() {
    let (server, process) = (NatsServer::start(), Process::new());
    let user = server.account();
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(&file, format!("{user}\n")).expect("written");
    let settings = Settings {
        login: Login::PasswordFile {
            user: user.clone(),
            path: file.path().to_owned(),
        },
        ..settings(&server.address(), "unused")
    };
    let handles = process.open(settings).await.expect("NATS opens");
    put(&handles, "a").await.expect("written");
    server.kill();
    fs::write(&file, "another\n").expect("written");
    server.resume();
    // Whoever is refused has read the file again, and goes on doing so.
    until(|| async { server.output().contains("authentication error") }).await;
    assert_eq!(put(&handles, "a").await, Err(KvError::Unavailable));
    fs::write(&file, format!("{user}\n")).expect("written");
    until(|| async { put(&handles, "a").await.is_ok() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_lag_and_hear_again() {
    let (server, process) = (NatsServer::start(), Process::new());
    let handles = open(&server, &process).await;
    let mut subscription = within(handles.bus.subscribe("evt.a"))
        .await
        .expect("subscribed");
    server.kill();
    server.resume();
    assert_eq!(within(subscription.next()).await, Some(Received::Lagged));
    // Told once it hears again: nothing that is sent from now on is missed.
    let after = Bytes::from_static(b"after");
    until(|| async { handles.bus.publish("evt.a", after.clone()).await.is_ok() }).await;
    let heard = Message {
        subject: "evt.a".to_owned(),
        payload: after.clone(),
        trace: None,
    };
    assert_eq!(
        within(subscription.next()).await,
        Some(Received::Message(heard))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_serve_again() {
    let (server, process) = (NatsServer::start(), Process::new());
    let handles = open(&server, &process).await;
    let echo: Responder = Box::new(|message| Box::pin(async move { message.payload }));
    let serving = within(handles.bus.serve("svc.a", Some("g"), echo)).await;
    let _serving = serving.expect("served");
    server.kill();
    server.resume();
    let ask = || {
        handles
            .bus
            .request("svc.a", Bytes::from_static(b"x"), LIMIT)
    };
    until(|| async { ask().await == Ok(Bytes::from_static(b"x")) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_begin_anew_and_miss_nothing() {
    let (server, process) = (NatsServer::start(), Process::new());
    let handles = open(&server, &process).await;
    put(&handles, "a").await.expect("written");
    put(&handles, "short").await.expect("written");
    let mut watch = within(handles.kv.watch("b", "")).await.expect("watched");
    assert_eq!(key(within(watch.next()).await).as_deref(), Some("a"));
    assert_eq!(key(within(watch.next()).await).as_deref(), Some("short"));
    assert_eq!(within(watch.next()).await, Some(Change::Settled));
    server.kill();
    server.resume();
    assert_eq!(within(watch.next()).await, Some(Change::Resync));
    assert_eq!(key(within(watch.next()).await).as_deref(), Some("a"));
    assert_eq!(key(within(watch.next()).await).as_deref(), Some("short"));
    assert_eq!(within(watch.next()).await, Some(Change::Settled));
    until(|| async { put(&handles, "b").await.is_ok() }).await;
    assert_eq!(key(within(watch.next()).await).as_deref(), Some("b"));
    let gone = Op::Delete {
        key: "short".to_owned(),
        expect: Expect::Any,
    };
    within(handles.kv.batch("b", vec![gone]))
        .await
        .expect("removed");
    assert_eq!(
        within(watch.next()).await,
        Some(Change::Gone("short".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_handles_and_a_forced_shutdown_end_every_task() {
    let server = NatsServer::shared();
    for is_forced in [false, true] {
        let process = Process::new();
        let handles = open(&server, &process).await;
        put(&handles, "a").await.expect("written");
        let mut subscription = within(handles.bus.subscribe("evt.a"))
            .await
            .expect("subscribed");
        let mut watch = within(handles.kv.watch("b", "none"))
            .await
            .expect("watched");
        assert_eq!(within(watch.next()).await, Some(Change::Settled));
        let kept = is_forced.then(|| handles.clone());
        drop(handles);
        if is_forced {
            process.shutdown.force();
        }
        assert_eq!(within(subscription.next()).await, None);
        assert_eq!(within(watch.next()).await, None);
        assert_eq!(within(process.tasks.wait(LIMIT)).await, 0);
        drop(kept);
    }
}
