//! Heads and reads by position.

use super::{
    Subject,
    support::{append, fill, get, head, ordinals, patiently, read, read_all, record, room, within},
};
use crate::{error::LogError, log::Head};
use fanfare_lifecycle::Tasks;
use fanfare_proto::Position;
use std::sync::Arc;

pub(super) async fn heads_show_every_append_that_was_answered(subject: &dyn Subject) {
    let handles = subject.open().await;
    let tasks = Tasks::new();
    let mut running = Vec::new();
    for writer in 0..4 {
        let log = Arc::clone(&handles.log);
        running.push(tasks.spawn(async move {
            let channel = room(&writer.to_string());
            for _ in 0..50 {
                let appended = log.append(record(&channel, "x")).await.unwrap();
                assert_eq!(head(&*log, &channel).await.last, appended.position);
            }
        }));
    }
    for writer in running {
        within(writer).await.unwrap();
    }
}

pub(super) async fn heads_keep_the_order_they_were_asked_in(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channels: Vec<_> = (0..100).map(|which| room(&which.to_string())).collect();
    let mut expected = vec![Position::default(); channels.len()];
    for which in (0..channels.len()).rev().step_by(3) {
        expected[which] = append(&handles, record(&channels[which], "x"))
            .await
            .position;
    }
    let heads = patiently(|| handles.log.heads(&channels)).await.unwrap();
    let last: Vec<Position> = heads.iter().map(|head| head.last).collect();
    assert_eq!(last, expected);
    assert_eq!(
        patiently(|| handles.log.heads(&[])).await.unwrap(),
        Vec::<Head>::new()
    );
}

pub(super) async fn a_read_reaches_upto_page_by_page(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    fill(&handles, &channel, 20).await;
    let all = read_all(&*handles.log, &channel, Position::default()).await;
    assert_eq!(ordinals(&all), (1..=20).collect::<Vec<_>>());
    let rest = read_all(&*handles.log, &channel, all[4].position).await;
    assert_eq!(rest, all[5..]);
    let (after, upto) = (all[4].position, all[11].position);
    let mut part = Vec::new();
    loop {
        let from = part
            .last()
            .map_or(after, |record: &crate::log::Record| record.position);
        let page = read(&*handles.log, &channel, from, upto, 5).await.unwrap();
        part.extend(page.records);
        if !page.more {
            break;
        }
    }
    assert_eq!(part, all[5..=11]);
    let nothing = read(&*handles.log, &channel, upto, upto, 5).await.unwrap();
    assert!(nothing.records.is_empty() && !nothing.more);
}

pub(super) async fn a_read_beyond_the_head_is_refused_and_not_shortened(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let last = fill(&handles, &channel, 3).await;
    let beyond = Position {
        seq: last.seq + 1,
        n: last.n + 1,
    };
    let read = handles.log.read(&channel, Position::default(), beyond, 100);
    assert_eq!(within(read).await, Err(LogError::Stale));
}

pub(super) async fn a_position_of_no_such_record_is_a_mismatch(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (channel, other) = (room("a"), room("b"));
    let mut mine = Vec::new();
    let mut others = Vec::new();
    for _ in 0..5 {
        mine.push(append(&handles, record(&channel, "x")).await.position);
        others.push(append(&handles, record(&other, "x")).await.position);
    }
    let last = mine[4];
    for after in [
        Position {
            seq: last.seq,
            n: last.n + 1,
        },
        Position {
            seq: last.seq + 1_000,
            n: last.n,
        },
        Position {
            seq: last.seq + 1_000,
            n: last.n + 1_000,
        },
        Position {
            seq: mine[1].seq,
            n: 3,
        },
        Position {
            seq: mine[3].seq,
            n: 3,
        },
        Position {
            seq: mine[0].seq,
            n: 0,
        },
        Position { seq: 0, n: 3 },
        others[2],
    ] {
        let result = read(&*handles.log, &channel, after, last, 100).await;
        assert_eq!(result, Err(LogError::Mismatch), "{after:?}");
    }
    let nowhere = room("never");
    let result = read(&*handles.log, &nowhere, mine[0], mine[0], 100).await;
    assert_eq!(result, Err(LogError::Mismatch));
    let start = Position::default();
    let result = read(&*handles.log, &nowhere, start, start, 100).await;
    assert_eq!(result.unwrap().records, []);
}

pub(super) async fn a_position_whose_record_is_deleted_is_fine(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    fill(&handles, &channel, 5).await;
    let all = read_all(&*handles.log, &channel, Position::default()).await;
    for n in [3, 5] {
        assert!(within(handles.log.delete(&channel, n)).await.unwrap());
    }
    let after_third = read_all(&*handles.log, &channel, all[2].position).await;
    assert_eq!(ordinals(&after_third), [4]);
    let after_last = read_all(&*handles.log, &channel, all[4].position).await;
    assert!(after_last.is_empty());
    // What never stood there is still recognised.
    let wrong = Position {
        seq: all[3].position.seq,
        n: 3,
    };
    let result = read(&*handles.log, &channel, wrong, all[4].position, 100).await;
    assert_eq!(result, Err(LogError::Mismatch));
}

pub(super) async fn a_deleted_record_is_gone_and_its_ordinal_stays_used(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let last = fill(&handles, &channel, 3).await;
    assert!(get(&*handles.log, &channel, 3).await.is_some());
    assert!(within(handles.log.delete(&channel, 3)).await.unwrap());
    assert!(!within(handles.log.delete(&channel, 3)).await.unwrap());
    assert!(!within(handles.log.delete(&channel, 99)).await.unwrap());
    assert!(get(&*handles.log, &channel, 3).await.is_none());
    assert_eq!(head(&*handles.log, &channel).await.last, last);
    let left = read_all(&*handles.log, &channel, Position::default()).await;
    assert_eq!(ordinals(&left), [1, 2]);
    assert_eq!(append(&handles, record(&channel, "x")).await.position.n, 4);
}
