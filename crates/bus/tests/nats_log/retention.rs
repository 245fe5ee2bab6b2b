//! What age and number remove.

use super::{Installation, ONE_SHARD, heads, record, room, stored, within};
use fanfare_bus::{Handles, LogError, log::Slice, nats::LogSettings};
use fanfare_proto::{Channel, Position};
use futures_util::future::join_all;
use std::time::Duration;

const SECOND: LogSettings = LogSettings {
    retention_ms: 1_000,
    ..ONE_SHARD
};

/// Looks at `channel` until age has removed all of its records; `last_n` is the ordinal of the last one. Every page on the
/// way must hold the newest records, or what is left of them.
async fn emptied(handles: &Handles, channel: &Channel, last_n: u64) {
    const LIMIT: usize = 10;
    let mut least_n = 0;
    for look in 0_u64.. {
        let slice = match look % 3 {
            0 => Slice::Latest,
            1 => Slice::Before(last_n + 1),
            _ => Slice::After(last_n.saturating_sub(LIMIT as u64)),
        };
        let page = handles.log.history(channel, slice, LIMIT).await;
        let page = page.expect("a page");
        let ordinals: Vec<u64> = page.records.iter().map(|own| own.position.n).collect();
        let Some(&first_n) = ordinals.first() else {
            assert!(!page.more);
            assert_eq!(handles.log.get(channel, last_n).await, Ok(None));
            return;
        };
        assert_eq!(ordinals, (first_n..=last_n).collect::<Vec<_>>());
        assert!(first_n >= least_n, "{first_n} had been removed");
        least_n = first_n;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordinals_go_on_after_everything_was_removed_by_its_age() {
    let installation = Installation::new();
    let handles = installation.open(SECOND).await;
    let channel = room("a");
    let mut last = Position::default();
    for n in 1..=5_u64 {
        let appended = handles.log.append(record(&channel, &n.to_string())).await;
        last = appended.expect("appended").position;
    }
    within(emptied(&handles, &channel, last.n)).await;
    let head = heads(&handles, &channel).await;
    assert!(head.n >= last.n, "{head:?}");
    // Also a process that remembers nothing.
    let other = installation.open(SECOND).await;
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
async fn pages_are_right_while_age_removes_what_they_hold() {
    let installation = Installation::new();
    let handles = installation.open(SECOND).await;
    let channels: Vec<Channel> = (0..32).map(|which| room(&which.to_string())).collect();
    for channel in &channels {
        // More than the page index has entries for.
        let batch = vec![record(channel, "x"); 130];
        handles.log.append_all(batch).await.expect("appended");
    }
    let readers = channels.iter().map(|own| emptied(&handles, own, 130));
    within(join_all(readers)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_told_what_its_age_has_removed_in_front_of_younger_records() {
    let installation = Installation::new();
    let short = LogSettings {
        retention_ms: 3_000,
        ..ONE_SHARD
    };
    let handles = installation.open(short).await;
    let channel = room("a");
    let mut old = Vec::new();
    for n in 1..=3_u64 {
        let appended = handles.log.append(record(&channel, &n.to_string())).await;
        old.push(appended.expect("appended").position);
    }
    // The old ones are there until 4.15 s, the young one until 6.95 s.
    tokio::time::sleep(Duration::from_millis(2_800)).await;
    let young = handles.log.append(record(&channel, "4")).await;
    let young = young.expect("appended").position;
    assert_eq!(young.n, 4);
    let removed = async {
        loop {
            let missed = handles.log.read(&channel, old[0], young, 10).await;
            match missed {
                Ok(page) => assert_eq!(page.records.last().map(|own| own.position), Some(young)),
                Err(LogError::Trimmed { first_n: 2..=3 }) => {}
                missed => return missed,
            }
        }
    };
    assert_eq!(within(removed).await, Err(LogError::Trimmed { first_n: 4 }));
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
