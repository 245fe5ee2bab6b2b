//! Decides, from what is known, whether a user got one entry of a channel, and if not, why. No I/O, no clock.

use super::reason::Reason;
use fanfare_proto::{
    CloseCode, Kind,
    wire::{Coverage, SessionReport},
};

/// What is known of one entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) now_ms: i64,
    /// When it is due, for a scheduled one.
    pub(crate) deliver_at_ms: Option<i64>,
    /// Where it stands and since when; `None`: not stored, or not found.
    pub(crate) stored: Option<(u64, i64)>,
    pub(crate) cancelled: bool,
    pub(crate) retracted_at_ms: Option<i64>,
    pub(crate) collapsed_at_ms: Option<i64>,
    pub(crate) expires_at_ms: Option<i64>,
    /// Whether the gateways could be asked for open sessions.
    pub(crate) gateways_asked: bool,
}

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Its gateway says so right now.
    Open,
    /// Its gateway has reported its end.
    Ended,
    /// It never was reported ended, but no gateway has it.
    Lost,
}

/// One stay of the user.
#[derive(Clone, Debug)]
pub(crate) struct Stay {
    pub(crate) report: SessionReport,
    pub(crate) presence: Presence,
}

/// How it came to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// As it was stored.
    Live,
    /// From the log, when the session came (back), at this time.
    Replay { at_ms: i64 },
}

/// A session it was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) session: String,
    pub(crate) node: String,
    pub(crate) path: String,
    pub(crate) how: How,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was written to these sessions' sockets; at least one.
    Delivered(Vec<Delivery>),
    Not(Reason),
}

/// Decides for one user and one channel of `kind`, named `channel`.
pub(crate) fn decide(facts: &Facts, kind: Kind, channel: &str, stays: &[Stay]) -> Verdict {
    if facts.cancelled {
        return Verdict::Not(Reason::Cancelled);
    }
    let Some((n, stored_at_ms)) = facts.stored else {
        return Verdict::Not(unstored(facts));
    };
    let gone = gone(facts);
    let deliveries: Vec<Delivery> = stays
        .iter()
        .filter_map(|stay| delivery(&stay.report, channel, n, gone.as_ref()))
        .collect();
    if !deliveries.is_empty() {
        return Verdict::Delivered(deliveries);
    }
    if let Some((reason, _at_ms)) = gone {
        return Verdict::Not(reason);
    }
    Verdict::Not(absent(facts, kind, channel, (n, stored_at_ms), stays))
}

fn unstored(facts: &Facts) -> Reason {
    if let Some(at_ms) = facts.retracted_at_ms {
        return Reason::Retracted { at_ms };
    }
    match (facts.deliver_at_ms, facts.expires_at_ms) {
        (Some(at_ms), _) if facts.now_ms < at_ms => Reason::NotDue { at_ms },
        (_, Some(at_ms)) if facts.now_ms >= at_ms => Reason::Expired { at_ms },
        _ => Reason::Pending,
    }
}

/// What took it out of the log first, and when.
fn gone(facts: &Facts) -> Option<(Reason, i64)> {
    let retracted = facts
        .retracted_at_ms
        .map(|at_ms| (Reason::Retracted { at_ms }, at_ms));
    let collapsed = facts
        .collapsed_at_ms
        .map(|at_ms| (Reason::Collapsed { at_ms }, at_ms));
    let expired = facts
        .expires_at_ms
        .filter(|at_ms| *at_ms <= facts.now_ms)
        .map(|at_ms| (Reason::Expired { at_ms }, at_ms));
    [retracted, collapsed, expired]
        .into_iter()
        .flatten()
        .min_by_key(|(_reason, at_ms)| *at_ms)
}

fn delivery(
    report: &SessionReport,
    channel: &str,
    n: u64,
    gone: Option<&(Reason, i64)>,
) -> Option<Delivery> {
    let how = of_channel(report, channel).find_map(|stay| {
        if n <= stay.from_n || n > stay.upto_n {
            return None;
        }
        if n > stay.replayed_n {
            return Some(How::Live);
        }
        // A range that was read from the log after the entry had left it does not hold the entry.
        let was_there = gone.is_none_or(|(_reason, gone_ms)| stay.at_ms < *gone_ms);
        was_there.then_some(How::Replay { at_ms: stay.at_ms })
    })?;
    Some(Delivery {
        session: report.session.clone(),
        node: report.node.clone(),
        path: report.path.clone(),
        how,
    })
}

fn of_channel<'a>(
    report: &'a SessionReport,
    channel: &'a str,
) -> impl Iterator<Item = &'a Coverage> {
    report
        .coverage
        .iter()
        .filter(move |stay| stay.channel == channel)
}

/// It is in the log, and was written to none of the sessions.
fn absent(
    facts: &Facts,
    kind: Kind,
    channel: &str,
    (n, stored_at_ms): (u64, i64),
    stays: &[Stay],
) -> Reason {
    let of = |presence| stays.iter().filter(move |stay| stay.presence == presence);
    // Those that came behind it are told of only where nobody else could have got it.
    let follows = |stay: &&Stay| of_channel(&stay.report, channel).any(|stay| stay.from_n < n);
    let following = || {
        of(Presence::Open)
            .flat_map(|stay| of_channel(&stay.report, channel))
            .filter(|stay| stay.left_at_ms == 0)
    };
    let behind = following().filter(|stay| stay.upto_n < n);
    if let Some(upto_n) = behind.map(|stay| stay.upto_n).max() {
        return Reason::Behind { upto_n };
    }
    if let Some(at_ms) = following().map(|stay| stay.at_ms).min() {
        return Reason::BeganAfter { at_ms };
    }
    if !facts.gateways_asked {
        return Reason::Unknown {
            why: "The gateways could not be asked which sessions are open; look again shortly.",
        };
    }
    if stays.is_empty() {
        return Reason::NeverConnected;
    }
    let open = of(Presence::Open).count();
    let may_follow = match kind {
        Kind::User | Kind::All => true,
        Kind::Group | Kind::Room | Kind::Topic | Kind::System => stays
            .iter()
            .any(|stay| of_channel(&stay.report, channel).next().is_some()),
    };
    if !may_follow {
        return Reason::Unknown {
            why: "The user has had sessions, but none of them followed this channel: either his token does not name it, or the sessions did not subscribe.",
        };
    }
    if open > 0 {
        return Reason::ConnectedElsewhere { sessions: open };
    }
    let lost = of(Presence::Lost)
        .filter(follows)
        .map(|stay| stay.report.connected_at_ms)
        .max();
    let after = of(Presence::Ended)
        .filter(follows)
        .filter(|stay| stay.report.ended_at_ms >= stored_at_ms)
        .max_by_key(|stay| stay.report.ended_at_ms);
    if let Some(stay) = after {
        let at_ms = stay.report.ended_at_ms;
        let code = stay.report.close_code;
        return if code == u32::from(CloseCode::TooSlow.as_u16()) {
            Reason::ClosedTooSlow { at_ms }
        } else {
            Reason::Closed { at_ms, code }
        };
    }
    if let Some(seen_ms) = lost {
        return Reason::SessionLost { seen_ms };
    }
    let came = stays
        .iter()
        .flat_map(|stay| of_channel(&stay.report, channel))
        .filter(|stay| stay.from_n >= n);
    if let Some(at_ms) = came.map(|stay| stay.at_ms).min() {
        return Reason::BeganAfter { at_ms };
    }
    let seen_ms = stays
        .iter()
        .map(|stay| stay.report.ended_at_ms.max(stay.report.connected_at_ms))
        .max()
        .unwrap_or_default();
    Reason::NotConnectedSince { seen_ms }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
