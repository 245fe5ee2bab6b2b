//! Streams that are there already.

use super::{Installation, ONE_SHARD, record, room, stored};
use fanfare_bus::{
    Log,
    nats::{LayoutError, LogSettings, OpenError},
};
use fanfare_proto::{Channel, Position};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_another_layout_is_refused_and_left_alone() {
    let installation = Installation::new();
    let epoch = installation
        .open(ONE_SHARD)
        .await
        .log
        .epoch(&Channel::all());
    let others = [
        LogSettings {
            shards: 2,
            ..ONE_SHARD
        },
        LogSettings {
            retention_ms: 3_600_000,
            ..ONE_SHARD
        },
        LogSettings {
            retention_records: 5,
            ..ONE_SHARD
        },
    ];
    for other in others {
        match installation.try_open(other).await.map(drop) {
            Err(OpenError::Layout(LayoutError::Differs { stream, .. })) => {
                assert_eq!(stream, "LOG_0");
            }
            other => panic!("it was to be refused, not {other:?}"),
        }
    }
    let again = installation.open(ONE_SHARD).await;
    assert_eq!(again.log.epoch(&Channel::all()), epoch);
    let none = LogSettings {
        shards: 0,
        ..ONE_SHARD
    };
    let refused = installation.try_open(none).await.map(drop);
    assert!(matches!(
        refused,
        Err(OpenError::Layout(LayoutError::Shards { found: 0 }))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_gets_epochs_it_has_not_had_and_keeps_its_records() {
    let installation = Installation::new();
    let shards = LogSettings {
        shards: 3,
        ..ONE_SHARD
    };
    let missing = installation.renew_epochs().await;
    assert!(
        matches!(missing, Err(OpenError::Layout(LayoutError::Missing { .. }))),
        "{missing:?}"
    );
    let before = installation.open(shards).await;
    let channels: Vec<Channel> = (0..20).map(|which| room(&which.to_string())).collect();
    let of_each_shard = channels.iter().map(|channel| before.log.shard(channel));
    assert_eq!(of_each_shard.collect::<BTreeSet<_>>().len(), 3);
    for channel in &channels {
        let appended = before.log.append(record(channel, "kept")).await;
        appended.expect("appended");
    }
    let epochs =
        |log: &dyn Log| -> Vec<u32> { channels.iter().map(|channel| log.epoch(channel)).collect() };
    let written = epochs(&*before.log);
    drop(before);
    assert_eq!(installation.renew_epochs().await.expect("renewed"), 3);
    let after = installation.open(shards).await;
    for (old, new) in written.into_iter().zip(epochs(&*after.log)) {
        assert_ne!(old, new);
    }
    for channel in &channels {
        let kept = stored(&after, channel, Position::default()).await;
        assert_eq!(kept, [(1, "kept".to_owned())]);
    }
}
