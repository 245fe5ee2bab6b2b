//! Records with a time to live.

use super::{
    Subject,
    support::{
        OVER_MS, append, get, head, history, ordinals, read, read_all, record, room, short_lived,
    },
};
use crate::log::Slice;
use fanfare_proto::Position;

pub(super) async fn an_expired_record_is_gone_and_its_ordinal_stays_used(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    append(&handles, record(&channel, "stays")).await;
    let expiring = append(&handles, short_lived(&channel, "goes")).await;
    let stored = get(&*handles.log, &channel, 2).await.unwrap();
    assert!(stored.expires_at_ms.unwrap() > stored.stored_at_ms);
    assert_eq!(
        get(&*handles.log, &channel, 1).await.unwrap().expires_at_ms,
        None
    );
    subject.pass(OVER_MS).await;
    // At once: not only after somebody has swept.
    assert!(get(&*handles.log, &channel, 2).await.is_none());
    let left = read_all(&*handles.log, &channel, Position::default()).await;
    assert_eq!(ordinals(&left), [1]);
    let page = history(&*handles.log, &channel, Slice::Latest, 10).await;
    assert_eq!(ordinals(&page.records), [1]);
    assert_eq!(head(&*handles.log, &channel).await.last, expiring.position);
    assert_eq!(
        append(&handles, record(&channel, "next")).await.position.n,
        3
    );
}

pub(super) async fn the_chain_skips_what_has_expired(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let first = append(&handles, record(&channel, "1")).await;
    append(&handles, short_lived(&channel, "2")).await;
    append(&handles, short_lived(&channel, "3")).await;
    subject.pass(OVER_MS).await;
    append(&handles, record(&channel, "4")).await;
    let stored = read_all(&*handles.log, &channel, Position::default()).await;
    assert_eq!(ordinals(&stored), [1, 4]);
    assert_eq!(stored[1].prev_seq, first.position.seq);

    let alone = room("b");
    append(&handles, short_lived(&alone, "1")).await;
    subject.pass(OVER_MS).await;
    append(&handles, record(&alone, "2")).await;
    let stored = read_all(&*handles.log, &alone, Position::default()).await;
    assert_eq!((ordinals(&stored), stored[0].prev_seq), (vec![2], 0));
}

pub(super) async fn a_position_whose_record_has_expired_is_fine(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    append(&handles, record(&channel, "1")).await;
    let expiring = append(&handles, short_lived(&channel, "2")).await.position;
    let last = append(&handles, short_lived(&channel, "3")).await.position;
    subject.pass(OVER_MS).await;
    assert!(read_all(&*handles.log, &channel, last).await.is_empty());
    append(&handles, record(&channel, "4")).await;
    for after in [expiring, last] {
        let missed = read_all(&*handles.log, &channel, after).await;
        assert_eq!(ordinals(&missed), [4]);
    }
}

pub(super) async fn a_read_steps_over_what_has_expired(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let mut last = Position::default();
    for n in 1..=60 {
        let append_one = if n % 20 == 0 { record } else { short_lived };
        last = append(&handles, append_one(&channel, &n.to_string()))
            .await
            .position;
    }
    subject.pass(OVER_MS).await;
    let all = read_all(&*handles.log, &channel, Position::default()).await;
    assert_eq!(ordinals(&all), [20, 40, 60]);
    let page = read(&*handles.log, &channel, all[0].position, last, 1)
        .await
        .unwrap();
    assert_eq!((ordinals(&page.records), page.more), (vec![40], true));
}
