//! What the cases share.

use crate::{
    Handles, Log, Tail,
    error::LogError,
    log::{Append, Appended, Expect, Head, Page, Record, Slice, Tailed},
};
use bytes::Bytes;
use fanfare_proto::{Channel, Position, channel::Kind};
use std::time::Duration;

/// Ends a case that would hang. Longer than a broker's election; no case waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at something that takes a moment.
const PAUSE: Duration = Duration::from_millis(5);

/// Time to live and delay in the cases, in milliseconds: brokers count whole seconds.
pub(super) const SHORT_MS: u64 = 1_000;

/// After this anything with [`SHORT_MS`] is over.
pub(super) const OVER_MS: u64 = 2_100;

/// The result, or the case fails.
pub(super) async fn within<F: Future>(future: F) -> F::Output {
    let result = tokio::time::timeout(PATIENCE, future).await;
    result.expect("something that must happen did not")
}

/// Looks until it is so.
pub(super) async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    within(async {
        while !is_so().await {
            tokio::time::sleep(PAUSE).await;
        }
    })
    .await;
}

/// Repeats what a back end may refuse for a moment.
pub(super) async fn patiently<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, LogError>
where
    F: Future<Output = Result<T, LogError>>,
{
    within(async {
        loop {
            match attempt().await {
                Err(LogError::Stale | LogError::Unavailable) => tokio::time::sleep(PAUSE).await,
                result => return result,
            }
        }
    })
    .await
}

pub(super) fn room(id: &str) -> Channel {
    Channel::new(Kind::Room, id).unwrap()
}

pub(super) fn record(channel: &Channel, payload: &str) -> Append {
    Append {
        channel: channel.clone(),
        msg_id: None,
        expect: Expect::Any,
        ttl_ms: None,
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        trace: None,
    }
}

pub(super) fn with_id(channel: &Channel, payload: &str, id: &str) -> Append {
    Append {
        msg_id: Some(id.to_owned()),
        ..record(channel, payload)
    }
}

pub(super) fn at_head(channel: &Channel, payload: &str, head_n: u64) -> Append {
    Append {
        expect: Expect::Head(head_n),
        ..record(channel, payload)
    }
}

pub(super) fn short_lived(channel: &Channel, payload: &str) -> Append {
    Append {
        ttl_ms: Some(SHORT_MS),
        ..record(channel, payload)
    }
}

/// Appends what nothing speaks against.
pub(super) async fn append(handles: &Handles, append: Append) -> Appended {
    within(handles.log.append(append)).await.unwrap()
}

/// Appends `count` records with their ordinals as payload to a new channel; the last position.
pub(super) async fn fill(handles: &Handles, channel: &Channel, count: u64) -> Position {
    let mut last = Position::default();
    for n in 1..=count {
        last = append(handles, record(channel, &n.to_string()))
            .await
            .position;
        assert_eq!(last.n, n, "the channel was not new");
    }
    last
}

pub(super) async fn head(log: &dyn Log, channel: &Channel) -> Head {
    let channels = [channel.clone()];
    patiently(|| log.heads(&channels)).await.unwrap()[0]
}

pub(super) async fn read(
    log: &dyn Log,
    channel: &Channel,
    after: Position,
    upto: Position,
    limit: usize,
) -> Result<Page, LogError> {
    patiently(|| log.read(channel, after, upto, limit)).await
}

/// Reads everything after `after` up to the head, in small pages.
pub(super) async fn read_all(log: &dyn Log, channel: &Channel, after: Position) -> Vec<Record> {
    let upto = head(log, channel).await.last;
    let mut records: Vec<Record> = Vec::new();
    loop {
        let from = records.last().map_or(after, |record| record.position);
        let page = read(log, channel, from, upto, 7).await.unwrap();
        assert!(page.records.len() <= 7, "a page is over its limit");
        assert!(
            !page.more || !page.records.is_empty(),
            "a page leads nowhere"
        );
        records.extend(page.records);
        if !page.more {
            return records;
        }
    }
}

pub(super) async fn history(log: &dyn Log, channel: &Channel, slice: Slice, limit: usize) -> Page {
    let page = patiently(|| log.history(channel, slice, limit))
        .await
        .unwrap();
    assert!(page.records.len() <= limit, "a page is over its limit");
    page
}

pub(super) async fn get(log: &dyn Log, channel: &Channel, n: u64) -> Option<Record> {
    patiently(|| log.get(channel, n)).await.unwrap()
}

pub(super) fn ordinals(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.position.n).collect()
}

pub(super) fn payloads(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| String::from_utf8_lossy(&record.payload).into_owned();
    records.iter().map(text).collect()
}

/// The tail's next record.
pub(super) async fn tailed(tail: &mut dyn Tail) -> Record {
    match within(tail.next()).await {
        Some(Tailed::Record(record)) => record,
        other => panic!("a record was to come, not {other:?}"),
    }
}

/// The tail's records of `channel` up to ordinal `n`.
pub(super) async fn tailed_to(tail: &mut dyn Tail, channel: &Channel, n: u64) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    while records.last().is_none_or(|record| record.position.n < n) {
        let record = tailed(tail).await;
        if record.channel == *channel {
            records.push(record);
        }
    }
    records
}
