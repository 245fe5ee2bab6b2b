//! Appends that wait for their time.

use super::{
    Subject,
    support::{OVER_MS, SHORT_MS, head, payloads, read_all, record, room, until, within},
};
use crate::Handles;
use fanfare_proto::{Channel, Position};

fn soon(subject: &dyn Subject) -> i64 {
    subject.now_ms().saturating_add_unsigned(SHORT_MS)
}

async fn schedule(handles: &Handles, at_ms: i64, key: &str, channel: &Channel, payload: &str) {
    let append = record(channel, payload);
    within(handles.log.schedule(at_ms, key, append))
        .await
        .unwrap();
}

/// Waits until the channel holds `count` records; what they say.
async fn stored(handles: &Handles, channel: &Channel, count: u64) -> Vec<String> {
    until(|| async { head(&*handles.log, channel).await.last.n >= count }).await;
    payloads(&read_all(&*handles.log, channel, Position::default()).await)
}

pub(super) async fn a_scheduled_append_happens_once_and_not_early(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (early, late) = (room("early"), room("late"));
    schedule(&handles, soon(subject), "early", &early, "early").await;
    assert_eq!(head(&*handles.log, &early).await.last.n, 0);
    subject.pass(OVER_MS).await;
    assert_eq!(stored(&handles, &early, 1).await, ["early"]);
    // Once a later one has happened, an earlier one that happened twice would show.
    schedule(&handles, soon(subject), "late", &late, "late").await;
    subject.pass(OVER_MS).await;
    assert_eq!(stored(&handles, &late, 1).await, ["late"]);
    assert_eq!(stored(&handles, &early, 1).await, ["early"]);
}

pub(super) async fn a_scheduled_append_in_the_past_happens_at_once(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    for (count, at_ms) in [(1_u64, subject.now_ms() - 1), (2, 1)] {
        schedule(&handles, at_ms, &at_ms.to_string(), &channel, "x").await;
        assert_eq!(stored(&handles, &channel, count).await.len() as u64, count);
    }
}

pub(super) async fn a_cancelled_append_does_not_happen(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    assert!(!within(handles.log.cancel("never was")).await.unwrap());
    schedule(&handles, soon(subject), "cancelled", &channel, "no").await;
    schedule(&handles, soon(subject), "kept", &channel, "yes").await;
    assert!(within(handles.log.cancel("cancelled")).await.unwrap());
    assert!(!within(handles.log.cancel("cancelled")).await.unwrap());
    subject.pass(OVER_MS).await;
    assert_eq!(stored(&handles, &channel, 1).await, ["yes"]);
}

pub(super) async fn a_cancel_after_the_append_says_so(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    schedule(&handles, soon(subject), "key", &channel, "x").await;
    subject.pass(OVER_MS).await;
    // Whichever is first: the answer tells what happened.
    let cancelled = within(handles.log.cancel("key")).await.unwrap();
    if cancelled {
        schedule(&handles, soon(subject), "key", &channel, "x").await;
        subject.pass(OVER_MS).await;
    }
    assert_eq!(stored(&handles, &channel, 1).await, ["x"]);
    assert!(!within(handles.log.cancel("key")).await.unwrap());
}

pub(super) async fn the_same_key_replaces_what_was_scheduled(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    schedule(&handles, soon(subject), "key", &channel, "first").await;
    schedule(&handles, soon(subject), "key", &channel, "second").await;
    schedule(&handles, soon(subject), "other", &room("b"), "other").await;
    subject.pass(OVER_MS).await;
    assert_eq!(stored(&handles, &channel, 1).await, ["second"]);
    assert_eq!(stored(&handles, &room("b"), 1).await, ["other"]);
    assert_eq!(stored(&handles, &channel, 1).await, ["second"]);
}
