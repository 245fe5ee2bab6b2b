//! Work that is not done with one write: what is written down before it begins is finished by another worker when its own
//! has died.
//!
//! A record is put before the first step, or with it, and removed after the last. All steps may be done twice.

use crate::{announce::Announcement, core::Core, effect, key};
use fanfare_bus::kv::{Expect, Op};
use fanfare_http::Problem;
use fanfare_lifecycle::Shutdown;
use fanfare_service::{hash, records};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Pieces of work that one sweep looks at.
const SWEEP: usize = 200;

/// One piece of work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) room: String,
    pub(crate) at_ms: i64,
    pub(crate) work: Work,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// The effects of an entry that was to be appended after this ordinal.
    Effects { after_n: u64 },
    /// Members or the room have changed: that is to be told.
    Announce(Box<Announcement>),
}

/// A piece of work that was written down.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) id: String,
}

impl Ticket {
    pub(crate) fn new() -> Result<Self, Problem> {
        let id = hash::hex(&hash::random()?);
        Ok(Self { id })
    }

    fn key(&self) -> String {
        format!("{}{}", key::PENDING, self.id)
    }

    /// The step that writes it down.
    pub(crate) fn op(&self, pending: &Pending) -> Op {
        records::put(&self.key(), pending, Expect::Any)
    }

    /// The work is done. Not waited for: when it is not heard of, the work is done twice.
    pub(crate) fn done(self, core: &Arc<Core>) {
        let core = Arc::clone(core);
        core.tasks.clone().spawn(async move {
            let ops = vec![records::delete(&self.key(), Expect::Any)];
            if let Err(problem) = core.records.commit(ops).await {
                tracing::debug!(code = problem.code(), "finished work stays written down");
            }
        });
    }
}

/// Finishes what dead workers have left, until the shutdown begins.
pub(crate) fn spawn_sweep(core: &Arc<Core>, shutdown: &Shutdown) {
    let (core, shutdown) = (Arc::clone(core), shutdown.clone());
    core.tasks.clone().spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                () = tokio::time::sleep(core.settings.sweep_interval) => {}
            }
            if let Err(problem) = sweep(&core).await {
                tracing::debug!(code = problem.code(), "the sweep comes again later");
            }
        }
    });
}

async fn sweep(core: &Arc<Core>) -> Result<(), Problem> {
    let age_ms = i64::try_from(core.settings.orphan_age.as_millis()).unwrap_or(i64::MAX);
    let found = core.records.scan::<Pending>(key::PENDING, None, SWEEP);
    for (id, pending) in found.await? {
        if pending.at_ms.saturating_add(age_ms) > core.clock.now_ms() {
            continue;
        }
        let ticket = Ticket { id };
        match finish(core, &pending, &ticket).await {
            Ok(()) => {
                tracing::info!(room = pending.room, "work that was left behind is finished");
                core.meters.orphans.inc();
                ticket.done(core);
            }
            // Others must not wait for it.
            Err(problem) => tracing::warn!(
                code = problem.code(),
                room = pending.room,
                "work that was left behind is tried again"
            ),
        }
    }
    Ok(())
}

async fn finish(core: &Arc<Core>, pending: &Pending, ticket: &Ticket) -> Result<(), Problem> {
    match &pending.work {
        Work::Effects { after_n } => {
            effect::catch_up(core, &pending.room, *after_n, pending.at_ms).await
        }
        Work::Announce(announcement) => announcement.tell(core, &pending.room, ticket).await,
    }
}
