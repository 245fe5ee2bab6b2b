//! Records of buckets.

use super::{
    Subject,
    support::{OVER_MS, SHORT_MS, within},
};
use crate::{
    Handles,
    error::KvError,
    kv::{Expect, Op, Record},
};
use bytes::Bytes;
use fanfare_lifecycle::Tasks;

pub(super) const BUCKET: &str = "test-bucket";

pub(super) async fn put(handles: &Handles, key: &str, value: &str) -> u64 {
    let value = Bytes::copy_from_slice(value.as_bytes());
    let put = handles.kv.put(BUCKET, key, value, Expect::Any, None);
    within(put).await.unwrap()
}

pub(super) async fn put_short(handles: &Handles, key: &str, value: &str) -> u64 {
    let value = Bytes::copy_from_slice(value.as_bytes());
    let put = handles
        .kv
        .put(BUCKET, key, value, Expect::Any, Some(SHORT_MS));
    within(put).await.unwrap()
}

async fn put_if(handles: &Handles, key: &str, value: &str, expect: Expect) -> Result<u64, KvError> {
    let value = Bytes::copy_from_slice(value.as_bytes());
    within(handles.kv.put(BUCKET, key, value, expect, None)).await
}

async fn get(handles: &Handles, key: &str) -> Option<Record> {
    within(handles.kv.get(BUCKET, key)).await.unwrap()
}

pub(super) async fn delete(handles: &Handles, key: &str) {
    let delete = handles.kv.delete(BUCKET, key, Expect::Any);
    within(delete).await.unwrap();
}

/// Every record under `prefix`, in small pages.
pub(super) async fn scan_all(handles: &Handles, prefix: &str) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map(|record| record.key.clone());
        let scan = handles.kv.scan(BUCKET, prefix, after.as_deref(), 100);
        let page = within(scan).await.unwrap();
        assert!(page.len() <= 100, "a page is over its limit");
        if page.is_empty() {
            return records;
        }
        records.extend(page);
    }
}

pub(super) async fn a_record_is_read_as_it_was_written(subject: &dyn Subject) {
    let handles = subject.open().await;
    assert_eq!(get(&handles, "key").await, None);
    for value in ["", "value", "another"] {
        let revision = put(&handles, "key", value).await;
        let expected = Record {
            key: "key".to_owned(),
            value: Bytes::copy_from_slice(value.as_bytes()),
            revision,
        };
        assert_eq!(get(&handles, "key").await, Some(expected));
    }
    delete(&handles, "key").await;
    assert_eq!(get(&handles, "key").await, None);
}

pub(super) async fn revisions_grow_and_differ(subject: &dyn Subject) {
    let handles = subject.open().await;
    let mut last = put(&handles, "a", "x").await;
    for key in ["a", "b", "a", "c"] {
        let revision = put(&handles, key, "x").await;
        assert!(revision > last);
        last = revision;
    }
    delete(&handles, "c").await;
    assert!(put(&handles, "c", "x").await > last);
}

pub(super) async fn one_of_many_creators_wins(subject: &dyn Subject) {
    let handles = subject.open().await;
    for round in 0..3 {
        let tasks = Tasks::new();
        let mut running = Vec::new();
        for racer in 0..16 {
            let handles = handles.clone();
            running.push(tasks.spawn(async move {
                let (key, value) = (format!("lock-{round}"), racer.to_string());
                let created = put_if(&handles, &key, &value, Expect::Absent).await;
                created.map(|revision| (value, revision))
            }));
        }
        let mut winners = Vec::new();
        for racer in running {
            match within(racer).await.unwrap() {
                Ok(winner) => winners.push(winner),
                Err(error) => assert_eq!(error, KvError::Conflict),
            }
        }
        assert_eq!(winners.len(), 1);
        let stored = get(&handles, &format!("lock-{round}")).await.unwrap();
        assert_eq!(stored.value, winners[0].0.as_bytes());
        assert_eq!(stored.revision, winners[0].1);
    }
}

pub(super) async fn a_write_at_another_revision_is_refused(subject: &dyn Subject) {
    let handles = subject.open().await;
    let refused = put_if(&handles, "key", "x", Expect::Revision(1)).await;
    assert_eq!(refused, Err(KvError::Conflict));
    let first = put_if(&handles, "key", "1", Expect::Absent).await.unwrap();
    let second = put_if(&handles, "key", "2", Expect::Revision(first))
        .await
        .unwrap();
    for expect in [
        Expect::Absent,
        Expect::Revision(first),
        Expect::Revision(second + 1),
    ] {
        let refused = put_if(&handles, "key", "no", expect).await;
        assert_eq!(refused, Err(KvError::Conflict));
    }
    assert_eq!(get(&handles, "key").await.unwrap().revision, second);
}

pub(super) async fn a_delete_checks_what_it_expects(subject: &dyn Subject) {
    let handles = subject.open().await;
    let delete = |expect| within(handles.kv.delete(BUCKET, "key", expect));
    delete(Expect::Any).await.unwrap();
    delete(Expect::Absent).await.unwrap();
    assert_eq!(delete(Expect::Revision(1)).await, Err(KvError::Conflict));
    let revision = put(&handles, "key", "x").await;
    for expect in [Expect::Absent, Expect::Revision(revision + 1)] {
        assert_eq!(delete(expect).await, Err(KvError::Conflict));
    }
    delete(Expect::Revision(revision)).await.unwrap();
    assert_eq!(get(&handles, "key").await, None);
    put_if(&handles, "key", "again", Expect::Absent)
        .await
        .unwrap();
}

fn op(key: &str, expect: Expect) -> Op {
    Op::Put {
        key: key.to_owned(),
        value: Bytes::from_static(b"batch"),
        expect,
        ttl_ms: None,
    }
}

fn remove(key: &str, expect: Expect) -> Op {
    Op::Delete {
        key: key.to_owned(),
        expect,
    }
}

pub(super) async fn a_batch_of_records_is_all_or_nothing(subject: &dyn Subject) {
    let handles = subject.open().await;
    let kept = put(&handles, "kept", "before").await;
    let refused = vec![
        op("new", Expect::Absent),
        op("kept", Expect::Any),
        remove("kept", Expect::Revision(kept)),
        op("other", Expect::Revision(99)),
    ];
    let refused = within(handles.kv.batch(BUCKET, refused)).await;
    assert_eq!(refused, Err(KvError::Conflict));
    assert_eq!(get(&handles, "new").await, None);
    assert_eq!(get(&handles, "kept").await.unwrap().value, "before");
    let done = vec![
        op("new", Expect::Absent),
        remove("kept", Expect::Revision(kept)),
        remove("never was", Expect::Any),
    ];
    // A space is no key: nothing of that batch either.
    assert_eq!(
        within(handles.kv.batch(BUCKET, done)).await,
        Err(KvError::TooLarge)
    );
    assert_eq!(get(&handles, "new").await, None);
    let done = vec![
        op("new", Expect::Absent),
        remove("kept", Expect::Revision(kept)),
        remove("never-was", Expect::Any),
    ];
    within(handles.kv.batch(BUCKET, done)).await.unwrap();
    assert_eq!(get(&handles, "new").await.unwrap().value, "batch");
    assert_eq!(get(&handles, "kept").await, None);
    within(handles.kv.batch(BUCKET, Vec::new())).await.unwrap();
}

pub(super) async fn one_of_many_batches_of_records_wins(subject: &dyn Subject) {
    let handles = subject.open().await;
    put(&handles, "lock", "free").await;
    delete(&handles, "lock").await;
    let tasks = Tasks::new();
    let mut running = Vec::new();
    for racer in 0..16 {
        let handles = handles.clone();
        running.push(tasks.spawn(async move {
            let steps = vec![
                op("lock", Expect::Absent),
                op(&format!("won.{racer}"), Expect::Any),
            ];
            within(handles.kv.batch(BUCKET, steps)).await
        }));
    }
    let mut wins = 0;
    for racer in running {
        match within(racer).await.unwrap() {
            Ok(()) => wins += 1,
            Err(error) => assert_eq!(error, KvError::Conflict),
        }
    }
    assert_eq!(wins, 1);
    assert_eq!(scan_all(&handles, "won.").await.len(), 1);
}

pub(super) async fn a_batch_of_records_sees_its_own_steps(subject: &dyn Subject) {
    let handles = subject.open().await;
    let steps = vec![
        op("key", Expect::Absent),
        remove("key", Expect::Any),
        op("key", Expect::Absent),
    ];
    within(handles.kv.batch(BUCKET, steps)).await.unwrap();
    let refused = vec![remove("key", Expect::Any), remove("key", Expect::Absent), {
        op("other", Expect::Absent)
    }];
    within(handles.kv.batch(BUCKET, refused)).await.unwrap();
    let refused = vec![op("key", Expect::Absent), op("key", Expect::Absent)];
    let refused = within(handles.kv.batch(BUCKET, refused)).await;
    assert_eq!(refused, Err(KvError::Conflict));
    assert_eq!(get(&handles, "key").await, None);
}

pub(super) async fn a_record_with_a_ttl_vanishes(subject: &dyn Subject) {
    let handles = subject.open().await;
    put_short(&handles, "key", "short").await;
    put(&handles, "other", "long").await;
    assert_eq!(get(&handles, "key").await.unwrap().value, "short");
    subject.pass(OVER_MS).await;
    assert_eq!(get(&handles, "key").await, None);
    let left = scan_all(&handles, "").await;
    assert_eq!(left.len(), 1);
    put_if(&handles, "key", "new", Expect::Absent)
        .await
        .unwrap();
    assert_eq!(get(&handles, "key").await.unwrap().value, "new");
}

pub(super) async fn a_rewritten_record_lives_by_its_new_ttl(subject: &dyn Subject) {
    let handles = subject.open().await;
    put_short(&handles, "kept", "short").await;
    put(&handles, "kept", "for good").await;
    put(&handles, "cut", "for good").await;
    put_short(&handles, "cut", "short").await;
    subject.pass(OVER_MS).await;
    assert_eq!(get(&handles, "cut").await, None);
    assert_eq!(get(&handles, "kept").await.unwrap().value, "for good");
}

pub(super) async fn a_scan_pages_through_its_prefix(subject: &dyn Subject) {
    let handles = subject.open().await;
    let mut expected: Vec<String> = (0..250).map(|which| format!("room.{which}")).collect();
    expected.sort();
    let put = |key: &String| op(key, Expect::Any);
    let mut ops: Vec<Op> = expected.iter().map(put).collect();
    ops.push(op("roo", Expect::Any));
    ops.push(op("room-1", Expect::Any));
    ops.push(op("rooms", Expect::Any));
    within(handles.kv.batch(BUCKET, ops)).await.unwrap();
    let scanned = scan_all(&handles, "room.").await;
    let keys: Vec<String> = scanned.into_iter().map(|record| record.key).collect();
    assert_eq!(keys, expected);
    assert_eq!(scan_all(&handles, "").await.len(), 253);
    assert_eq!(scan_all(&handles, "nothing").await, []);
    let after = handles.kv.scan(BUCKET, "room.", Some("a"), 1);
    assert_eq!(within(after).await.unwrap()[0].key, "room.0");
}

pub(super) async fn buckets_do_not_see_each_other(subject: &dyn Subject) {
    let handles = subject.open().await;
    put(&handles, "key", "mine").await;
    let value = Bytes::from_static(b"other");
    let created = handles.kv.put("other", "key", value, Expect::Absent, None);
    within(created).await.unwrap();
    assert_eq!(get(&handles, "key").await.unwrap().value, "mine");
    let theirs = within(handles.kv.scan("other", "", None, 10))
        .await
        .unwrap();
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].value, "other");
}

pub(super) async fn bad_keys_and_large_values_are_refused(subject: &dyn Subject) {
    let handles = subject.open().await;
    let long = "k".repeat(513);
    for key in ["", "a b", "a*", ">", "a\0", "\u{e9}", &long] {
        let refused = put_if(&handles, key, "x", Expect::Any).await;
        assert_eq!(refused, Err(KvError::TooLarge), "{key:?}");
        assert_eq!(
            within(handles.kv.get(BUCKET, key)).await,
            Err(KvError::TooLarge)
        );
    }
    put(&handles, &long[1..], "x").await;
    let largest = Bytes::from(vec![0; 512 * 1024]);
    let fits = handles.kv.put(BUCKET, "key", largest, Expect::Any, None);
    within(fits).await.unwrap();
    let larger = Bytes::from(vec![0; 512 * 1024 + 1]);
    let refused = handles.kv.put(BUCKET, "key", larger, Expect::Any, None);
    assert_eq!(within(refused).await, Err(KvError::TooLarge));
    let many = vec![op("key", Expect::Any); 1_001];
    assert_eq!(
        within(handles.kv.batch(BUCKET, many)).await,
        Err(KvError::TooLarge)
    );
}
