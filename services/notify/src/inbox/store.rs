//! Where read states are kept.

use super::{channels, state::State};
use crate::{
    core::{Core, bucket},
    problem,
};
use bytes::Bytes;
use fanfare_bus::{KvError, kv::Expect};
use fanfare_http::Problem;
use fanfare_proto::token;

/// Most attempts while the user's other devices change the same record.
const ATTEMPTS: usize = 32;

/// The read state of `user`; a fresh one when there is none.
pub(crate) async fn load(core: &Core, user: &str) -> Result<State, Problem> {
    Ok(read(core, user).await?.0)
}

/// Changes the read state of `user`. `change` says whether it changed something. Answers the state as it then is, and
/// whether this call changed it.
///
/// # Errors
///
/// `unavailable`, also after too many conflicts; nothing has changed then.
pub(crate) async fn update(
    core: &Core,
    user: &str,
    groups: &[String],
    change: impl Fn(&mut State) -> bool,
) -> Result<(State, bool), Problem> {
    for _attempt in 0..ATTEMPTS {
        let (mut state, expect) = read(core, user).await?;
        if !change(&mut state) {
            return Ok((state, false));
        }
        state.revision += 1;
        groups.clone_into(&mut state.groups);
        state.compact(&channels::of(user, groups));
        match write(core, user, &state, expect).await {
            Ok(_revision) => return Ok((state, true)),
            Err(KvError::Conflict) => {}
            Err(error) => return Err(problem::of_kv(error)),
        }
    }
    Err(problem::of_kv(KvError::Conflict))
}

/// Remembers the groups of a token, for counts that are pushed. A conflict means that somebody else just did.
pub(crate) async fn remember_groups(
    core: &Core,
    user: &str,
    groups: &[String],
) -> Result<State, Problem> {
    let (mut state, expect) = read(core, user).await?;
    if state.groups == groups {
        return Ok(state);
    }
    groups.clone_into(&mut state.groups);
    state.revision += 1;
    match write(core, user, &state, expect).await {
        Ok(_revision) => Ok(state),
        Err(KvError::Conflict) => load(core, user).await,
        Err(error) => Err(problem::of_kv(error)),
    }
}

async fn read(core: &Core, user: &str) -> Result<(State, Expect), Problem> {
    let found = core
        .handles
        .kv
        .get(bucket::INBOX, &token::encode(user))
        .await
        .map_err(problem::of_kv)?;
    let Some(found) = found else {
        return Ok((State::default(), Expect::Absent));
    };
    let state = serde_json::from_slice(&found.value)
        .map_err(|_shape| problem::internal("a read state is unreadable"))?;
    Ok((state, Expect::Revision(found.revision)))
}

async fn write(core: &Core, user: &str, state: &State, expect: Expect) -> Result<u64, KvError> {
    // Serialising cannot fail: the keys of its one map are texts.
    let value: Bytes = serde_json::to_vec(state).unwrap_or_default().into();
    core.handles
        .kv
        .put(bucket::INBOX, &token::encode(user), value, expect, None)
        .await
}
