//! Where in a user's inbox a notification stands.

use super::channels;
use crate::{
    core::Core,
    notification::{locate, record},
    problem,
};
use fanfare_bus::log::Slice;
use fanfare_http::Problem;
use fanfare_proto::{Channel, ErrorCode, Kind, Timestamp, wire::Entry};
use futures_util::future::join_all;
use prost::Message as _;

/// Entries that are looked at for one created at the same time as another.
const NEIGHBOURS: usize = 100;

/// A notification of an inbox.
pub(crate) struct Standing {
    /// Each channel of the inbox it is on, with its ordinal there.
    pub(crate) places: Vec<(Channel, u64)>,
    pub(crate) created_at_ms: i64,
}

fn missing() -> Problem {
    Problem::new(
        ErrorCode::NotFound,
        "there is no such notification in your inbox",
    )
}

/// Finds notification `id` in the inbox of `user`.
///
/// # Errors
///
/// `not_found`, also for one that exists in somebody else's inbox.
pub(crate) async fn by_id(
    core: &Core,
    user: &str,
    groups: &[String],
    id: &str,
) -> Result<Standing, Problem> {
    let own = channels::of(user, groups);
    let standing = match record::get(core, id).await? {
        Some(record) => {
            let created_at_ms = record.deliver_at_ms.unwrap_or(record.accepted_at_ms);
            let mut places = Vec::new();
            for place in record.places {
                if place.withdrawn.is_some() || !own.contains(&place.channel) {
                    continue;
                }
                let n = match place.n {
                    Some(n) => Some(n),
                    None => locate::by_id(core, &place.channel, id, created_at_ms)
                        .await?
                        .map(|found| found.n),
                };
                places.extend(n.map(|n| (place.channel, n)));
            }
            Standing {
                places,
                created_at_ms,
            }
        }
        None => unrecorded(core, user, id).await?,
    };
    if standing.places.is_empty() {
        return Err(missing());
    }
    Ok(standing)
}

/// Older than the trail is kept, or appended by another service: looked for among the newest of the user's own.
async fn unrecorded(core: &Core, user: &str, id: &str) -> Result<Standing, Problem> {
    let channel = Channel::new(Kind::User, user).map_err(|_id| missing())?;
    let found = locate::newest_by_id(core, &channel, id)
        .await?
        .ok_or_else(missing)?;
    Ok(Standing {
        places: vec![(channel, found.n)],
        created_at_ms: found.created_at_ms,
    })
}

/// For each channel of the inbox, the ordinal of the last entry created at or before `upto`; with `None`, the newest.
/// Channels without any are left out. `upto` is a time or the id of a notification.
pub(crate) async fn upto(
    core: &Core,
    user: &str,
    groups: &[String],
    upto: Option<&str>,
) -> Result<Vec<(Channel, u64)>, Problem> {
    let own = channels::of(user, groups);
    let at_ms = match upto {
        None => i64::MAX,
        Some(text) => match Timestamp::parse(text) {
            Some(at) => at.as_ms(),
            None if crate::notification::id::is_id(text) => {
                by_id(core, user, groups, text).await?.created_at_ms
            }
            None => {
                return Err(Problem::new(
                    ErrorCode::BadMessage,
                    "up_to: must be a time (RFC 3339) or the id of a notification",
                ));
            }
        },
    };
    let heads = core
        .handles
        .log
        .heads(&own)
        .await
        .map_err(problem::of_log)?;
    let lanes = own
        .into_iter()
        .zip(heads)
        .map(|(channel, head)| async move {
            let n = if at_ms >= core.clock.now_ms() {
                head.last.n
            } else {
                created_upto(core, &channel, at_ms).await?
            };
            Ok::<_, Problem>((channel, n))
        });
    let found: Result<Vec<_>, Problem> = join_all(lanes).await.into_iter().collect();
    Ok(found?.into_iter().filter(|(_channel, n)| *n > 0).collect())
}

/// Entries are stored a little after they were created, so some that were stored later still belong to it.
async fn created_upto(core: &Core, channel: &Channel, at_ms: i64) -> Result<u64, Problem> {
    let stored = locate::last_at(core, channel, at_ms).await?;
    let page = core
        .handles
        .log
        .history(channel, Slice::After(stored), NEIGHBOURS)
        .await
        .map_err(problem::of_log)?;
    let last = page
        .records
        .iter()
        .take_while(|record| {
            Entry::decode(record.payload.clone()).is_ok_and(|entry| entry.created_at_ms <= at_ms)
        })
        .last();
    Ok(last.map_or(stored, |record| record.position.n))
}
