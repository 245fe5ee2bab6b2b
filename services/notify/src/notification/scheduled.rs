//! Hands notifications to the log that are due later.

use super::{
    publish::Item,
    record::{self, Record, due_key, schedule_key},
    withdraw,
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

/// Schedules `item` on all of its channels; `false` when it was withdrawn, and then none of it is left. `record` is
/// written first, so that it can be cancelled from then on.
pub(crate) async fn schedule(core: &Core, item: &Item, record: &Record) -> Result<bool, Problem> {
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
            if withdrawn(core, &item.id).await?.is_some() {
                return Ok(false);
            }
        }
        Err(error) => return Err(problem::of_kv(error)),
    }
    let scheduled = places(core, item, due_ms).await;
    // Whoever withdraws says so before he cancels. If he said it before now, he may have cancelled before there was
    // something to cancel; if he has not, he will find everything.
    if let Some(record) = withdrawn(core, &item.id).await? {
        withdraw::again(core, &record).await?;
        return Ok(false);
    }
    scheduled.map(|()| true)
}

async fn withdrawn(core: &Core, id: &str) -> Result<Option<Record>, Problem> {
    let known = record::get(core, id).await?;
    Ok(known.filter(|known| known.withdrawn_at_ms.is_some()))
}

async fn places(core: &Core, item: &Item, due_ms: i64) -> Result<(), Problem> {
    let places: Vec<_> = item.draft.channels.iter().enumerate().collect();
    for some in places.chunks(AT_ONCE) {
        let schedules = some.iter().map(|(place, channel)| {
            let append = Append {
                channel: (*channel).clone(),
                msg_id: Some(item.id.clone()),
                expect: Head::Any,
                ttl_ms: item.draft.ttl_ms,
                payload: item.entry.clone(),
                trace: None,
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
