//! The faulty decorator keeps every promise but the one about tails, and what it breaks is found by the rule for readers.

#[path = "shared/subject.rs"]
mod subject;

use async_trait::async_trait;
use bytes::Bytes;
use fanfare_bus::{
    Handles,
    conformance::{self, Subject},
    faulty::{self, Faults},
    log::{Append, Expect, Tailed},
};
use fanfare_proto::Channel;
use subject::Embedded;

struct Faulty(Embedded);

#[async_trait]
impl Subject for Faulty {
    async fn open(&self) -> Handles {
        let faults = Faults {
            away_per_mille: 50,
            ..Faults::new(1)
        };
        faulty::inject(self.0.open().await, faults)
    }

    fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }

    async fn pass(&self, ms: u64) {
        self.0.pass(ms).await;
    }

    fn overflow(&self) -> usize {
        self.0.overflow()
    }
}

macro_rules! tests {
    ($($case:ident)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            conformance::run(stringify!($case), &Faulty(Embedded::new())).await;
        }
    )* };
}

fanfare_bus::conformance_cases!(tests);

const RECORDS: u64 = 2_000;

async fn append(handles: &Handles, channel: &Channel) {
    let record = Append {
        channel: channel.clone(),
        msg_id: None,
        expect: Expect::Any,
        ttl_ms: None,
        payload: Bytes::new(),
        trace: None,
    };
    let batch = vec![record; 500];
    for _ in 0..RECORDS / 500 {
        handles
            .log
            .append_all(batch.clone())
            .await
            .expect("appended");
    }
}

/// Which ordinals a first tail shows with this seed.
async fn shown(seed: u64) -> Vec<u64> {
    let subject = Embedded::new();
    let handles = faulty::inject(subject.open().await, Faults::new(seed));
    let mut tail = handles.log.tail().await.expect("a tail");
    append(&handles, &Channel::all()).await;
    drop(handles);
    let mut shown = Vec::new();
    while let Some(Tailed::Record(record)) = tail.next().await {
        shown.push(record.position.n);
    }
    shown
}

#[tokio::test]
async fn a_seed_loses_the_same_one_in_twenty_each_time() {
    let first = shown(1).await;
    assert_eq!(first, shown(1).await);
    assert_ne!(first, shown(2).await);
    let lost = RECORDS - first.len() as u64;
    assert!((RECORDS / 40..RECORDS / 10).contains(&lost), "{lost} lost");
}

#[tokio::test]
async fn a_reader_that_follows_the_chain_and_the_head_misses_nothing() {
    let subject = Embedded::new();
    let handles = faulty::inject(subject.open().await, Faults::new(3));
    let channel = Channel::all();
    let mut tail = handles.log.tail().await.expect("a tail");
    append(&handles, &channel).await;
    let head = handles.log.heads(&[channel]).await.expect("heads")[0].last;
    let mut have = fanfare_proto::Position::default();
    let mut gaps = 0;
    while let Some(Tailed::Record(record)) = tail.try_next() {
        if record.prev_seq > have.seq {
            gaps += 1;
            have = repair(&handles, have, record.position).await;
        } else {
            assert_eq!(record.position.n, have.n + 1);
            have = record.position;
        }
    }
    have = repair(&handles, have, head).await;
    assert_eq!(have.n, RECORDS);
    assert!(gaps > 0);
}

/// Reads (after, upto]; each record is the next.
async fn repair(
    handles: &Handles,
    after: fanfare_proto::Position,
    upto: fanfare_proto::Position,
) -> fanfare_proto::Position {
    let mut have = after;
    while have < upto {
        match handles.log.read(&Channel::all(), have, upto, 4).await {
            Ok(page) => {
                for record in page.records {
                    assert_eq!(record.position.n, have.n + 1);
                    have = record.position;
                }
            }
            Err(error) => assert_eq!(error, fanfare_bus::LogError::Stale),
        }
    }
    have
}
