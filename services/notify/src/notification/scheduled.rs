//! Hands notifications to the log that are due later.

use super::{
    publish::Item,
    record::{self, Record, due_key, schedule_key},
};
use crate::{
    core::{Core, bucket},
    problem,
};
use bytes::Bytes;
use fanfare_bus::{
    KvError,
    kv::{Expect, Op},
    log::{Append, Expect as Head},
};
use fanfare_http::Problem;
use futures_util::future::join_all;

/// How long after its time a scheduled notification is still looked for.
pub(crate) const LOOK_MS: i64 = 3_600_000;
/// Schedules under way at once.
const AT_ONCE: usize = 32;

/// Schedules `item` on all of its channels. `record` is written first, so that it can be cancelled from then on; a
/// repeated attempt leaves alone what was withdrawn meanwhile.
pub(crate) async fn schedule(core: &Core, item: &Item, record: &Record) -> Result<(), Problem> {
    let due_ms = item.draft.due_ms(item.at_ms);
    let wait_ms = due_ms.saturating_sub(core.clock.now_ms()).max(0);
    let due = Op::Put {
        key: due_key(due_ms, &item.id),
        value: Bytes::new(),
        expect: Expect::Any,
        ttl_ms: u64::try_from(wait_ms.saturating_add(LOOK_MS)).ok(),
    };
    let ops = vec![record.put(core), due];
    match core.handles.kv.batch(bucket::TRAIL, ops).await {
        Ok(()) => {}
        Err(KvError::Conflict) => {
            let known = record::get(core, &item.id).await?;
            if known.is_some_and(|known| known.withdrawn_at_ms.is_some()) {
                return Ok(());
            }
        }
        Err(error) => return Err(problem::of_kv(error)),
    }
    let places: Vec<_> = item.draft.channels.iter().enumerate().collect();
    for some in places.chunks(AT_ONCE) {
        let schedules = some.iter().map(|(place, channel)| {
            let append = Append {
                channel: (*channel).clone(),
                msg_id: Some(item.id.clone()),
                expect: Head::Any,
                ttl_ms: item.draft.ttl_ms,
                payload: item.entry.clone(),
            };
            let key = schedule_key(&item.id, *place);
            async move { core.handles.log.schedule(due_ms, &key, append).await }
        });
        for outcome in join_all(schedules).await {
            outcome.map_err(problem::of_log)?;
        }
    }
    Ok(())
}
