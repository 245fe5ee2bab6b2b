//! Several appends at once.

use super::{
    Subject,
    support::{
        append, at_head, head, patiently, payloads, read_all, record, room, with_id, within,
    },
};
use crate::error::LogError;
use fanfare_lifecycle::Tasks;
use fanfare_proto::Position;
use std::sync::Arc;

pub(super) async fn a_batch_with_a_conflict_leaves_nothing(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (a, b) = (room("a"), room("b"));
    append(&handles, record(&b, "before")).await;
    // The conflict comes last, so that everything before it would have been done by then.
    let batch = vec![
        with_id(&a, "one", "id"),
        record(&b, "two"),
        at_head(&a, "three", 7),
    ];
    let refused = within(handles.log.append_all(batch)).await;
    assert_eq!(refused, Err(LogError::Conflict { head_n: 1 }));
    assert_eq!(head(&*handles.log, &a).await.last, Position::default());
    assert_eq!(head(&*handles.log, &b).await.last.n, 1);
    // Nor is the id of a record that was not appended known.
    let appended = append(&handles, with_id(&a, "one", "id")).await;
    assert_eq!((appended.duplicate, appended.position.n), (false, 1));
}

pub(super) async fn a_batch_sees_its_own_records(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (a, b) = (room("a"), room("b"));
    let batch = vec![
        at_head(&a, "a1", 0),
        at_head(&b, "b1", 0),
        at_head(&a, "a2", 1),
        with_id(&a, "a3", "id"),
        with_id(&a, "not again", "id"),
        at_head(&a, "a4", 3),
    ];
    let appended = within(handles.log.append_all(batch)).await.unwrap();
    let duplicates: Vec<bool> = appended.iter().map(|done| done.duplicate).collect();
    assert_eq!(duplicates, [false, false, false, false, true, false]);
    assert_eq!(appended[4].position, appended[3].position);
    let stored = read_all(&*handles.log, &a, Position::default()).await;
    assert_eq!(payloads(&stored), ["a1", "a2", "a3", "a4"]);
    let mut prev_seq = 0;
    for record in stored {
        assert_eq!(record.prev_seq, prev_seq);
        prev_seq = record.position.seq;
    }
}

pub(super) async fn a_known_id_in_a_batch_is_a_duplicate_alone(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let first = append(&handles, with_id(&channel, "first", "id")).await;
    let batch = vec![
        record(&channel, "new"),
        with_id(&channel, "again", "id"),
        with_id(&channel, "newer", "other"),
    ];
    let appended = within(handles.log.append_all(batch.clone())).await.unwrap();
    let ordinals: Vec<u64> = appended.iter().map(|done| done.position.n).collect();
    assert_eq!(ordinals, [2, first.position.n, 3]);
    assert!(!appended[0].duplicate && appended[1].duplicate && !appended[2].duplicate);
}

pub(super) async fn a_batch_is_visible_all_at_once(subject: &dyn Subject) {
    const BATCHES: u64 = 100;
    let handles = subject.open().await;
    let channels = [room("a"), room("b")];
    let (log, tasks) = (Arc::clone(&handles.log), Tasks::new());
    let batch = channels.iter().map(|channel| record(channel, "x"));
    let batch: Vec<_> = batch.collect();
    let writer = tasks.spawn(async move {
        for _ in 0..BATCHES {
            log.append_all(batch.clone()).await.unwrap();
        }
    });
    loop {
        let heads = patiently(|| handles.log.heads(&channels)).await.unwrap();
        assert_eq!(heads[0].last.n, heads[1].last.n, "half a batch is visible");
        if heads[0].last.n == BATCHES {
            break;
        }
    }
    within(writer).await.unwrap();
}
