//! Tells that members or a room have changed: in the room's log, to the user it is about, and to the gateways when he may
//! not read any more.

use crate::{
    core::Core,
    event,
    line::Draft,
    pending::{Pending, Ticket, Work},
    room::channel_of,
};
use fanfare_bus::kv::Op;
use fanfare_http::Problem;
use fanfare_lifecycle::trace;
use fanfare_proto::{
    subject,
    wire::{Entry, EntryType, LeaveCommand},
};
use fanfare_service::problem;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most attempts to take a user out of a room on every gateway.
const TRIES: usize = 3;

/// What is to be told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) at_ms: i64,
    pub(crate) data: RoomChange,
    /// His sessions must not read the room any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leaves: Option<String>,
    /// Told to the sessions of the user it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) membership: Option<String>,
    /// Not in the room's log: only those it is about learn of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unlogged: bool,
}

/// The value of `data` in `room`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RoomChange {
    pub(crate) change: String,
    pub(crate) by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<u64>,
    /// When a mute or a ban ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
}

/// The value of `data` in `room_membership`.
#[derive(Serialize)]
struct Membership<'a> {
    channel: &'a str,
    change: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
}

impl Announcement {
    /// The step that writes down that it has to be told.
    pub(crate) fn op(&self, room: &str, ticket: &Ticket) -> Op {
        ticket.op(&Pending {
            room: room.to_owned(),
            at_ms: self.at_ms,
            work: Work::Announce(Box::new(self.clone())),
        })
    }

    /// Tells it; the sweep does when this fails. For after the change was committed together with [`op`](Self::op).
    pub(crate) async fn finish(&self, core: &Arc<Core>, room: &str, ticket: Ticket) {
        match self.tell(core, room, &ticket).await {
            Ok(()) => ticket.done(core),
            Err(problem) => {
                core.meters.unfinished.inc();
                tracing::warn!(code = problem.code(), room, "a change is told later");
            }
        }
    }

    /// Telling it twice tells it once.
    pub(crate) async fn tell(
        &self,
        core: &Arc<Core>,
        room: &str,
        ticket: &Ticket,
    ) -> Result<(), Problem> {
        let channel = channel_of(room)?;
        if let Some(user) = &self.leaves {
            leave(core, channel.name(), user).await?;
        }
        if !self.unlogged {
            let entry = Entry {
                r#type: EntryType::Room.into(),
                created_at_ms: self.at_ms,
                body: serde_json::to_vec(&self.data).unwrap_or_default().into(),
                user: self.data.by.clone(),
                ..Entry::default()
            };
            let draft = Draft {
                entry,
                msg_id: Some(format!("announce/{}", ticket.id)),
                trace: trace::current(),
            };
            core.lines.append(&channel, draft).await?;
        }
        if let (Some(change), Some(user)) = (&self.membership, &self.data.user) {
            tell_membership(
                core,
                channel.name(),
                user,
                change,
                self.data.role.as_deref(),
            )
            .await;
        }
        Ok(())
    }
}

/// Tells the sessions of `user` what he is to the room `channel` now.
pub(crate) async fn tell_membership(
    core: &Core,
    channel: &str,
    user: &str,
    change: &str,
    role: Option<&str>,
) {
    let data = Membership {
        channel,
        change,
        role,
    };
    event::to_user(core, user, "room_membership", &data).await;
}

/// Takes the sessions of `user` out of `channel` on every gateway that is heard of.
async fn leave(core: &Core, channel: &str, user: &str) -> Result<(), Problem> {
    let command = LeaveCommand {
        channel: channel.to_owned(),
        user: user.to_owned(),
    };
    for _try in 0..TRIES {
        let expected = core.gateways.expected();
        let answers = core.handles.bus.gather(
            subject::GATEWAY_LEAVE,
            command.encode_to_vec().into(),
            core.settings.gather_wait,
            expected,
        );
        let answers = answers.await.map_err(|_away| problem::unavailable())?;
        if expected == usize::MAX || answers.len() >= expected {
            return Ok(());
        }
    }
    tracing::warn!(
        channel,
        "not every gateway has answered that a user left a room; one that died holds nobody"
    );
    Ok(())
}
