//! What a restart keeps.

use super::{
    Subject,
    support::{
        OVER_MS, SHORT_MS, append, fill, get, head, ordinals, read_all, record, room, short_lived,
        until, with_id, within,
    },
};
use crate::kv::Expect;
use bytes::Bytes;
use fanfare_proto::Position;
use std::sync::Arc;

pub(super) async fn what_was_answered_is_there_after_a_restart(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (channel, trimmed) = (room("a"), room("b"));
    fill(&handles, &channel, 20).await;
    fill(&handles, &trimmed, 10).await;
    within(handles.log.delete(&channel, 7)).await.unwrap();
    within(handles.log.trim(&trimmed, 5)).await.unwrap();
    let epoch = handles.log.epoch(&channel);
    let before = read_all(&*handles.log, &channel, Position::default()).await;
    drop(handles);

    let handles = subject.open().await;
    assert_eq!(handles.log.epoch(&channel), epoch);
    let after = read_all(&*handles.log, &channel, Position::default()).await;
    assert_eq!(after, before);
    assert_eq!(head(&*handles.log, &trimmed).await.first_n, 5);
    let next = append(&handles, record(&channel, "21")).await;
    assert_eq!(next.position.n, 21);
    assert!(next.position.seq > before[18].position.seq);
    let missed = read_all(&*handles.log, &channel, before[17].position).await;
    assert_eq!(ordinals(&missed), [20, 21]);
}

pub(super) async fn ids_are_remembered_across_a_restart(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let first = append(&handles, with_id(&channel, "x", "id")).await;
    drop(handles);
    let handles = subject.open().await;
    let again = append(&handles, with_id(&channel, "x", "id")).await;
    assert_eq!((again.duplicate, again.position), (true, first.position));
}

pub(super) async fn the_last_ordinal_is_not_reused_after_expiry_and_restart(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let last = append(&handles, short_lived(&channel, "1")).await;
    drop(handles);
    subject.pass(OVER_MS).await;
    let handles = subject.open().await;
    assert!(get(&*handles.log, &channel, 1).await.is_none());
    assert_eq!(head(&*handles.log, &channel).await.last, last.position);
    let next = append(&handles, record(&channel, "2")).await.position;
    assert!(next.n == 2 && next.seq > last.position.seq);
}

pub(super) async fn a_scheduled_append_happens_once_across_restarts(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (channel, marker) = (room("a"), room("b"));
    let soon = subject.now_ms().saturating_add_unsigned(SHORT_MS);
    let schedule = handles.log.schedule(soon, "key", record(&channel, "x"));
    within(schedule).await.unwrap();
    drop(handles);
    subject.pass(OVER_MS).await;
    // It became due while nobody was there, and is not due again the next time.
    for round in 1..=2 {
        let handles = subject.open().await;
        until(|| async { head(&*handles.log, &channel).await.last.n >= 1 }).await;
        append(&handles, record(&marker, &round.to_string())).await;
        drop(handles);
    }
    let handles = subject.open().await;
    assert_eq!(head(&*handles.log, &channel).await.last.n, 1);
    assert_eq!(head(&*handles.log, &marker).await.last.n, 2);
}

pub(super) async fn records_of_buckets_survive_a_restart(subject: &dyn Subject) {
    let handles = subject.open().await;
    let value = Bytes::from_static(b"value");
    let put = |key: &'static str, ttl_ms| {
        let (kv, value) = (Arc::clone(&handles.kv), value.clone());
        async move {
            within(kv.put("b", key, value, Expect::Any, ttl_ms))
                .await
                .unwrap()
        }
    };
    let revision = put("kept", None).await;
    put("short", Some(SHORT_MS)).await;
    let latest = put("gone", None).await;
    within(handles.kv.delete("b", "gone", Expect::Any))
        .await
        .unwrap();
    drop(handles);
    subject.pass(OVER_MS).await;

    let handles = subject.open().await;
    let kept = within(handles.kv.get("b", "kept")).await.unwrap().unwrap();
    assert_eq!((kept.revision, kept.value), (revision, value.clone()));
    for key in ["short", "gone"] {
        assert_eq!(within(handles.kv.get("b", key)).await.unwrap(), None);
    }
    let put = handles.kv.put("b", "gone", value, Expect::Absent, None);
    assert!(
        within(put).await.unwrap() > latest,
        "a revision was given out again"
    );
}
