//! What happens when the system refuses to write. Alone in its file: the limit it sets is the whole process's.
#![cfg(target_os = "linux")]

#[path = "shared/subject.rs"]
mod subject;

use bytes::Bytes;
use fanfare_bus::{
    LogError,
    conformance::Subject as _,
    kv::{Change, Expect},
    log::{self, Append, Tailed},
};
use fanfare_proto::Channel;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;
use subject::Embedded;
use tokio::signal::unix::{SignalKind, signal};

const PATIENCE: Duration = Duration::from_secs(30);

/// What the system sends beside the error; unhandled it ends the process.
const SIGXFSZ: i32 = 25;

fn record() -> Append {
    Append {
        channel: Channel::all(),
        msg_id: None,
        expect: log::Expect::Any,
        ttl_ms: None,
        payload: Bytes::from_static(b"payload"),
        trace: None,
    }
}

/// Lets files of this process grow to `bytes` and no further.
fn limit_files(bytes: Option<u64>) {
    let limits = Rlimit {
        current: bytes,
        ..getrlimit(Resource::Fsize)
    };
    setrlimit(Resource::Fsize, limits).expect("a lower limit may be set");
}

#[tokio::test]
async fn a_store_that_could_not_write_goes_on_once_it_can() {
    let _handled = signal(SignalKind::from_raw(SIGXFSZ)).expect("a handler");
    let subject = Embedded::new();
    let handles = subject.open().await;
    handles.log.append(record()).await.expect("appended");
    let mut tail = handles.log.tail().await.expect("a tail");
    let mut watch = handles.kv.watch("b", "").await.expect("a watch");
    assert_eq!(watch.next().await, Some(Change::Settled));

    let before = getrlimit(Resource::Fsize).current;
    limit_files(Some(0));
    let refused = handles.log.append(record()).await;
    limit_files(before);
    assert_eq!(refused, Err(LogError::Store));

    let recovered = async {
        while handles.log.append(record()).await.is_err() {
            subject.clock.advance(1_000);
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, recovered).await;
    waited.expect("the store writes again");
    let found = handles.log.get(&Channel::all(), 1).await.expect("read");
    assert!(found.is_some(), "what was written before is there");

    // Whoever followed is told that something may have been missed, and follows on.
    assert_eq!(tail.next().await, Some(Tailed::Lagged));
    handles.log.append(record()).await.expect("appended");
    assert!(matches!(tail.next().await, Some(Tailed::Record(_))));
    assert_eq!(watch.next().await, Some(Change::Resync));
    assert_eq!(watch.next().await, Some(Change::Settled));
    let value = Bytes::from_static(b"x");
    let put = handles.kv.put("b", "key", value, Expect::Any, None).await;
    put.expect("written");
    assert!(matches!(watch.next().await, Some(Change::Put(_))));
}
