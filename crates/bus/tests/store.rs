//! What the embedded back end does beyond the conformance suite: its file, its sweeping, its end.

#[path = "shared/subject.rs"]
mod subject;

use bytes::Bytes;
use fanfare_bus::{
    BusError, Handles, KvError, LogError, RequestError,
    bus::Responder,
    conformance::Subject as _,
    embedded::{self, OpenError, Settings},
    kv,
    log::{Append, DEDUP_WINDOW_MS, Expect},
};
use fanfare_lifecycle::Tasks;
use fanfare_proto::{Channel, Position};
use redb::{ReadableDatabase as _, ReadableTableMetadata as _, TableDefinition};
use std::{path::PathBuf, sync::Arc, time::Duration};
use subject::Embedded;
use tokio::sync::Semaphore;

const PATIENCE: Duration = Duration::from_secs(30);

async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.expect("something that must happen did not");
}

fn record(channel: &Channel) -> Append {
    Append {
        channel: channel.clone(),
        msg_id: None,
        expect: Expect::Any,
        ttl_ms: None,
        payload: Bytes::from_static(b"payload"),
    }
}

async fn append(handles: &Handles, append: Append) -> Position {
    handles.log.append(append).await.expect("appended").position
}

async fn fill(handles: &Handles, channel: &Channel, count: usize) {
    let batch = vec![record(channel); count];
    handles.log.append_all(batch).await.expect("appended");
}

async fn first_n(handles: &Handles, channel: &Channel) -> u64 {
    let heads = handles.log.heads(std::slice::from_ref(channel)).await;
    heads.expect("heads")[0].first_n
}

fn file(subject: &Embedded) -> PathBuf {
    subject.settings().path.join("fanfare.redb")
}

/// Rows of the tables that must not grow for ever: log, index, ids, expiries.
fn rows(subject: &Embedded) -> [u64; 4] {
    const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
    const INDEX: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("index");
    const MSG_IDS: TableDefinition<'_, (&str, &str), (u64, u64, i64)> =
        TableDefinition::new("msg_ids");
    const EXPIRY: TableDefinition<'_, (i64, u8, &[u8]), ()> = TableDefinition::new("expiry");
    let database = redb::Database::open(file(subject)).expect("a closed store");
    let reading = database.begin_read().expect("a snapshot");
    [
        reading
            .open_table(LOG)
            .expect("a table")
            .len()
            .expect("rows"),
        reading
            .open_table(INDEX)
            .expect("a table")
            .len()
            .expect("rows"),
        reading
            .open_table(MSG_IDS)
            .expect("a table")
            .len()
            .expect("rows"),
        reading
            .open_table(EXPIRY)
            .expect("a table")
            .len()
            .expect("rows"),
    ]
}

async fn refused(subject: &Embedded, settings: Settings) -> OpenError {
    let clock = subject.clock.clone();
    let opened = embedded::open(settings, clock, &subject.tasks, &subject.shutdown).await;
    opened.err().expect("it must not open")
}

#[cfg(unix)]
#[tokio::test]
async fn directory_and_file_are_for_this_user_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let subject = Embedded::new();
    let _handles = subject.open().await;
    let mode = |path: PathBuf| {
        let metadata = std::fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(subject.settings().path), 0o700);
    assert_eq!(mode(file(&subject)), 0o600);
}

#[tokio::test]
async fn a_store_that_is_open_is_refused_and_says_so() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let error = refused(&subject, subject.settings()).await;
    assert!(matches!(error, OpenError::AlreadyOpen { .. }), "{error}");
    append(&handles, record(&Channel::all())).await;
    drop(handles);
    subject.open().await;
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_called_damaged_and_left_alone() {
    let subject = Embedded::new();
    std::fs::create_dir_all(subject.settings().path).expect("made");
    for bytes in [b"not a store".to_vec(), vec![7; 100_000]] {
        std::fs::write(file(&subject), &bytes).expect("written");
        let error = refused(&subject, subject.settings()).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert_eq!(std::fs::read(file(&subject)).expect("read"), bytes);
    }
}

#[tokio::test]
async fn a_store_that_was_cut_short_is_called_damaged() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    fill(&handles, &Channel::all(), 1_000).await;
    drop(handles);
    let bytes = std::fs::read(file(&subject)).expect("read");
    std::fs::write(file(&subject), &bytes[..bytes.len() / 2]).expect("written");
    let error = refused(&subject, subject.settings()).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_store_of_a_newer_release_is_refused() {
    let subject = Embedded::new();
    drop(subject.open().await);
    let database = redb::Database::open(file(&subject)).expect("a closed store");
    let writing = database.begin_write().expect("a transaction");
    {
        let meta = TableDefinition::<&str, u64>::new("meta");
        let mut meta = writing.open_table(meta).expect("a table");
        meta.insert("format", 2).expect("written");
    }
    writing.commit().expect("committed");
    drop(database);
    let error = refused(&subject, subject.settings()).await;
    assert!(
        matches!(error, OpenError::Newer { found: 2, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_path_below_a_file_is_refused() {
    let subject = Embedded::new();
    let path = subject.directory.path().join("file");
    std::fs::write(&path, b"").expect("written");
    for path in [path.join("store"), path] {
        let error = refused(&subject, Settings::new(path)).await;
        assert!(matches!(error, OpenError::NotADirectory { .. }), "{error}");
    }
}

#[tokio::test]
async fn two_stores_have_different_epochs() {
    let (one, two) = (Embedded::new(), Embedded::new());
    let all = Channel::all();
    let epochs = [
        one.open().await.log.epoch(&all),
        two.open().await.log.epoch(&all),
    ];
    assert_ne!(epochs[0], epochs[1]);
}

#[tokio::test]
async fn an_id_is_forgotten_after_its_window() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let with_id = || Append {
        msg_id: Some("id".to_owned()),
        ..record(&Channel::all())
    };
    assert_eq!(append(&handles, with_id()).await.n, 1);
    let window_ms = i64::try_from(DEDUP_WINDOW_MS).expect("a day");
    subject.clock.advance(window_ms - 1);
    assert_eq!(append(&handles, with_id()).await.n, 1);
    subject.clock.advance(1);
    assert_eq!(append(&handles, with_id()).await.n, 2);
}

#[tokio::test]
async fn a_channel_keeps_its_newest_records() {
    let subject = Embedded::new();
    let mut settings = subject.settings();
    settings.retention_records = 100;
    let handles = subject.open_with(settings).await;
    let (busy, quiet) = (Channel::all(), Channel::parse("user:7").expect("a channel"));
    fill(&handles, &quiet, 50).await;
    for n in 1..=150 {
        append(&handles, record(&busy)).await;
        assert_eq!(
            first_n(&handles, &busy).await,
            (n + 1_u64).saturating_sub(100).max(1)
        );
    }
    let latest = handles.log.heads(std::slice::from_ref(&busy)).await;
    let latest = latest.expect("heads")[0].last;
    let read = handles
        .log
        .read(&busy, Position::default(), latest, 10)
        .await;
    assert_eq!(read, Err(LogError::Trimmed { first_n: 51 }));
    assert_eq!(first_n(&handles, &quiet).await, 1);
    drop(handles);
    assert_eq!(rows(&subject), [150, 150, 0, 0]);
}

#[tokio::test]
async fn a_smaller_retention_catches_up_in_steps() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    for _ in 0..5 {
        fill(&handles, &Channel::all(), 1_000).await;
    }
    drop(handles);
    let mut settings = subject.settings();
    settings.retention_records = 10;
    let handles = subject.open_with(settings.clone()).await;
    let last = append(&handles, record(&Channel::all())).await;
    // At once for readers, whatever is still on disk.
    assert_eq!(first_n(&handles, &Channel::all()).await, last.n - 9);
    // The steps go on over a restart; each leaves room for others.
    drop(handles);
    let handles = subject.open_with(settings).await;
    for _ in 0..5_000 / 256 + 1 {
        append(&handles, record(&Channel::all())).await;
    }
    drop(handles);
    assert_eq!(rows(&subject)[..2], [10, 10]);
}

#[tokio::test]
async fn old_records_retire_without_being_asked() {
    let subject = Embedded::new();
    let mut settings = subject.settings();
    settings.retention_ms = 10_000;
    let handles = subject.open_with(settings).await;
    let (one, two) = (Channel::all(), Channel::parse("user:7").expect("a channel"));
    fill(&handles, &one, 600).await;
    subject.clock.advance(5_000);
    fill(&handles, &one, 2).await;
    fill(&handles, &two, 1).await;
    subject.clock.advance(5_000);
    until(|| async { first_n(&handles, &one).await == 601 }).await;
    assert_eq!(first_n(&handles, &two).await, 1);
    subject.clock.advance(5_000);
    until(|| async { first_n(&handles, &two).await == 2 }).await;
    drop(handles);
    assert_eq!(rows(&subject)[..2], [0, 0]);
}

#[tokio::test]
async fn what_has_expired_leaves_the_disk() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    for which in 0..600 {
        let short = Append {
            ttl_ms: Some(1_000),
            msg_id: Some(which.to_string()),
            ..record(&Channel::all())
        };
        append(&handles, short).await;
    }
    let value = Bytes::from_static(b"x");
    let put = handles
        .kv
        .put("b", "key", value, kv::Expect::Any, Some(1_000));
    put.await.expect("written");
    let mut watch = handles.kv.watch("b", "").await.expect("a watch");
    subject
        .clock
        .advance(i64::try_from(DEDUP_WINDOW_MS).expect("a day"));
    while watch.next().await != Some(kv::Change::Gone("key".to_owned())) {}
    // Expiry goes by time: the record of the bucket was not the last, but it came after the log's.
    for _ in 0..4 {
        append(&handles, record(&Channel::all())).await;
    }
    drop(handles);
    assert_eq!(rows(&subject), [4, 4, 0, 0]);
}

#[tokio::test]
async fn readers_end_with_the_store() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let mut tail = handles.log.tail().await.expect("a tail");
    let mut watch = handles.kv.watch("b", "").await.expect("a watch");
    assert_eq!(watch.next().await, Some(kv::Change::Settled));
    let mut subscription = handles
        .bus
        .subscribe("evt.>")
        .await
        .expect("a subscription");
    append(&handles, record(&Channel::all())).await;
    drop(handles);
    assert!(tail.next().await.is_some());
    assert!(tail.next().await.is_none());
    assert!(watch.next().await.is_none());
    assert!(subscription.next().await.is_none());
}

#[tokio::test]
async fn a_forced_shutdown_refuses_what_comes_later_and_closes_the_file() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let channel = Channel::all();
    let position = append(&handles, record(&channel)).await;
    let mut tail = handles.log.tail().await.expect("a tail");
    subject.shutdown.force();
    assert_eq!(tail.next().await, None);
    let append = handles.log.append(record(&channel)).await;
    assert_eq!(append, Err(LogError::Unavailable));
    assert_eq!(
        handles.log.get(&channel, 1).await,
        Err(LogError::Unavailable)
    );
    assert_eq!(handles.log.tail().await.err(), Some(LogError::Unavailable));
    assert_eq!(handles.kv.get("b", "key").await, Err(KvError::Unavailable));
    // Somebody still holds the handles, and it opens all the same.
    let mut again = Embedded::new();
    std::mem::swap(&mut again.directory, &mut { subject.directory });
    let reopened = again.open().await;
    let found = reopened.log.get(&channel, 1).await.expect("read");
    assert_eq!(found.expect("there").position, position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_queued_when_the_end_comes_is_answered_one_way_or_the_other() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let tasks = Tasks::new();
    let mut running = Vec::new();
    for _ in 0..200 {
        let log = Arc::clone(&handles.log);
        running.push(tasks.spawn(async move {
            let mut answered = 0;
            while log.append(record(&Channel::all())).await.is_ok() {
                answered += 1;
            }
            answered
        }));
    }
    until(|| async { first_n(&handles, &Channel::all()).await > 0 }).await;
    subject.shutdown.force();
    let mut answered = 0;
    for task in running {
        answered += task.await.expect("it ends");
    }
    drop(handles);
    assert_eq!(rows(&subject)[0], answered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_over_the_bound_waits_for_its_turn() {
    const BOUND: usize = 1_024;
    let subject = Embedded::new();
    let handles = subject.open().await;
    let (gate, inside) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (enter, leave) = (Arc::clone(&inside), Arc::clone(&gate));
    let responder: Responder = Box::new(move |_message| {
        let (enter, leave) = (Arc::clone(&enter), Arc::clone(&leave));
        Box::pin(async move {
            enter.add_permits(1);
            leave.acquire().await.expect("open").forget();
            Bytes::new()
        })
    });
    let _serving = handles
        .bus
        .serve("svc.a", Some("g"), responder)
        .await
        .expect("served");
    let mut running = Vec::new();
    for _ in 0..=BOUND {
        let bus = Arc::clone(&handles.bus);
        running.push(
            subject
                .tasks
                .spawn(async move { bus.request("svc.a", Bytes::new(), PATIENCE).await }),
        );
    }
    let full = inside.acquire_many(1_024).await.expect("open");
    full.forget();
    assert_eq!(inside.available_permits(), 0);
    gate.add_permits(1);
    inside
        .acquire()
        .await
        .expect("the last one enters")
        .forget();
    gate.add_permits(BOUND);
    for request in running {
        assert!(request.await.expect("it ends").is_ok());
    }
}

#[tokio::test]
async fn a_forced_shutdown_ends_requests_under_way() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let never: Responder = Box::new(|_message| Box::pin(std::future::pending()));
    let _serving = handles
        .bus
        .serve("svc.a", None, never)
        .await
        .expect("served");
    let shutdown = subject.shutdown.clone();
    let request = handles.bus.request("svc.a", Bytes::new(), PATIENCE);
    let (answer, ()) = tokio::join!(request, async { shutdown.force() });
    assert_eq!(answer, Err(RequestError::Timeout));
    assert_eq!(subject.tasks.wait(PATIENCE).await, 0);
}

#[tokio::test]
async fn what_is_no_subject_is_refused() {
    let subject = Embedded::new();
    let bus = subject.open().await.bus;
    for text in ["", "a..b", "a b", "a.*", ">", "a.\0", "\u{e9}"] {
        let published = bus.publish(text, Bytes::new()).await;
        assert_eq!(published, Err(BusError::Unavailable), "{text:?}");
    }
    let large = Bytes::from(vec![0; 1024 * 1024 + 1]);
    assert_eq!(bus.publish("a", large).await, Err(BusError::Unavailable));
    for text in ["", "a..b", "a.>.b", "a*"] {
        assert!(bus.subscribe(text).await.is_err(), "{text:?}");
    }
}
