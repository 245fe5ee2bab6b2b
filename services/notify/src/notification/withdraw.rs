//! Takes a notification back: cancels what was not sent, retracts what was.

use super::{
    body, collapse, locate,
    record::{self, Place, Record, Withdrawn, schedule_key},
};
use crate::{core::Core, problem};
use fanfare_bus::log::{Append, Expect};
use fanfare_http::Problem;
use fanfare_proto::{Channel, Kind};
use fanfare_tokens::ApiKey;
use futures_util::future::join_all;
use prost::Message as _;

/// Channels worked on at once.
const AT_ONCE: usize = 32;

/// Withdraws notification `id` of `key` from every channel; answers what became of each place. Repeating it finishes what a
/// failure left, and changes nothing otherwise.
///
/// # Errors
///
/// `not_found`, also for one that another key published; a failure of the back end, after which some places may be done.
pub(crate) async fn withdraw(core: &Core, id: &str, key: &ApiKey) -> Result<Record, Problem> {
    let now_ms = core.clock.now_ms();
    record::owned(core, id, key).await?;
    // Known to be withdrawn before anything is done, so that an attempt to publish it that is still under way stops.
    let record = record::update(core, id, |record| {
        let first = record.withdrawn_at_ms.is_none();
        record.withdrawn_at_ms.get_or_insert(now_ms);
        first
    })
    .await?
    .ok_or_else(record::missing)?;
    let mut places = Vec::with_capacity(record.places.len());
    let all: Vec<usize> = (0..record.places.len()).collect();
    for some in all.chunks(AT_ONCE) {
        let done = join_all(some.iter().map(|index| place(core, &record, *index))).await;
        for place in done {
            places.push(place?);
        }
    }
    let done = record::update(core, id, |record| {
        record.places.clone_from(&places);
        true
    });
    let record = done.await?.ok_or_else(record::missing)?;
    for place in &record.places {
        if place.channel.kind() == Kind::User && place.withdrawn == Some(Withdrawn::Retracted) {
            core.touch(place.channel.id());
        }
    }
    Ok(record)
}

/// Takes back what a publisher has scheduled after `record` was withdrawn: cancels it, or retracts what came meanwhile.
pub(super) async fn again(core: &Core, record: &Record) -> Result<(), Problem> {
    let mut fresh = record.clone();
    for place in &mut fresh.places {
        if place.withdrawn == Some(Withdrawn::Cancelled) {
            place.withdrawn = None;
        }
    }
    let all: Vec<usize> = (0..fresh.places.len()).collect();
    let mut places = Vec::with_capacity(all.len());
    for some in all.chunks(AT_ONCE) {
        let done = join_all(some.iter().map(|index| place(core, &fresh, *index))).await;
        for place in done {
            places.push(place?);
        }
    }
    let is_sent = |place: &Place| place.withdrawn == Some(Withdrawn::Retracted);
    record::update(core, &record.id, |record| {
        let mut changed = false;
        for (known, found) in record.places.iter_mut().zip(&places) {
            if is_sent(found) && !is_sent(known) {
                known.clone_from(found);
                changed = true;
            }
        }
        changed
    })
    .await?;
    Ok(())
}

async fn place(core: &Core, record: &Record, index: usize) -> Result<Place, Problem> {
    let mut place = record.places[index].clone();
    if place.withdrawn.is_some() {
        return Ok(place);
    }
    if place.n.is_none()
        && let Some(deliver_at_ms) = record.deliver_at_ms
    {
        let cancelled = core
            .handles
            .log
            .cancel(&schedule_key(&record.id, index))
            .await
            .map_err(problem::of_log)?;
        let found = match cancelled {
            true => None,
            false => locate::by_id(core, &place.channel, &record.id, deliver_at_ms).await?,
        };
        if let Some(found) = found {
            place.n = Some(found.n);
            place.stored_at_ms = Some(found.stored_at_ms);
        } else if cancelled || core.clock.now_ms() < deliver_at_ms {
            // Not sent and not its time yet: an earlier attempt to withdraw it has cancelled it.
            place.withdrawn = Some(Withdrawn::Cancelled);
            return Ok(place);
        }
    }
    place.withdrawn = Some(match place.n {
        Some(n) => sent(core, record, &place.channel, n).await?,
        None => Withdrawn::Gone,
    });
    Ok(place)
}

async fn sent(
    core: &Core,
    record: &Record,
    channel: &Channel,
    n: u64,
) -> Result<Withdrawn, Problem> {
    let deleted = core
        .handles
        .log
        .delete(channel, n)
        .await
        .map_err(problem::of_log)?;
    let now_ms = core.clock.now_ms();
    if !deleted {
        let expired = record.expires_at_ms.is_some_and(|at_ms| at_ms <= now_ms);
        if expired || collapse::fate(core, &record.id, channel).await?.is_some() {
            return Ok(Withdrawn::Gone);
        }
        // Otherwise an earlier attempt deleted it and may have died before it said so: say it, once.
    }
    let append = Append {
        channel: channel.clone(),
        msg_id: Some(format!("retract/{}", record.id)),
        expect: Expect::Any,
        ttl_ms: Some(core.settings.retention_ms()),
        payload: body::retraction(&record.id, n, now_ms)
            .encode_to_vec()
            .into(),
        trace: None,
    };
    core.handles
        .log
        .append(append)
        .await
        .map_err(problem::of_log)?;
    Ok(Withdrawn::Retracted)
}
