//! What goes by itself: expiry and retention.

use super::*;

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
async fn the_chain_skips_what_has_expired_before_it_is_swept() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let (many, one) = (Channel::all(), Channel::parse("user:7").expect("a channel"));
    let short = |channel| Append {
        ttl_ms: Some(1_000),
        ..record(channel)
    };
    // The sweeper takes what expired first, some hundred at a time: it does not come to the last one at once.
    for _ in 0..5 {
        let batch = vec![short(&many); 1_000];
        handles.log.append_all(batch).await.expect("appended");
    }
    append(&handles, short(&one)).await;
    subject.clock.advance(1_000);
    append(&handles, record(&one)).await;
    let found = handles.log.get(&one, 2).await.expect("read");
    assert_eq!(found.expect("there").prev_seq, 0);
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_removed_and_stop_nobody() {
    const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
    const DUE: TableDefinition<'_, (i64, &str), &[u8]> = TableDefinition::new("due");
    const EXPIRY: TableDefinition<'_, (i64, u8, &[u8]), ()> = TableDefinition::new("expiry");
    const TRIMS: TableDefinition<'_, &str, ()> = TableDefinition::new("trims");
    let subject = Embedded::new();
    let handles = subject.open().await;
    let short = Append {
        ttl_ms: Some(1_000),
        ..record(&Channel::all())
    };
    append(&handles, short).await;
    drop(handles);
    let database = redb::Database::open(store_file(&subject)).expect("a closed store");
    let writing = database.begin_write().expect("a transaction");
    {
        let mut log = writing.open_table(LOG).expect("a table");
        // One at the very front, which retention meets, and one that expires.
        log.insert(0, b"x".as_slice()).expect("written");
        log.insert(1, b"y".as_slice()).expect("written");
        let mut due = writing.open_table(DUE).expect("a table");
        due.insert((1, "key"), b"z".as_slice()).expect("written");
        let mut trims = writing.open_table(TRIMS).expect("a table");
        trims.insert("planet:1", ()).expect("written");
        let mut expiry = writing.open_table(EXPIRY).expect("a table");
        for kind in 0..=3 {
            let key = b"\xff".as_slice();
            expiry.insert((1, kind, key), ()).expect("written");
        }
    }
    writing.commit().expect("committed");
    drop(database);
    let handles = subject.open().await;
    subject.clock.advance(1_000);
    for n in 2..=4 {
        assert_eq!(append(&handles, record(&Channel::all())).await.n, n);
    }
    let mut watch = handles.kv.watch("b", "").await.expect("a watch");
    assert_eq!(watch.next().await, Some(kv::Change::Settled));
    drop(handles);
    let [log, _index, _ids, expiries] = rows(&subject);
    assert_eq!([log, expiries], [3, 0]);
}
