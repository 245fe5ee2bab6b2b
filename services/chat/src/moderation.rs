//! Mutes and bans.

use crate::{
    actor::Actor,
    audit::Deed,
    core::Core,
    member::Member,
    members,
    room::{Action, FOREVER_MS},
    step::{Step, step},
};
use fanfare_http::Problem;
use fanfare_proto::Timestamp;
use std::sync::Arc;

/// Longest mute or ban that ends, in seconds: ten years.
pub(crate) const SECONDS_MAX: u64 = 10 * 366 * 24 * 3_600;

/// For how long, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sentence {
    /// `None`: for good.
    pub(crate) seconds: Option<u64>,
    pub(crate) reason: Option<String>,
}

impl Sentence {
    fn until_ms(&self, now_ms: i64) -> i64 {
        self.seconds.map_or(FOREVER_MS, |seconds| {
            now_ms.saturating_add_unsigned(seconds.saturating_mul(1_000))
        })
    }
}

/// What is done to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// He reads, and does not write.
    Mute,
    Unmute,
    /// He is out of the room, and stays out.
    Ban,
    Unban,
}

impl Measure {
    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Mute => ("mute", "muted"),
            Self::Unmute => ("unmute", "unmuted"),
            Self::Ban => ("ban", "banned"),
            Self::Unban => ("unban", "unbanned"),
        }
    }
}

/// Does `measure` to `user`. When it resolves, no session of a banned user reads the room any more, wherever it is.
///
/// # Errors
///
/// What `actor` may not; nobody does it to one of his own rank.
pub(crate) async fn take(
    core: &Arc<Core>,
    actor: &Actor,
    room: &str,
    user: &str,
    measure: Measure,
    sentence: &Sentence,
) -> Result<(), Problem> {
    let taken = step(core, actor, room, user, |standing, before| {
        standing.check(actor, Action::Moderate)?;
        members::check_rank(standing, actor, before)?;
        let until_ms = sentence.until_ms(standing.now_ms);
        let member = changed(before, measure, until_ms);
        if member == *before {
            return Ok(None);
        }
        let (what, told) = measure.told();
        let is_sentence = matches!(measure, Measure::Mute | Measure::Ban);
        let until = (is_sentence && until_ms != FOREVER_MS)
            .then(|| Timestamp::from_ms(until_ms).to_string());
        let deed = Deed {
            user: Some(user.to_owned()),
            reason: sentence.reason.clone(),
            until: until.clone(),
            ..Deed::new(what, actor, standing.now_ms)
        };
        let mut step = Step::new(told, actor, user, member)
            .telling(told)
            .audited(deed);
        step.data.until = until;
        Ok(Some(step))
    });
    taken.await.map(drop)
}

fn changed(before: &Member, measure: Measure, until_ms: i64) -> Member {
    let before = before.clone();
    match measure {
        Measure::Mute => Member {
            muted_until_ms: until_ms,
            ..before
        },
        Measure::Unmute => Member {
            muted_until_ms: 0,
            ..before
        },
        Measure::Ban => Member {
            role: None,
            invited: false,
            banned_until_ms: until_ms,
            ..before
        },
        Measure::Unban => Member {
            banned_until_ms: 0,
            ..before
        },
    }
}
