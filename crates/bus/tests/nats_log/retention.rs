//! What age and number remove.

use super::{Installation, ONE_SHARD, heads, record, room, stored};
use fanfare_bus::{LogError, log::Slice, nats::LogSettings};
use fanfare_proto::Position;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordinals_go_on_after_everything_was_removed_by_its_age() {
    let installation = Installation::new();
    let short = LogSettings {
        retention_ms: 1_000,
        ..ONE_SHARD
    };
    let handles = installation.open(short).await;
    let channel = room("a");
    let mut last = Position::default();
    for n in 1..=5_u64 {
        let appended = handles.log.append(record(&channel, &n.to_string())).await;
        last = appended.expect("appended").position;
    }
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    let head = heads(&handles, &channel).await;
    assert!(head.n >= last.n, "{head:?}");
    let page = handles.log.history(&channel, Slice::Latest, 10).await;
    assert!(page.expect("a page").records.is_empty());
    // Also a process that remembers nothing.
    let other = installation.open(short).await;
    assert_eq!(heads(&other, &channel).await, head);
    let next = other.log.append(record(&channel, "next")).await;
    let next = next.expect("appended").position;
    assert_eq!(next.n, head.n + 1);
    assert!(next.seq > last.seq);
    let missed = other.log.read(&channel, last, next, 10).await;
    assert_eq!(missed, Err(LogError::Trimmed { first_n: next.n }));
    assert_eq!(stored(&other, &channel, head).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_told_what_its_age_has_removed_in_front_of_younger_records() {
    let installation = Installation::new();
    let short = LogSettings {
        retention_ms: 1_000,
        ..ONE_SHARD
    };
    let handles = installation.open(short).await;
    let channel = room("a");
    let mut old = Vec::new();
    for n in 1..=3_u64 {
        let appended = handles.log.append(record(&channel, &n.to_string())).await;
        old.push(appended.expect("appended").position);
    }
    tokio::time::sleep(Duration::from_millis(2_800)).await;
    let young = handles.log.append(record(&channel, "4")).await;
    let young = young.expect("appended").position;
    assert_eq!(young.n, 4);
    tokio::time::sleep(Duration::from_millis(1_700)).await;
    let missed = handles.log.read(&channel, old[0], young, 10).await;
    assert_eq!(missed, Err(LogError::Trimmed { first_n: 4 }));
    // Nothing is missing behind the last of the old ones.
    assert_eq!(stored(&handles, &channel, old[2]).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_keeps_its_newest_ordinals() {
    let installation = Installation::new();
    let few = LogSettings {
        retention_records: 10,
        ..ONE_SHARD
    };
    let handles = installation.open(few).await;
    let channel = room("a");
    for n in 1..=200_u64 {
        let appended = handles.log.append(record(&channel, &n.to_string())).await;
        assert_eq!(appended.expect("appended").position.n, n);
    }
    let head = handles.log.heads(std::slice::from_ref(&channel)).await;
    let head = head.expect("heads")[0];
    assert_eq!((head.last.n, head.first_n), (200, 191));
    let page = handles.log.history(&channel, Slice::After(0), 100).await;
    assert_eq!(page.expect("a page").records.len(), 10);
    let start = Position::default();
    let missed = handles.log.read(&channel, start, head.last, 10).await;
    assert_eq!(missed, Err(LogError::Trimmed { first_n: 191 }));
}
