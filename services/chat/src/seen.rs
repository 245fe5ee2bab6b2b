//! When a user was last here, and whether he wants to be seen.

use crate::{actor::Actor, core::Core, key, members::ROOMS_MAX};
use fanfare_bus::{BusError, bus::Received};
use fanfare_http::Problem;
use fanfare_lifecycle::{Shutdown, Tasks};
use fanfare_proto::{Timestamp, channel, subject, wire::SessionBatch};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};
use utoipa::ToSchema;

/// One user's record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// When his last session ended; 0: not since he has joined a room.
    #[serde(default)]
    pub(crate) last_ms: i64,
    /// He is not shown as present, and nobody is told when he was here.
    #[serde(default)]
    pub(crate) invisible: bool,
}

/// What others may know of a user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeenView {
    #[schema(example = "alice")]
    user: String,
    /// When his last session ended; left out when that is not known, or he is invisible.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, value_type = Option<String>)]
    last_seen_at: Option<String>,
}

/// What `user` has chosen.
pub(crate) async fn load(core: &Core, user: &str) -> Result<Seen, Problem> {
    Ok(core
        .records
        .get(&key::user(user))
        .await?
        .unwrap_or_default())
}

/// `user` wants to be seen, or not.
pub(crate) async fn set_invisible(
    core: &Core,
    user: &str,
    invisible: bool,
) -> Result<Seen, Problem> {
    let key = key::user(user);
    let changed = core.records.update::<Seen>(&key, |seen| {
        let seen = seen.unwrap_or_default();
        Ok((seen.invisible != invisible).then_some(Seen { invisible, ..seen }))
    });
    Ok(changed.await?.unwrap_or_default())
}

/// When `user` was last here, for one who shares a room with him.
///
/// # Errors
///
/// `not_found` for everybody else.
pub(crate) async fn of(core: &Core, actor: &Actor, user: &str) -> Result<SeenView, Problem> {
    let shared = match actor.user() {
        Some(own) if own != user => share_a_room(core, own, user).await?,
        _ => true,
    };
    if !shared {
        return Err(Problem::new(
            fanfare_proto::ErrorCode::NotFound,
            "you share no room with such a user",
        ));
    }
    let seen = load(core, user).await?;
    let is_known = seen.last_ms > 0 && !seen.invisible;
    Ok(SeenView {
        user: user.to_owned(),
        last_seen_at: is_known.then(|| Timestamp::from_ms(seen.last_ms).to_string()),
    })
}

async fn share_a_room(core: &Core, one: &str, other: &str) -> Result<bool, Problem> {
    let (one, other) = tokio::try_join!(rooms_of(core, one), rooms_of(core, other))?;
    Ok(!one.is_disjoint(&other))
}

async fn rooms_of(core: &Core, user: &str) -> Result<BTreeSet<String>, Problem> {
    let prefix = key::rooms_of(user);
    let found = core.records.scan::<bool>(&prefix, None, ROOMS_MAX).await?;
    Ok(found.into_iter().map(|(room, _true)| room).collect())
}

/// Listens to what gateways tell of sessions, until the shutdown is forced: at the end of a process all of them end. As a
/// listener, not as one who serves: a gateway that hands its last reports over waits for the notify service to keep them.
///
/// # Errors
///
/// The bus takes no subscription.
pub(crate) async fn follow(
    core: Arc<Core>,
    tasks: &Tasks,
    shutdown: &Shutdown,
) -> Result<(), BusError> {
    let mut reports = core.handles.bus.subscribe(subject::NOTIFY_SESSIONS).await?;
    let shutdown = shutdown.clone();
    tasks.spawn(async move {
        loop {
            let received = tokio::select! {
                () = shutdown.forced() => return,
                received = reports.next() => received,
            };
            match received {
                Some(Received::Message(message)) => {
                    if let Ok(batch) = SessionBatch::decode(message.payload) {
                        take(&core, batch).await;
                    }
                }
                Some(Received::Lagged) => {}
                None => return,
            }
        }
    });
    Ok(())
}

/// Sessions that have ended say when their users were last here.
async fn take(core: &Core, batch: SessionBatch) {
    for session in batch.sessions {
        if session.ended_at_ms == 0 || !channel::is_id(&session.user) {
            continue;
        }
        if let Err(problem) = ended(core, &session.user, session.ended_at_ms).await {
            tracing::debug!(
                code = problem.code(),
                "when a user was last here is not kept"
            );
        }
    }
}

/// Of users without a room nothing is kept.
async fn ended(core: &Core, user: &str, at_ms: i64) -> Result<(), Problem> {
    let prefix = key::rooms_of(user);
    if core
        .records
        .scan::<bool>(&prefix, None, 1)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    let key = key::user(user);
    let changed = core.records.update::<Seen>(&key, |seen| {
        let seen = seen.unwrap_or_default();
        let last_ms = seen.last_ms.max(at_ms);
        Ok((last_ms > seen.last_ms).then_some(Seen { last_ms, ..seen }))
    });
    changed.await.map(drop)
}
