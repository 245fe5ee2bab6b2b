//! One message, as it is now.

use crate::{core::Core, effect, message::Body, overlay, overlay::Later};
use fanfare_http::Problem;
use fanfare_proto::{Channel, ErrorCode, wire::EntryType};
use fanfare_service::problem;

/// A message that is still there, or what is left of it.
pub(crate) struct Found {
    /// As it was sent; `None`: it was deleted.
    pub(crate) body: Option<Body>,
    pub(crate) created_at_ms: i64,
    pub(crate) later: Later,
}

/// The message with ordinal `n`.
///
/// # Errors
///
/// `not_found` when there is no such entry any more, or it is no message.
pub(crate) async fn message(
    core: &Core,
    room: &str,
    channel: &Channel,
    n: u64,
) -> Result<Found, Problem> {
    let record = core.handles.log.get(channel, n);
    let record = async { record.await.map_err(problem::of_log) };
    let (record, block) = tokio::try_join!(record, overlay::block_of(core, room, n))?;
    let later = block.later(n);
    if let Some(deleted) = &later.deleted {
        return Ok(Found {
            body: None,
            created_at_ms: deleted.created_at_ms,
            later,
        });
    }
    let entry = match &record {
        Some(record) => effect::decode(record)?,
        None => return Err(missing()),
    };
    if entry.r#type() != EntryType::Message {
        return Err(missing());
    }
    Ok(Found {
        body: Some(effect::read(&entry)?),
        created_at_ms: entry.created_at_ms,
        later,
    })
}

pub(crate) fn missing() -> Problem {
    Problem::new(ErrorCode::NotFound, "there is no such message in this room")
}
