//! Pages of history.

use super::{
    Subject,
    support::{append, fill, history, ordinals, record, room, within},
};
use crate::log::Slice;

pub(super) async fn history_pages_walk_back_from_the_latest(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    fill(&handles, &channel, 25).await;
    append(&handles, record(&room("b"), "another channel's")).await;
    assert!(within(handles.log.delete(&channel, 20)).await.unwrap());
    let mut seen: Vec<u64> = Vec::new();
    let mut slice = Slice::Latest;
    loop {
        let page = history(&*handles.log, &channel, slice, 10).await;
        let mut ordinals = ordinals(&page.records);
        assert!(ordinals.is_sorted(), "a page is not in channel order");
        ordinals.reverse();
        seen.extend(ordinals);
        if !page.more {
            break;
        }
        slice = Slice::Before(*seen.last().unwrap());
    }
    let expected: Vec<u64> = (1..=25).rev().filter(|n| *n != 20).collect();
    assert_eq!(seen, expected);
}

pub(super) async fn history_pages_walk_forward(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    fill(&handles, &channel, 25).await;
    let mut seen: Vec<u64> = vec![5];
    loop {
        let after = *seen.last().unwrap();
        let page = history(&*handles.log, &channel, Slice::After(after), 10).await;
        seen.extend(ordinals(&page.records));
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, (5..=25).collect::<Vec<_>>());
}

pub(super) async fn history_is_empty_beyond_its_ends(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let nothing = history(&*handles.log, &channel, Slice::Latest, 10).await;
    assert!(nothing.records.is_empty() && !nothing.more);
    fill(&handles, &channel, 2).await;
    for slice in [
        Slice::Before(0),
        Slice::Before(1),
        Slice::After(2),
        Slice::After(u64::MAX),
    ] {
        let nothing = history(&*handles.log, &channel, slice, 10).await;
        assert!(nothing.records.is_empty() && !nothing.more, "{slice:?}");
    }
    let all = history(&*handles.log, &channel, Slice::Before(u64::MAX), 1).await;
    assert_eq!(ordinals(&all.records), [2]);
    assert!(all.more);
}
