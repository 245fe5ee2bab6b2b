//! Live readers, where nothing makes them lose records but their own slowness.

use super::{
    Subject,
    support::{
        OVER_MS, SHORT_MS, append, at_head, fill, get, head, ordinals, payloads, read_all, record,
        room, tailed, tailed_to, with_id, within,
    },
};
use crate::log::{Append, Record, Tailed};
use fanfare_lifecycle::{Tasks, trace};
use fanfare_proto::{Position, trace::Context};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

pub(super) async fn a_tail_misses_nothing_that_was_appended_after_it_opened(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    for round in 0..20 {
        // A new tail each time: what is to be missed is the first record after it opened.
        let mut tail = within(handles.log.tail()).await.unwrap();
        let appended = append(&handles, record(&channel, &round.to_string())).await;
        let seen = tailed(&mut *tail).await;
        assert_eq!(seen.position, appended.position);
        assert_eq!(seen.payload, round.to_string());
    }
}

pub(super) async fn a_tail_and_heads_read_after_it_opened_leave_no_hole(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channels = [room("a"), room("b"), room("c")];
    let (tasks, stop) = (Tasks::new(), Arc::new(AtomicBool::new(false)));
    let mut writers = Vec::new();
    for which in 0..6 {
        let (log, stop) = (Arc::clone(&handles.log), Arc::clone(&stop));
        let channel = channels[which % 3].clone();
        writers.push(tasks.spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                log.append(record(&channel, "x")).await.unwrap();
            }
        }));
    }
    let mut readers = Vec::new();
    for _ in 0..10 {
        let tail = within(handles.log.tail()).await.unwrap();
        let mut heads = Vec::new();
        for channel in &channels {
            heads.push(head(&*handles.log, channel).await.last.n);
        }
        readers.push((tail, heads));
    }
    // A moment of appends beyond the last reader's heads.
    let beyond = readers[9].1[0] + 20;
    super::support::until(|| async { head(&*handles.log, &channels[0]).await.last.n > beyond })
        .await;
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        within(writer).await.unwrap();
    }
    let mut ends = Vec::new();
    for channel in &channels {
        ends.push(append(&handles, record(channel, "end")).await.position.n);
    }
    for (mut tail, heads) in readers {
        let mut next_n: Vec<u64> = heads.iter().map(|n| n + 1).collect();
        while next_n.iter().zip(&ends).any(|(next_n, end)| next_n <= end) {
            let seen = tailed(&mut *tail).await;
            let which = channels
                .iter()
                .position(|channel| *channel == seen.channel)
                .unwrap();
            // Up to the head it may show what was stored already.
            if seen.position.n > heads[which] {
                assert_eq!(seen.position.n, next_n[which], "a hole, or twice");
                next_n[which] += 1;
            }
        }
    }
}

pub(super) async fn a_tail_shows_records_as_a_read_does(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    fill(&handles, &channel, 2).await;
    let mut tail = within(handles.log.tail()).await.unwrap();
    let mut with_ttl = record(&channel, "with a ttl");
    with_ttl.ttl_ms = Some(3_600_000);
    append(&handles, with_ttl).await;
    append(&handles, with_id(&channel, "with an id", "id")).await;
    append(&handles, with_id(&channel, "a duplicate", "id")).await;
    append(&handles, record(&channel, "plain")).await;
    let seen = tailed_to(&mut *tail, &channel, 5).await;
    let stored = read_all(&*handles.log, &channel, Position::default()).await;
    assert_eq!(seen, stored[2..]);
}

pub(super) async fn a_tail_shows_a_batch_whole_and_in_order(subject: &dyn Subject) {
    let handles = subject.open().await;
    let (a, b) = (room("a"), room("b"));
    let mut tail = within(handles.log.tail()).await.unwrap();
    let batch = vec![
        record(&a, "1"),
        record(&b, "2"),
        record(&a, "3"),
        record(&b, "4"),
    ];
    let appended = within(handles.log.append_all(batch)).await.unwrap();
    let mut seen = Vec::new();
    for _ in &appended {
        seen.push(tailed(&mut *tail).await);
    }
    let positions: Vec<Position> = seen.iter().map(|record| record.position).collect();
    let expected: Vec<Position> = appended.iter().map(|done| done.position).collect();
    assert_eq!(positions, expected);
    assert_eq!(payloads(&seen), ["1", "2", "3", "4"]);
}

pub(super) async fn a_tail_shows_nothing_that_was_rejected(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let mut tail = within(handles.log.tail()).await.unwrap();
    let tasks = Tasks::new();
    let mut writers = Vec::new();
    for writer in 0..8 {
        let (log, channel) = (Arc::clone(&handles.log), channel.clone());
        writers.push(tasks.spawn(async move {
            let mut accepted = Vec::new();
            for step in 0..20 {
                let payload = format!("{writer}-{step}");
                let head_n = head(&*log, &channel).await.last.n;
                let batch = vec![record(&channel, &payload), at_head(&channel, "no", head_n)];
                assert!(log.append_all(batch).await.is_err());
                if let Ok(done) = log.append(at_head(&channel, &payload, head_n)).await {
                    accepted.push((done.position, payload));
                }
            }
            accepted
        }));
    }
    let mut accepted = Vec::new();
    for writer in writers {
        accepted.extend(within(writer).await.unwrap());
    }
    let end = append(&handles, record(&channel, "end")).await.position;
    accepted.push((end, "end".to_owned()));
    accepted.sort();
    let seen = tailed_to(&mut *tail, &channel, end.n).await;
    let shown: Vec<_> = seen
        .iter()
        .map(|record| record.position)
        .zip(payloads(&seen))
        .collect();
    assert_eq!(shown, accepted);
}

pub(super) async fn a_tail_shows_a_scheduled_append(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let mut tail = within(handles.log.tail()).await.unwrap();
    let soon = subject.now_ms().saturating_add_unsigned(SHORT_MS);
    let schedule = handles.log.schedule(soon, "key", record(&channel, "x"));
    within(schedule).await.unwrap();
    subject.pass(OVER_MS).await;
    let seen = tailed(&mut *tail).await;
    assert_eq!(Some(seen), get(&*handles.log, &channel, 1).await);
}

pub(super) async fn a_slow_tail_is_told_that_it_lags(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let mut tail = within(handles.log.tail()).await.unwrap();
    let mut left = subject.overflow();
    while left > 0 {
        let some = left.min(1_000);
        let batch = vec![record(&channel, "x"); some];
        within(handles.log.append_all(batch)).await.unwrap();
        left -= some;
    }
    let mut seen: Vec<Record> = Vec::new();
    loop {
        match within(tail.next()).await {
            Some(Tailed::Record(record)) => seen.push(record),
            Some(Tailed::Lagged) => break,
            None => panic!("the tail has ended"),
        }
    }
    // Until it lagged it had everything, and after it goes on.
    assert_eq!(ordinals(&seen), (1..=seen.len() as u64).collect::<Vec<_>>());
    let appended = append(&handles, record(&channel, "after")).await;
    loop {
        match within(tail.next()).await {
            Some(Tailed::Record(record)) if record.position == appended.position => break,
            Some(_earlier) => {}
            None => panic!("the tail has ended"),
        }
    }
}

pub(super) async fn two_tails_do_not_take_from_each_other(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let mut first = within(handles.log.tail()).await.unwrap();
    let mut second = within(handles.log.tail()).await.unwrap();
    assert_eq!(first.try_next(), None);
    fill(&handles, &channel, 5).await;
    let seen = tailed_to(&mut *first, &channel, 5).await;
    assert_eq!(ordinals(&seen), [1, 2, 3, 4, 5]);
    drop(first);
    assert_eq!(tailed_to(&mut *second, &channel, 5).await, seen);
    append(&handles, record(&channel, "6")).await;
    assert_eq!(tailed(&mut *second).await.position.n, 6);
}

pub(super) async fn a_tail_tells_what_each_append_is_part_of(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let context = |id: u8| Context::new([id; 16], [id; 8], true);
    let of = |trace| Append {
        trace,
        ..record(&channel, "x")
    };
    let mut tail = within(handles.log.tail()).await.unwrap();
    // What the caller works for is not what he appends for others.
    let appends = vec![of(context(1)), of(None), of(context(2))];
    let appended = trace::within(context(3), handles.log.append_all(appends));
    within(appended).await.unwrap();
    append(&handles, of(context(4))).await;
    for expected in [context(1), None, context(2), context(4)] {
        assert_eq!(tailed(&mut *tail).await.trace, expected);
    }
}
