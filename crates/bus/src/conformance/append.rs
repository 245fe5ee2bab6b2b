//! Single appends.

use super::{
    Subject,
    support::{append, at_head, fill, head, ordinals, read_all, record, room, with_id, within},
};
use crate::error::LogError;
use bytes::Bytes;
use fanfare_lifecycle::Tasks;
use fanfare_proto::Position;
use std::collections::HashSet;
use std::sync::Arc;

pub(super) async fn ordinals_have_no_holes_under_concurrent_appends(subject: &dyn Subject) {
    const WRITERS: u64 = 16;
    const EACH: u64 = 30;
    let handles = subject.open().await;
    let channels = [room("a"), room("b")];
    let tasks = Tasks::new();
    let mut running = Vec::new();
    for writer in 0..WRITERS {
        let (log, channels) = (Arc::clone(&handles.log), channels.clone());
        running.push(tasks.spawn(async move {
            let mut done = Vec::new();
            for step in 0..EACH {
                let which = usize::from((writer + step) % 2 == 1);
                let channel = &channels[which];
                // An append that is bound to fail must not leave a hole.
                let failed = log.append(at_head(channel, "never", u64::MAX)).await;
                assert!(matches!(failed, Err(LogError::Conflict { .. })));
                let payload = format!("{writer}-{step}");
                let appended = log.append(record(channel, &payload)).await.unwrap();
                assert!(!appended.duplicate);
                done.push((which, appended.position, payload));
            }
            done
        }));
    }
    let mut done = Vec::new();
    for writer in running {
        done.extend(within(writer).await.unwrap());
    }
    let seqs: HashSet<u64> = done.iter().map(|(_, position, _)| position.seq).collect();
    assert_eq!(seqs.len(), done.len(), "a seq was given out twice");
    for (which, channel) in channels.iter().enumerate() {
        let mut mine: Vec<(Position, &String)> = done
            .iter()
            .filter(|(of, ..)| *of == which)
            .map(|(_, position, payload)| (*position, payload))
            .collect();
        mine.sort();
        let stored = read_all(&*handles.log, channel, Position::default()).await;
        assert_eq!(
            ordinals(&stored),
            (1..=WRITERS * EACH / 2).collect::<Vec<_>>()
        );
        for (record, (position, payload)) in stored.iter().zip(mine) {
            assert_eq!(record.position, position);
            assert_eq!(record.payload, payload.as_bytes());
        }
        let is_growing = |pair: &[crate::log::Record]| pair[0].position.seq < pair[1].position.seq;
        assert!(
            stored.windows(2).all(is_growing),
            "seq does not grow with n"
        );
    }
}

pub(super) async fn every_record_names_the_one_before_it(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (channel, other) = (room("a"), room("b"));
    for n in 0..10 {
        append(&handles, record(&channel, &n.to_string())).await;
        append(&handles, record(&other, "between")).await;
    }
    let mut prev_seq = 0;
    for record in read_all(&*handles.log, &channel, Position::default()).await {
        assert_eq!(record.prev_seq, prev_seq);
        prev_seq = record.position.seq;
    }
    assert_ne!(prev_seq, 0);
}

pub(super) async fn the_chain_skips_what_was_deleted(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    fill(&handles, &channel, 3).await;
    let stored = read_all(&*handles.log, &channel, Position::default()).await;
    assert!(within(handles.log.delete(&channel, 3)).await.unwrap());
    assert!(within(handles.log.delete(&channel, 2)).await.unwrap());
    append(&handles, record(&channel, "4")).await;
    let last = read_all(&*handles.log, &channel, Position::default())
        .await
        .pop()
        .unwrap();
    assert_eq!(last.position.n, 4);
    assert_eq!(last.prev_seq, stored[0].position.seq);
    assert!(within(handles.log.delete(&channel, 4)).await.unwrap());
    assert!(within(handles.log.delete(&channel, 1)).await.unwrap());
    append(&handles, record(&channel, "5")).await;
    let alone = read_all(&*handles.log, &channel, Position::default()).await;
    assert_eq!(ordinals(&alone), [5]);
    assert_eq!(alone[0].prev_seq, 0);
}

pub(super) async fn the_same_id_gets_the_first_answer(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let first = append(&handles, with_id(&channel, "first", "id")).await;
    assert!(!first.duplicate);
    append(&handles, record(&channel, "between")).await;
    let again = append(&handles, with_id(&channel, "again", "id")).await;
    assert!(again.duplicate);
    assert_eq!(again.position, first.position);
    assert_eq!(head(&*handles.log, &channel).await.last.n, 2);
    // Deleting the record does not make room for a second one.
    assert!(
        within(handles.log.delete(&channel, first.position.n))
            .await
            .unwrap()
    );
    let again = append(&handles, with_id(&channel, "again", "id")).await;
    assert_eq!((again.duplicate, again.position), (true, first.position));
}

pub(super) async fn the_same_id_at_the_same_time_appends_once(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let tasks = Tasks::new();
    let mut running = Vec::new();
    for racer in 0..16 {
        let (log, append) = (
            Arc::clone(&handles.log),
            with_id(&channel, &racer.to_string(), "id"),
        );
        running.push(tasks.spawn(async move { log.append(append).await.unwrap() }));
    }
    let mut positions = HashSet::new();
    let mut fresh = 0;
    for racer in running {
        let appended = within(racer).await.unwrap();
        positions.insert(appended.position);
        fresh += u32::from(!appended.duplicate);
    }
    assert_eq!((positions.len(), fresh), (1, 1));
    assert_eq!(head(&*handles.log, &channel).await.last.n, 1);
}

pub(super) async fn an_id_belongs_to_its_channel(subject: &dyn Subject) {
    let handles = subject.open().await;
    for channel in [room("a"), room("b")] {
        let appended = append(
            &handles,
            with_id(&channel, "x", "id with \u{e9}, spaces and .*>"),
        )
        .await;
        assert!(!appended.duplicate);
        assert_eq!(appended.position.n, 1);
    }
}

pub(super) async fn one_of_many_conditional_appends_wins(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    for round in 0..5 {
        let tasks = Tasks::new();
        let mut running = Vec::new();
        for racer in 0..16 {
            let (log, append) = (
                Arc::clone(&handles.log),
                at_head(&channel, &racer.to_string(), round),
            );
            running.push(tasks.spawn(async move { log.append(append).await }));
        }
        let mut won = 0;
        for racer in running {
            match within(racer).await.unwrap() {
                Ok(appended) => {
                    assert_eq!(appended.position.n, round + 1);
                    won += 1;
                }
                Err(error) => assert_eq!(error, LogError::Conflict { head_n: round + 1 }),
            }
        }
        assert_eq!(won, 1);
    }
}

pub(super) async fn a_rejected_append_uses_no_ordinal(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let rejected = within(handles.log.append(at_head(&channel, "no", 1))).await;
    assert_eq!(rejected, Err(LogError::Conflict { head_n: 0 }));
    assert_eq!(
        append(&handles, at_head(&channel, "yes", 0))
            .await
            .position
            .n,
        1
    );
    let rejected = within(handles.log.append(at_head(&channel, "no", 0))).await;
    assert_eq!(rejected, Err(LogError::Conflict { head_n: 1 }));
    assert_eq!(
        append(&handles, at_head(&channel, "yes", 1))
            .await
            .position
            .n,
        2
    );
}

pub(super) async fn a_repeated_conditional_append_is_a_duplicate_and_no_conflict(
    subject: &dyn Subject,
) {
    let handles = subject.open().await;
    let channel = room("a");
    let conditional = || crate::log::Append {
        msg_id: Some("id".to_owned()),
        ..at_head(&channel, "x", 0)
    };
    let first = append(&handles, conditional()).await;
    let again = append(&handles, conditional()).await;
    assert_eq!((again.duplicate, again.position), (true, first.position));
}

pub(super) async fn what_is_too_large_is_refused(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let largest = || crate::log::Append {
        payload: Bytes::from(vec![0; 256 * 1024]),
        ..with_id(&channel, "", &"i".repeat(128))
    };
    assert_eq!(append(&handles, largest()).await.position.n, 1);
    let mut payload = largest();
    payload.payload = Bytes::from(vec![0; 256 * 1024 + 1]);
    let mut id = largest();
    id.msg_id = Some("i".repeat(129));
    for too_large in [payload, id] {
        let refused = within(handles.log.append(too_large.clone())).await;
        assert_eq!(refused, Err(LogError::TooLarge));
        let refused = within(handles.log.schedule(0, "key", too_large)).await;
        assert_eq!(refused, Err(LogError::TooLarge));
    }
    let key = "k".repeat(129);
    let refused = within(handles.log.schedule(0, &key, record(&channel, "x"))).await;
    assert_eq!(refused, Err(LogError::TooLarge));
    let many = vec![record(&channel, "x"); 1_001];
    let refused = within(handles.log.append_all(many)).await;
    assert_eq!(refused, Err(LogError::TooLarge));
    assert_eq!(head(&*handles.log, &channel).await.last.n, 1);
}
