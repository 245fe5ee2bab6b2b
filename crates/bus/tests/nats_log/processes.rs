//! Several processes on one log.

use super::{Installation, ONE_SHARD, heads, record, room, stored, within};
use fanfare_bus::{
    log::{Append, Tailed},
    nats::LogSettings,
};
use fanfare_proto::Position;
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_append_to_one_channel_leave_no_hole_and_nothing_twice() {
    let installation = Installation::new();
    let channel = room("a");
    let mut writers = Vec::new();
    for process in 0..3 {
        let handles = installation.open(ONE_SHARD).await;
        for writer in 0..4 {
            let (handles, channel) = (handles.clone(), channel.clone());
            writers.push(installation.tasks.spawn(async move {
                for step in 0..25 {
                    let payload = format!("{process}-{writer}-{step}");
                    let append = Append {
                        // Of all kinds: with and without ids and times to live.
                        msg_id: (step % 2 == 0).then(|| payload.clone()),
                        ttl_ms: (step % 3 == 0).then_some(3_600_000),
                        ..record(&channel, &payload)
                    };
                    let appended = handles.log.append(append).await.expect("appended");
                    assert!(!appended.duplicate);
                }
            }));
        }
    }
    for writer in writers {
        within(writer).await.expect("a writer");
    }
    let handles = installation.open(ONE_SHARD).await;
    let stored = stored(&handles, &channel, Position::default()).await;
    let ordinals: Vec<u64> = stored.iter().map(|(n, _)| *n).collect();
    assert_eq!(ordinals, (1..=300).collect::<Vec<_>>());
    let payloads: HashSet<&String> = stored.iter().map(|(_, payload)| payload).collect();
    assert_eq!(payloads.len(), 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_is_appended_once_whichever_process_is_asked() {
    let installation = Installation::new();
    let channel = room("a");
    let first = installation.open(ONE_SHARD).await;
    let second = installation.open(ONE_SHARD).await;
    for round in 0..20 {
        let append = || Append {
            msg_id: Some(format!("id {round}")),
            ..record(&channel, "x")
        };
        let (one, other) = tokio::join!(first.log.append(append()), second.log.append(append()));
        let (one, other) = (one.expect("appended"), other.expect("appended"));
        assert_eq!(one.position, other.position);
        assert_ne!(one.duplicate, other.duplicate);
    }
    assert_eq!(heads(&first, &channel).await.n, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordinal_is_not_reused_when_another_process_knows_nothing_of_what_expired() {
    let installation = Installation::new();
    let channel = room("a");
    let first = installation.open(ONE_SHARD).await;
    let second = installation.open(ONE_SHARD).await;
    first
        .log
        .append(record(&channel, "1"))
        .await
        .expect("appended");
    let short = Append {
        ttl_ms: Some(1_000),
        ..record(&channel, "2")
    };
    second.log.append(short).await.expect("appended");
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    // Its memory of the channel is of before, and the last record that is there is the one it remembers.
    let third = first.log.append(record(&channel, "3")).await;
    assert_eq!(third.expect("appended").position.n, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_and_tails_reach_over_all_shards_and_processes() {
    let installation = Installation::new();
    let settings = LogSettings {
        shards: 8,
        ..ONE_SHARD
    };
    let (writer, reader) = (
        installation.open(settings).await,
        installation.open(settings).await,
    );
    let channels: Vec<_> = (0..64).map(|which| room(&which.to_string())).collect();
    let mut tail = reader.log.tail().await.expect("a tail");
    for channel in &channels {
        writer
            .log
            .append(record(channel, "x"))
            .await
            .expect("appended");
    }
    let heads = reader.log.heads(&channels).await.expect("heads");
    let mut seen = HashSet::new();
    while seen.len() < channels.len() {
        match within(tail.next()).await {
            Some(Tailed::Record(record)) => {
                let which = channels
                    .iter()
                    .position(|channel| *channel == record.channel);
                let which = which.expect("one of ours");
                assert_eq!(record.position, heads[which].last);
                seen.insert(record.channel);
            }
            other => panic!("a record was to come, not {other:?}"),
        }
    }
    let shards: HashSet<u16> = channels
        .iter()
        .map(|channel| reader.log.shard(channel))
        .collect();
    assert_eq!(shards.len(), 8);
}
