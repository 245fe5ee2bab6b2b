//! What a batch comes to: its steps, done one after the other on what stands there, leave one message for each key.

use super::{
    bucket::{Bucket, expecting},
    read::Current,
};
use crate::{
    error::KvError,
    kv::{Expect, Op},
    nats::publish::Post,
};
use std::collections::HashMap;

/// The keys that must be read first.
pub(super) fn keys_to_read(ops: &[Op]) -> Vec<String> {
    let depends = |op: &Op| matches!(op, Op::Delete { .. }) || *expect(op) != Expect::Any;
    let mut keys: Vec<String> = ops
        .iter()
        .filter(|op| depends(op))
        .map(|op| key(op).to_owned())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn key(op: &Op) -> &str {
    match op {
        Op::Put { key, .. } | Op::Delete { key, .. } => key,
    }
}

const fn expect(op: &Op) -> &Expect {
    match op {
        Op::Put { expect, .. } | Op::Delete { expect, .. } => expect,
    }
}

/// A key between two steps.
#[derive(Clone, Copy)]
enum State {
    Absent,
    /// Since before the batch.
    At(u64),
    /// Written by a step before.
    Written,
}

impl State {
    fn meets(self, expect: Expect) -> bool {
        match (expect, self) {
            (Expect::Any, _) | (Expect::Absent, Self::Absent) => true,
            (Expect::Revision(wanted), Self::At(revision)) => wanted == revision,
            // What a step before has written has no revision yet.
            (Expect::Absent, Self::At(_) | Self::Written)
            | (Expect::Revision(_), Self::Absent | Self::Written) => false,
        }
    }
}

/// What became of a key.
struct Outcome {
    state: State,
    /// Of the step that decides.
    last: usize,
    /// Some step expected something.
    is_conditional: bool,
}

/// The messages that do all of `ops`, given what stands under the keys that were to be read. They hold only for that:
/// should it have changed, storing them is refused.
///
/// # Errors
///
/// [`KvError::Conflict`].
pub(super) fn plan(
    bucket: &Bucket,
    ops: &[Op],
    found: &HashMap<String, Current>,
) -> Result<Vec<Post>, KvError> {
    let mut outcomes: HashMap<&str, Outcome> = HashMap::new();
    for (index, op) in ops.iter().enumerate() {
        let outcome = outcomes.entry(key(op)).or_insert_with(|| {
            let record = found
                .get(key(op))
                .and_then(|current| current.record.as_ref());
            Outcome {
                state: record.map_or(State::Absent, |record| State::At(record.revision)),
                last: index,
                is_conditional: false,
            }
        });
        if !outcome.state.meets(*expect(op)) {
            return Err(KvError::Conflict);
        }
        outcome.is_conditional |= *expect(op) != Expect::Any;
        outcome.last = index;
        outcome.state = match op {
            Op::Put { .. } => State::Written,
            Op::Delete { .. } => State::Absent,
        };
    }
    let mut posts = Vec::new();
    for (index, op) in ops.iter().enumerate() {
        let outcome = &outcomes[key(op)];
        if outcome.last != index {
            continue;
        }
        let current = found.get(key(op));
        let seq = current.map_or(0, |current| current.seq);
        match op {
            Op::Put {
                key, value, ttl_ms, ..
            } => {
                let post = bucket.put(key, value.clone(), *ttl_ms);
                posts.push(match outcome.is_conditional {
                    true => expecting(post, seq),
                    false => post,
                });
            }
            Op::Delete { key, .. } => {
                let is_there = current.is_some_and(|current| current.record.is_some());
                // Where nothing is to be removed but something was expected, a message holds the place all the same.
                if is_there || outcome.is_conditional {
                    posts.push(expecting(bucket.remove(key), seq));
                }
            }
        }
    }
    Ok(posts)
}
