//! Looks at scheduled notifications once their time has come.
//!
//! The log sends them by itself. What is left to do is done here, by every worker, since doing it twice changes
//! nothing: their ordinals are put into the trail, older ones with the same collapse key are removed, and their
//! addressees get new counts.

use super::{
    collapse, locate,
    record::{self, Place},
};
use crate::{
    core::{Core, bucket},
    problem,
};
use fanfare_bus::kv::Expect;
use fanfare_http::Problem;
use fanfare_lifecycle::{Shutdown, Tasks};
use fanfare_proto::Kind;
use std::sync::Arc;

/// Notifications of one page of a look.
const AT_ONCE: usize = 500;

/// Looks again and again until the shutdown begins.
pub(crate) fn spawn(core: Arc<Core>, tasks: &Tasks, shutdown: &Shutdown) {
    let shutdown = shutdown.clone();
    tasks.spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                () = tokio::time::sleep(core.settings.due_interval) => {}
            }
            // Dropped anywhere, the next look does the rest.
            let swept = tokio::select! {
                () = shutdown.begun() => return,
                swept = sweep(&core) => swept,
            };
            if let Err(problem) = swept {
                tracing::warn!(
                    code = problem.code(),
                    "due notifications could not be looked at"
                );
            }
        }
    });
}

/// Looks at everything that is due. One that fails stays for the next look, and keeps no other one waiting.
async fn sweep(core: &Core) -> Result<(), Problem> {
    let mut after: Option<String> = None;
    loop {
        let page = core
            .handles
            .kv
            .scan(bucket::TRAIL, "due/", after.as_deref(), AT_ONCE)
            .await
            .map_err(problem::of_kv)?;
        let now_ms = core.clock.now_ms();
        let is_full = page.len() == AT_ONCE;
        for found in page {
            if let Some((at_ms, id)) = parse(&found.key) {
                if at_ms > now_ms {
                    return Ok(());
                }
                if let Err(problem) = look(core, &found.key, id, at_ms).await {
                    tracing::warn!(
                        id,
                        code = problem.code(),
                        "a due notification could not be looked at"
                    );
                }
            }
            after = Some(found.key);
        }
        if !is_full {
            return Ok(());
        }
    }
}

async fn look(core: &Core, key: &str, id: &str, at_ms: i64) -> Result<(), Problem> {
    if settle(core, id, at_ms).await? {
        core.handles
            .kv
            .delete(bucket::TRAIL, key, Expect::Any)
            .await
            .map_err(problem::of_kv)?;
    }
    Ok(())
}

fn parse(key: &str) -> Option<(i64, &str)> {
    let (at_ms, id) = key.strip_prefix("due/")?.split_once('/')?;
    Some((at_ms.parse().ok()?, id))
}

/// Whether nothing is left to do for `id`.
async fn settle(core: &Core, id: &str, at_ms: i64) -> Result<bool, Problem> {
    let Some(record) = record::get(core, id).await? else {
        return Ok(true);
    };
    if record.withdrawn_at_ms.is_some() {
        return Ok(true);
    }
    let mut found = Vec::new();
    for place in record.places.iter().filter(|place| place.n.is_none()) {
        if let Some(located) = locate::by_id(core, &place.channel, id, at_ms).await? {
            found.push((place.channel.clone(), located));
        }
    }
    let fill = |place: &mut Place| {
        let located = found
            .iter()
            .find(|(channel, _located)| *channel == place.channel);
        if let (None, Some((_channel, located))) = (place.n, located) {
            place.n = Some(located.n);
            place.stored_at_ms = Some(located.stored_at_ms);
        }
    };
    let written = record::update(core, id, |record| {
        record.places.iter_mut().for_each(fill);
        !found.is_empty()
    });
    let Some(record) = written.await? else {
        return Ok(true);
    };
    if !found.is_empty() {
        collapse::older(core, &record).await;
    }
    for (channel, _located) in &found {
        if channel.kind() == Kind::User {
            core.touch(channel.id());
        }
    }
    // Expired ones are never found again.
    let over = record
        .expires_at_ms
        .is_some_and(|at_ms| at_ms <= core.clock.now_ms());
    Ok(over || record.places.iter().all(|place| place.n.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_time_and_are_read_back() {
        let early = record::due_key(999, "b");
        let late = record::due_key(1_000, "a");
        assert!(early < late);
        assert_eq!(parse(&early), Some((999, "b")));
        assert_eq!(parse("due/x"), None);
    }
}
