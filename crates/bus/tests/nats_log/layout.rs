//! Streams that are there already.

use super::{Installation, ONE_SHARD};
use fanfare_bus::nats::{LayoutError, LogSettings, OpenError};
use fanfare_proto::Channel;

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
