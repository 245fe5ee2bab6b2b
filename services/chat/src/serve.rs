//! What gateways ask over the bus.

use crate::{
    actor::Actor,
    change::{self, Change, Target},
    core::Core,
    history::{self, Part},
    list, mark,
    message::Message,
    room::Action,
    seen, send, typing,
};
use fanfare_bus::{BusError, bus::Serving};
use fanfare_http::Problem;
use fanfare_lifecycle::{Tasks, trace};
use fanfare_proto::{
    Channel, ErrorCode, Kind, limits, subject,
    wire::{
        ChangeRequest, HistoryReply, HistoryRequest, MessageRequest, PublishReply, ReadReply,
        ReadRequest, RoomListReply, RoomListRequest, RoomRightsReply, RoomRightsRequest,
        change_request,
    },
};
use fanfare_service::{
    Flaw,
    serve::{answering, known, taking, unreadable},
};
use serde::Serialize;
use std::sync::Arc;

/// The group all workers serve in: each request reaches one of them.
const GROUP: &str = "chat";

/// Serves every subject of the service. `tasks` wait for what is under way.
pub(crate) async fn all(core: &Arc<Core>, tasks: &Tasks) -> Result<Vec<Serving>, BusError> {
    let subjects = [
        (subject::CHAT_RIGHTS, answering(core, tasks, rights)),
        (subject::CHAT_ROOMS, answering(core, tasks, rooms)),
        (subject::CHAT_MESSAGE, answering(core, tasks, message)),
        (subject::CHAT_CHANGE, answering(core, tasks, change)),
        (subject::CHAT_HISTORY, answering(core, tasks, history)),
        (subject::CHAT_READ, answering(core, tasks, read)),
        (subject::CHAT_TYPING, taking(core, tasks, typing::take)),
    ];
    let mut serving = Vec::with_capacity(subjects.len());
    for (subject, responder) in subjects {
        let served = core.handles.bus.serve(subject, Some(GROUP), responder);
        serving.push(served.await?);
    }
    Ok(serving)
}

/// The id of the room that a request names.
fn room(channel: &str) -> Result<String, Problem> {
    let channel =
        Channel::parse(channel).map_err(|error| Flaw::bad("channel", error.to_string()))?;
    if channel.kind() != Kind::Room {
        return Err(Flaw::bad("channel", "must be room:<id>").into());
    }
    Ok(channel.id().to_owned())
}

pub(crate) fn check_client_id(client_id: &str) -> Result<(), Flaw> {
    if client_id.len() <= limits::IDEMPOTENCY_KEY_BYTES {
        return Ok(());
    }
    let why = format!("has more than {} bytes", limits::IDEMPOTENCY_KEY_BYTES);
    Err(Flaw::bad("client_id", why))
}

fn json(value: &impl Serialize) -> bytes::Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// Whether a caller may read and write. A room that does not exist is one that he may not.
async fn rights(core: Arc<Core>, request: RoomRightsRequest) -> Result<RoomRightsReply, Problem> {
    let caller = known(request.caller)?;
    let (room, actor) = (room(&request.channel)?, Actor::from(&caller));
    let (standing, seen) = tokio::join!(
        core.standing(&room, &actor),
        seen::load(&core, &caller.user)
    );
    let standing = match standing {
        Ok(standing) => standing,
        Err(problem) if problem.code() == ErrorCode::NotFound.as_str() => {
            return Ok(RoomRightsReply::default());
        }
        Err(problem) => return Err(problem),
    };
    Ok(RoomRightsReply {
        read: standing.check(&actor, Action::Read).is_ok(),
        write: standing.check(&actor, Action::Write).is_ok(),
        invisible: seen?.invisible,
    })
}

async fn rooms(core: Arc<Core>, request: RoomListRequest) -> Result<RoomListReply, Problem> {
    let caller = known(request.caller)?;
    let page = list::rooms(&core, &caller.user, &request.after).await?;
    Ok(RoomListReply {
        channels: page
            .rooms
            .iter()
            .map(|room| room.counts.channel.clone())
            .collect(),
        cursors: page
            .rooms
            .iter()
            .map(|room| room.cursor.to_string())
            .collect(),
        data: json(&page),
        next: page.next,
    })
}

async fn message(core: Arc<Core>, request: MessageRequest) -> Result<PublishReply, Problem> {
    let caller = known(request.caller)?;
    check_client_id(&request.client_id)?;
    let text = if request.data.is_empty() {
        request.content
    } else {
        request.data
    };
    let text = std::str::from_utf8(&text).map_err(|_bytes| unreadable())?;
    let request = send::Request {
        room: &room(&request.channel)?,
        message: Message::parse(text)?,
        client_id: &request.client_id,
        traceparent: &trace::traceparent(),
    };
    let sent = send::send(&core, &Actor::from(&caller), request).await?;
    Ok(reply(sent))
}

fn reply(sent: send::Sent) -> PublishReply {
    PublishReply {
        n: sent.n,
        cursor: sent.cursor.to_string(),
    }
}

async fn change(core: Arc<Core>, request: ChangeRequest) -> Result<PublishReply, Problem> {
    let caller = known(request.caller)?;
    check_client_id(&request.client_id)?;
    let wanted = match request.change.ok_or_else(unreadable)? {
        change_request::Change::Edit(content) => Change::Edit(content),
        change_request::Change::Delete(_) => Change::Delete,
        change_request::Change::React(react) => Change::React {
            emoji: react.emoji,
            on: react.on,
        },
    };
    let target = Target {
        room: &room(&request.channel)?,
        n: request.n,
        client_id: &request.client_id,
    };
    let sent = change::change(&core, &Actor::from(&caller), target, wanted).await?;
    Ok(reply(sent))
}

async fn history(core: Arc<Core>, request: HistoryRequest) -> Result<HistoryReply, Problem> {
    let caller = known(request.caller)?;
    let part = match (request.before, request.after, request.around) {
        (None, None, None) => Part::Latest,
        (Some(n), None, None) => Part::Before(n),
        (None, Some(n), None) => Part::After(n),
        (None, None, Some(n)) => Part::Around(n),
        _ => return Err(Flaw::bad("", "one of before, after and around, not more").into()),
    };
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let limit = limit.clamp(1, limits::HISTORY_ITEMS);
    let room = room(&request.channel)?;
    let page = history::page(&core, &Actor::from(&caller), &room, part, limit).await?;
    Ok(HistoryReply { data: json(&page) })
}

async fn read(core: Arc<Core>, request: ReadRequest) -> Result<ReadReply, Problem> {
    let caller = known(request.caller)?;
    let (room, actor) = (room(&request.channel)?, Actor::from(&caller));
    let counts = mark::read(&core, &actor, &room, request.n).await?;
    Ok(ReadReply {
        data: json(&counts),
    })
}
