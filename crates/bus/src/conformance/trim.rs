//! Removing the beginning of a channel.

use super::{
    Subject,
    support::{append, fill, get, head, history, ordinals, read, read_all, record, room, within},
};
use crate::{error::LogError, log::Slice};
use fanfare_proto::Position;

pub(super) async fn readers_from_before_a_trim_are_told(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let last = fill(&handles, &channel, 10).await;
    let all = read_all(&*handles.log, &channel, Position::default()).await;
    within(handles.log.trim(&channel, 6)).await.unwrap();
    let start = Position::default();
    for after in [start, all[0].position, all[3].position] {
        let result = read(&*handles.log, &channel, after, last, 100).await;
        assert_eq!(result, Err(LogError::Trimmed { first_n: 6 }), "{after:?}");
    }
    for after in [all[4].position, all[7].position] {
        let left = read_all(&*handles.log, &channel, after).await;
        assert_eq!(ordinals(&left), (after.n + 1..=10).collect::<Vec<_>>());
    }
    assert_eq!(head(&*handles.log, &channel).await.first_n, 6);
    assert!(get(&*handles.log, &channel, 5).await.is_none());
    assert!(get(&*handles.log, &channel, 6).await.is_some());
    let mut before = 8;
    while before > 6 {
        let page = history(&*handles.log, &channel, Slice::Before(before), 100).await;
        before = page.records[0].position.n;
    }
    let nothing = history(&*handles.log, &channel, Slice::Before(before), 100).await;
    assert!(nothing.records.is_empty() && !nothing.more);
}

pub(super) async fn a_channel_goes_on_after_everything_was_trimmed(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    let last = fill(&handles, &channel, 3).await;
    within(handles.log.trim(&channel, 99)).await.unwrap();
    assert_eq!(head(&*handles.log, &channel).await.last, last);
    assert_eq!(head(&*handles.log, &channel).await.first_n, 4);
    assert!(read_all(&*handles.log, &channel, last).await.is_empty());
    let appended = append(&handles, record(&channel, "4")).await;
    assert_eq!(appended.position.n, 4);
    let left = read_all(&*handles.log, &channel, last).await;
    assert_eq!(ordinals(&left), [4]);
    assert_eq!(left[0].prev_seq, 0);
}

pub(super) async fn a_trim_below_the_start_changes_nothing(subject: &dyn Subject) {
    let handles = subject.open().await;
    let channel = room("a");
    fill(&handles, &channel, 5).await;
    within(handles.log.trim(&channel, 4)).await.unwrap();
    for first_n in [0, 1, 3, 4] {
        within(handles.log.trim(&channel, first_n)).await.unwrap();
        assert_eq!(head(&*handles.log, &channel).await.first_n, 4);
    }
    let nowhere = room("never");
    within(handles.log.trim(&nowhere, 4)).await.unwrap();
    assert_eq!(append(&handles, record(&nowhere, "x")).await.position.n, 1);
}
