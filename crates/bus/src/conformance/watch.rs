//! Following a prefix.

use super::{
    Subject,
    kv::{BUCKET, delete, put, put_short, scan_all},
    support::{OVER_MS, within},
};
use crate::{
    Handles,
    kv::{Change, Expect, Op, Record, Watch},
};
use bytes::Bytes;
use fanfare_lifecycle::Tasks;
use std::collections::BTreeMap;

async fn watch(handles: &Handles, prefix: &str) -> Box<dyn Watch> {
    within(handles.kv.watch(BUCKET, prefix)).await.unwrap()
}

async fn next(watch: &mut dyn Watch) -> Change {
    within(watch.next()).await.expect("the watch has ended")
}

async fn next_put(watch: &mut dyn Watch) -> Record {
    match next(watch).await {
        Change::Put(record) => record,
        other => panic!("a record was to come, not {other:?}"),
    }
}

/// What a follower knows.
#[derive(Default)]
struct View {
    records: BTreeMap<String, Record>,
    is_settled: bool,
    resyncs: u32,
}

impl View {
    fn apply(&mut self, change: Change) {
        match change {
            Change::Put(record) => {
                let known = self.records.insert(record.key.clone(), record.clone());
                let is_newer = known.is_none_or(|known| known.revision <= record.revision);
                assert!(is_newer, "{} went back", record.key);
            }
            Change::Gone(key) => {
                self.records.remove(&key);
            }
            Change::Settled => self.is_settled = true,
            Change::Resync => {
                self.records.clear();
                self.is_settled = false;
                self.resyncs += 1;
            }
        }
    }

    /// Follows until the record `key` is there and everything before it was told.
    async fn follow_to(&mut self, watch: &mut dyn Watch, key: &str) {
        while !self.is_settled || !self.records.contains_key(key) {
            self.apply(next(watch).await);
        }
    }

    fn records(self) -> Vec<Record> {
        self.records.into_values().collect()
    }
}

pub(super) async fn a_watch_tells_what_is_there_then_what_changes(subject: &dyn Subject) {
    let handles = subject.open().await;
    put(&handles, "a.1", "old").await;
    let one = put(&handles, "a.1", "one").await;
    let two = put(&handles, "a.2", "two").await;
    put(&handles, "a.3", "three").await;
    delete(&handles, "a.3").await;
    put(&handles, "b.1", "not mine").await;
    let mut watch = watch(&handles, "a.").await;
    let mut there = [next_put(&mut *watch).await, next_put(&mut *watch).await];
    there.sort_by_key(|record| record.revision);
    assert_eq!(there.each_ref().map(|record| record.revision), [one, two]);
    assert_eq!(next(&mut *watch).await, Change::Settled);

    put(&handles, "b.2", "not mine").await;
    let three = put(&handles, "a.1", "three").await;
    delete(&handles, "a.2").await;
    delete(&handles, "a.never-was").await;
    put(&handles, "a.4", "four").await;
    let changed = next_put(&mut *watch).await;
    assert_eq!(
        (changed.revision, &*changed.value),
        (three, b"three".as_slice())
    );
    assert_eq!(next(&mut *watch).await, Change::Gone("a.2".to_owned()));
    assert_eq!(next_put(&mut *watch).await.key, "a.4");
}

pub(super) async fn a_watch_has_no_hole_between_the_two(subject: &dyn Subject) {
    let handles = subject.open().await;
    // Enough that what is there is read while it changes.
    let fill = (0..700).map(|which| Op::Put {
        key: format!("k.{which}"),
        value: Bytes::from_static(b"0"),
        expect: Expect::Any,
        ttl_ms: None,
    });
    within(handles.kv.batch(BUCKET, fill.collect()))
        .await
        .unwrap();
    for round in 0..5 {
        let tasks = Tasks::new();
        let writing = handles.clone();
        let writer = tasks.spawn(async move {
            for step in 0..120_u32 {
                // Some keys more than once, and of every page.
                let key = format!("k.{}", step * 37 % 40 * 17);
                if step % 5 == 4 {
                    delete(&writing, &key).await;
                } else {
                    put(&writing, &key, &step.to_string()).await;
                }
            }
        });
        let mut watch = watch(&handles, "k.").await;
        let mut view = View::default();
        view.apply(next(&mut *watch).await);
        within(writer).await.unwrap();
        while !view.is_settled {
            view.apply(next(&mut *watch).await);
        }
        let last = format!("k.last-{round}");
        put(&handles, &last, "last").await;
        view.follow_to(&mut *watch, &last).await;
        assert_eq!(view.resyncs, 0);
        let mut expected = scan_all(&handles, "k.").await;
        expected.sort_by(|a, b| a.key.cmp(&b.key));
        assert!(view.records() == expected, "the watch and the store differ");
    }
}

pub(super) async fn a_watch_tells_what_has_expired(subject: &dyn Subject) {
    let handles = subject.open().await;
    put_short(&handles, "before", "x").await;
    let mut watch = watch(&handles, "").await;
    assert_eq!(next_put(&mut *watch).await.key, "before");
    assert_eq!(next(&mut *watch).await, Change::Settled);
    subject.pass(OVER_MS).await;
    assert_eq!(next(&mut *watch).await, Change::Gone("before".to_owned()));
    put_short(&handles, "after", "x").await;
    assert_eq!(next_put(&mut *watch).await.key, "after");
    subject.pass(OVER_MS).await;
    assert_eq!(next(&mut *watch).await, Change::Gone("after".to_owned()));
}

pub(super) async fn a_slow_watch_misses_nothing_or_begins_anew(subject: &dyn Subject) {
    let handles = subject.open().await;
    let mut watch = watch(&handles, "").await;
    assert_eq!(next(&mut *watch).await, Change::Settled);
    let mut left = subject.overflow();
    while left > 0 {
        let some = left.min(1_000);
        let ops = (0..some).map(|which| Op::Put {
            key: format!("k.{which}"),
            value: Bytes::from(left.to_string()),
            expect: Expect::Any,
            ttl_ms: None,
        });
        within(handles.kv.batch(BUCKET, ops.collect()))
            .await
            .unwrap();
        left -= some;
    }
    delete(&handles, "k.0").await;
    put(&handles, "last", "last").await;
    let mut view = View {
        is_settled: true,
        ..View::default()
    };
    view.follow_to(&mut *watch, "last").await;
    let mut expected = scan_all(&handles, "").await;
    expected.sort_by(|a, b| a.key.cmp(&b.key));
    assert!(view.records() == expected, "the watch and the store differ");
}
