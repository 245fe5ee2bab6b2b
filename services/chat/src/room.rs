//! A room, and who may do what in it.

use crate::{actor::Actor, member::Member};
use fanfare_http::Problem;
use fanfare_proto::{Channel, ErrorCode, Kind as ChannelKind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most characters of a room's name.
pub(crate) const NAME_CHARS: usize = 128;
/// Longest slow mode: a message an hour.
pub(crate) const SLOW_SECONDS_MAX: u64 = 3_600;

/// Who finds and reads a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RoomKind)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Everybody with a token reads; members write.
    Public,
    /// Members only; nobody else learns that it exists.
    Private,
    /// Two users.
    Direct,
}

/// What a member may do; each more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = RoomRole)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Member,
    Moderator,
    Owner,
}

impl Role {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }
}

/// One room. Changed by compare-and-set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Empty for a direct room.
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) created_by: String,
    pub(crate) created_at_ms: i64,
    /// Nobody writes any more; everything can still be read.
    #[serde(default)]
    pub(crate) archived: bool,
    /// Members may send one message in so many seconds; 0: as they like.
    #[serde(default)]
    pub(crate) slow_seconds: u64,
    #[serde(default)]
    pub(crate) members: u64,
    #[serde(default)]
    pub(crate) owners: u64,
    /// Of a direct room, both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pair: Vec<String>,
}

/// What somebody wants to do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Read,
    Write,
    Invite,
    Remove,
    Rename,
    SlowMode,
    Moderate,
    DeleteOthers,
    Audit,
    Archive,
    ChangeRoles,
}

impl Action {
    /// The least role that may.
    const fn least(self) -> Option<Role> {
        match self {
            Self::Read | Self::Write => None,
            Self::Invite
            | Self::Remove
            | Self::Rename
            | Self::SlowMode
            | Self::Moderate
            | Self::DeleteOthers
            | Self::Audit => Some(Role::Moderator),
            Self::Archive | Self::ChangeRoles => Some(Role::Owner),
        }
    }
}

/// A room as one who asks stands to it.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) room: Room,
    /// What a user is to it; `None`: nothing.
    pub(crate) member: Option<Member>,
    pub(crate) now_ms: i64,
}

/// The answer to whoever may not know of a room, and to whoever names one that does not exist.
pub(crate) fn not_found() -> Problem {
    Problem::new(ErrorCode::NotFound, "there is no such room")
}

fn forbidden(why: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::Forbidden, why)
}

impl Room {
    pub(crate) fn channel(&self) -> Result<Channel, Problem> {
        channel_of(&self.id)
    }
}

/// The channel of the room `id`.
pub(crate) fn channel_of(id: &str) -> Result<Channel, Problem> {
    Channel::new(ChannelKind::Room, id).map_err(|_id| not_found())
}

impl Standing {
    /// The role that counts: of a backend, always that of an owner.
    pub(crate) fn role(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Backend { .. } => Some(Role::Owner),
            Actor::User { .. } => self.member.as_ref().and_then(|member| member.role),
        }
    }

    /// Refuses unless `actor` may do `action`.
    ///
    /// # Errors
    ///
    /// `not_found` for whoever may not read the room, whatever he wants of it; `forbidden` with the reason else.
    pub(crate) fn check(&self, actor: &Actor, action: Action) -> Result<(), Problem> {
        self.check_read(actor)?;
        if action == Action::Read {
            return Ok(());
        }
        let role = self
            .role(actor)
            .ok_or_else(|| forbidden("join the room first"))?;
        if let Some(least) = action.least() {
            if self.room.kind == Kind::Direct {
                return Err(forbidden("a direct room has neither name nor moderators"));
            }
            if role < least {
                let least = least.as_str();
                return Err(forbidden(format!("this takes the role {least}")));
            }
            return Ok(());
        }
        if self.room.archived {
            return Err(forbidden("the room is archived"));
        }
        self.check_mute()
    }

    fn check_read(&self, actor: &Actor) -> Result<(), Problem> {
        if matches!(actor, Actor::Backend { .. }) {
            return Ok(());
        }
        let banned_until_ms = self.member.as_ref().map_or(0, |own| own.banned_until_ms);
        if banned_until_ms > self.now_ms {
            return Err(match self.room.kind {
                Kind::Public => forbidden(format!("you are banned {}", until(banned_until_ms))),
                Kind::Private | Kind::Direct => not_found(),
            });
        }
        let is_member = self.role(actor).is_some();
        if is_member || self.room.kind == Kind::Public {
            Ok(())
        } else {
            Err(not_found())
        }
    }

    fn check_mute(&self) -> Result<(), Problem> {
        let muted_until_ms = self.member.as_ref().map_or(0, |own| own.muted_until_ms);
        if muted_until_ms <= self.now_ms {
            return Ok(());
        }
        let problem = forbidden(format!("you are muted {}", until(muted_until_ms)));
        Err(if muted_until_ms == FOREVER_MS {
            problem
        } else {
            problem.retry_after_ms((muted_until_ms - self.now_ms).unsigned_abs())
        })
    }
}

/// The time of what does not end.
pub(crate) const FOREVER_MS: i64 = i64::MAX;

fn until(at_ms: i64) -> String {
    if at_ms == FOREVER_MS {
        "for good".to_owned()
    } else {
        format!("until {}", Timestamp::from_ms(at_ms))
    }
}

#[cfg(test)]
mod tests;
