//! What the embedded back end does beyond the conformance suite.

#[path = "shared/subject.rs"]
mod subject;

#[path = "store/bus.rs"]
mod bus;
#[path = "store/end.rs"]
mod end;
#[path = "store/file.rs"]
mod file;
#[path = "store/sweep.rs"]
mod sweep;
#[path = "store/tail.rs"]
mod tail;

use bytes::Bytes;
use fanfare_bus::{
    BusError, Handles, KvError, LogError, RequestError,
    bus::Responder,
    conformance::Subject as _,
    embedded::{self, OpenError, Settings},
    kv,
    log::{Append, DEDUP_WINDOW_MS, Expect},
};
use fanfare_lifecycle::Tasks;
use fanfare_proto::{Channel, Position};
use redb::{ReadableDatabase as _, ReadableTableMetadata as _, TableDefinition};
use std::{path::PathBuf, sync::Arc, time::Duration};
use subject::Embedded;
use tokio::sync::Semaphore;

const PATIENCE: Duration = Duration::from_secs(30);

async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.expect("something that must happen did not");
}

fn record(channel: &Channel) -> Append {
    Append {
        channel: channel.clone(),
        msg_id: None,
        expect: Expect::Any,
        ttl_ms: None,
        payload: Bytes::from_static(b"payload"),
        trace: None,
    }
}

async fn append(handles: &Handles, append: Append) -> Position {
    handles.log.append(append).await.expect("appended").position
}

async fn fill(handles: &Handles, channel: &Channel, count: usize) {
    let batch = vec![record(channel); count];
    handles.log.append_all(batch).await.expect("appended");
}

async fn first_n(handles: &Handles, channel: &Channel) -> u64 {
    let heads = handles.log.heads(std::slice::from_ref(channel)).await;
    heads.expect("heads")[0].first_n
}

fn store_file(subject: &Embedded) -> PathBuf {
    subject.settings().path.join("fanfare.redb")
}

/// Rows of the tables that must not grow for ever: log, index, ids, expiries.
fn rows(subject: &Embedded) -> [u64; 4] {
    const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
    const INDEX: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("index");
    const MSG_IDS: TableDefinition<'_, (&str, &str), (u64, u64, i64)> =
        TableDefinition::new("msg_ids");
    const EXPIRY: TableDefinition<'_, (i64, u8, &[u8]), ()> = TableDefinition::new("expiry");
    let database = redb::Database::open(store_file(subject)).expect("a closed store");
    let reading = database.begin_read().expect("a snapshot");
    [
        reading
            .open_table(LOG)
            .expect("a table")
            .len()
            .expect("rows"),
        reading
            .open_table(INDEX)
            .expect("a table")
            .len()
            .expect("rows"),
        reading
            .open_table(MSG_IDS)
            .expect("a table")
            .len()
            .expect("rows"),
        reading
            .open_table(EXPIRY)
            .expect("a table")
            .len()
            .expect("rows"),
    ]
}

async fn refused(subject: &Embedded, settings: Settings) -> OpenError {
    let clock = subject.clock.clone();
    let opened = embedded::open(settings, clock, &subject.tasks, &subject.shutdown).await;
    opened.err().expect("it must not open")
}
