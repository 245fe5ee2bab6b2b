//! How much of the inbox is unread.

use super::{
    channels,
    scan::Scan,
    state::{Marks, State},
    store,
};
use crate::{core::Core, hash, problem};
use fanfare_bus::log::Head;
use fanfare_http::Problem;
use fanfare_proto::Channel;
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Type of notifications that name none.
const NO_TYPE: &str = "other";
/// Most types that are told apart; the rest counts as [`NO_TYPE`].
const TYPES_MAX: usize = 256;
/// Most attempts to see state and logs at one moment.
const ATTEMPTS: usize = 3;

/// Inboxes counted at once in one worker, and channels of each: together they bound what a storm of clients that come
/// back holds in memory, at a page of one log for each.
pub(crate) const AT_ONCE: usize = 32;
const LANES_AT_ONCE: usize = 8;
/// Longest wait for a turn to count. Whoever asked has given up soon after.
const TURN: Duration = Duration::from_secs(4);

/// What is unread, as absolute numbers.
///
/// `version` orders answers of one `basis`: it is the number of changes to the user's read state plus the number of
/// entries ever appended to his channels, so every append, retraction and mark makes it larger. A client keeps the
/// answer with the larger one. Of two with the same, the newer knows of more that has expired. It starts anew with
/// another basis (a token with other groups) and after the log was restored: a client forgets it with each `welcome`.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Counts {
    /// Of one notification on several channels, one counts.
    #[schema(example = 3)]
    pub(crate) unread: u64,
    /// By channel; those without any are left out.
    #[schema(example = json!({"user:7": 2, "all": 1}))]
    by_channel: BTreeMap<String, u64>,
    /// By `msg_type`; `other` for those without one.
    #[schema(example = json!({"invoice": 2, "other": 1}))]
    by_type: BTreeMap<String, u64>,
    /// Which channels were counted, as a short digest of their names. Versions compare within one basis only.
    #[schema(example = "5b1c0a7de2f94836")]
    basis: String,
    /// Orders answers of one basis: the larger one is newer.
    #[schema(example = 57)]
    version: u64,
    /// There are more: only the newest 1,000 entries of a channel were looked at.
    #[serde(skip_serializing_if = "is_false")]
    at_least: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Counts what `user` has not read. `groups` are those of his token.
pub(crate) async fn of(core: &Core, user: &str, groups: &[String]) -> Result<Counts, Problem> {
    let turn = tokio::time::timeout(TURN, core.counting.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(problem::unavailable());
    };
    let channels = channels::of(user, groups);
    let (state, heads) = snapshot(core, user, &channels).await?;
    let lanes: Vec<_> = channels
        .iter()
        .zip(&heads)
        .map(|(channel, head)| {
            let marks = state.marks(channel, core.handles.log.epoch(channel));
            unread(core, channel, *head, marks)
        })
        .collect();
    let appended: u64 = heads.iter().map(|head| head.last.n).sum();
    let mut counts = Counts {
        unread: 0,
        by_channel: BTreeMap::new(),
        by_type: BTreeMap::new(),
        basis: basis(&channels),
        version: state.revision + appended,
        at_least: false,
    };
    let mut seen = BTreeSet::new();
    let mut lanes = stream::iter(lanes).buffered(LANES_AT_ONCE);
    for channel in &channels {
        let Some(lane) = lanes.next().await else {
            break;
        };
        let (found, capped) = lane?;
        counts.at_least |= capped;
        for Unread { id, msg_type } in found {
            if seen.insert(id) {
                counts.add(channel, msg_type);
            }
        }
    }
    Ok(counts)
}

/// The same for the same channels in any order, in every worker.
fn basis(channels: &[Channel]) -> String {
    let mut names: Vec<&[u8]> = channels
        .iter()
        .map(|channel| channel.name().as_bytes())
        .collect();
    names.sort_unstable();
    hash::hex(&hash::sha256(&names)[..8])
}

impl Counts {
    fn add(&mut self, channel: &Channel, msg_type: Option<String>) {
        self.unread += 1;
        *self
            .by_channel
            .entry(channel.name().to_owned())
            .or_default() += 1;
        let name = msg_type
            .filter(|name| self.by_type.len() < TYPES_MAX || self.by_type.contains_key(name))
            .unwrap_or_else(|| NO_TYPE.to_owned());
        *self.by_type.entry(name).or_default() += 1;
    }
}

/// The read state and the heads as they stood together at one moment, so that versions order them.
async fn snapshot(
    core: &Core,
    user: &str,
    channels: &[Channel],
) -> Result<(State, Vec<Head>), Problem> {
    let mut state = store::load(core, user).await?;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let heads = core
            .handles
            .log
            .heads(channels)
            .await
            .map_err(problem::of_log)?;
        let after = store::load(core, user).await?;
        // A user who changes so much gets newer counts with each change: these do meanwhile.
        if after.revision == state.revision || attempt >= ATTEMPTS {
            return Ok((state, heads));
        }
        state = after;
    }
}

/// What is kept of an entry until all are counted; whole ones are let go page by page.
struct Unread {
    id: String,
    msg_type: Option<String>,
}

async fn unread(
    core: &Core,
    channel: &Channel,
    head: Head,
    marks: Marks,
) -> Result<(Vec<Unread>, bool), Problem> {
    let before = head.last.n.saturating_add(1);
    let mut scan = Scan::new(core, channel, before, marks.read_upto());
    let mut entries = Vec::new();
    while let Some(found) = scan.next().await? {
        if !marks.is_read(found.n) && !marks.is_archived(found.n) {
            entries.push(Unread {
                msg_type: msg_type(&found.entry.body),
                id: found.entry.id,
            });
        }
    }
    Ok((entries, scan.is_capped()))
}

fn msg_type(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(default)]
        msg_type: Option<String>,
    }
    let typed: Typed = serde_json::from_slice(body).ok()?;
    typed.msg_type
}
