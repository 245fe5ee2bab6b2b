//! Whether a history keeps the promise: what was accepted is seen by everybody who reads the channel, once and in
//! order, or a `reset` has said otherwise.
//!
//! A publication that was never answered may be in the log or not; once anybody has seen it, it is in the log, and then
//! every reader of the channel must see it too.

mod effects;
mod reading;

use crate::history::{Change, Channel, History, Id, Seen, Session, What};
pub(crate) use effects::effects;
use reading::Reading;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a history comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Appends that a 2xx has named.
    pub(crate) accepted: u64,
    /// Publications that clients were sent, counted at each client.
    pub(crate) delivered: u64,
    /// Publications that a client should have been sent and was not.
    pub(crate) missing: u64,
    /// Publications that came again, or stand in the log twice.
    pub(crate) duplicate: u64,
    /// Publications that came after a later one, or where the log has another one.
    pub(crate) reordered: u64,
    /// Times that a client was told it has missed something.
    pub(crate) reset: u64,
    /// Sessions with a connection that were not sent the last publication.
    pub(crate) deaf_sessions: u64,
    /// What was asked for in rooms, and was not done, or done twice.
    pub(crate) effects: u64,
    /// Entries of rooms that somebody was sent before the attempt began that was answered: an attempt before it had
    /// stored them, and did not answer.
    pub(crate) answered_again: u64,
    /// Entries of rooms that ask for something more, and that somebody was sent although nobody was ever answered.
    pub(crate) never_answered: u64,
    /// What was found, for people; the first [`FINDINGS`] of it.
    pub(crate) findings: Vec<Finding>,
}

/// Findings that are kept: they are read by a person, and one fault makes thousands of the same.
const FINDINGS: usize = 64;

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) flaw: Flaw,
    /// Empty: it is in the log, whoever reads it.
    pub(crate) session: String,
    pub(crate) channel: Channel,
    pub(crate) n: u64,
    pub(crate) id: Id,
    /// When the client saw what is wrong, or the publisher was answered; milliseconds since the row began.
    pub(crate) at_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Missing,
    Duplicate,
    Reordered,
    Deaf,
    Effect,
}

/// What one channel's log holds, put together from the publishers' answers and from what any client saw.
pub(crate) type ChannelLog = BTreeMap<u64, Stored>;

/// One entry of a channel's log.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: Id,
    pub(crate) at_ms: u64,
    /// Whether a reader may lack it: a message that somebody wanted to delete.
    pub(crate) is_optional: bool,
}

impl Verdict {
    /// Whether the promise is kept.
    pub(crate) const fn is_clean(&self) -> bool {
        let order = self.missing + self.duplicate + self.reordered;
        order + self.deaf_sessions + self.effects == 0
    }

    fn find(&mut self, finding: Finding) {
        match finding.flaw {
            Flaw::Missing => self.missing += 1,
            Flaw::Duplicate => self.duplicate += 1,
            Flaw::Reordered => self.reordered += 1,
            Flaw::Deaf => self.deaf_sessions += 1,
            Flaw::Effect => self.effects += 1,
        }
        if self.findings.len() < FINDINGS {
            self.findings.push(finding);
        }
    }
}

/// Checks a whole history.
pub(crate) fn check(history: &History) -> Verdict {
    let mut verdict = Verdict {
        accepted: history.accepted.len() as u64,
        ..Verdict::default()
    };
    let readings: Vec<(&Session, Vec<Reading>)> = history
        .sessions
        .iter()
        .map(|session| (session, reading::of_session(session)))
        .collect();
    let logs = logs(history, &readings, &mut verdict);
    for (session, readings) in &readings {
        for reading in readings {
            let log = logs.get(&reading.channel);
            let is_held = session.held.contains(&reading.channel);
            reading.check(session, log, is_held, &mut verdict);
        }
        check_probes(session, readings, history, &mut verdict);
    }
    check_rooms(history, &mut verdict);
    verdict
}

/// Whether everything was done that was asked for in rooms.
fn check_rooms(history: &History, verdict: &mut Verdict) {
    let mut seen = Seen::new();
    let mut seen_at_ms: HashMap<(&str, &str), u64> = HashMap::new();
    for event in history.sessions.iter().flat_map(|own| &own.events) {
        if let What::Entry { n, id } = &event.what {
            seen.insert((Channel::clone(&event.channel), Id::clone(id)), *n);
            let first = seen_at_ms
                .entry((&event.channel, id))
                .or_insert(event.at_ms);
            *first = event.at_ms.min(*first);
        }
    }
    for finding in effects(&history.messages, &seen, &history.shown) {
        verdict.find(finding);
    }
    let of_rooms = history.accepted.iter();
    let of_rooms = of_rooms.filter(|own| own.channel.starts_with("room:"));
    let again = of_rooms.filter(|own| {
        let first = seen_at_ms.get(&(&*own.channel, &*own.id));
        first.is_some_and(|first| *first < own.asked_at_ms)
    });
    verdict.answered_again = again.count() as u64;
    let never = history.messages.iter().filter(|own| {
        let id = match (own.n, &own.change) {
            (None, _) if own.mentions.is_some() => Id::clone(&own.content),
            (Some(n), Some(change)) if !own.is_changed => change.id(n),
            _ => return false,
        };
        seen.contains_key(&(Channel::clone(&own.room), id))
    });
    verdict.never_answered = never.count() as u64;
}

/// Messages that somebody wanted to delete: once that has happened, the log has them no more.
fn optional(history: &History) -> HashSet<(&str, u64)> {
    let deleted = history
        .messages
        .iter()
        .filter(|message| message.change == Some(Change::Delete));
    deleted
        .filter_map(|message| Some((&*message.room, message.n?)))
        .collect()
}

/// The logs of all channels. Two entries at one place, or one entry at two, is a finding.
fn logs(
    history: &History,
    readings: &[(&Session, Vec<Reading>)],
    verdict: &mut Verdict,
) -> HashMap<Channel, ChannelLog> {
    let accepted = history
        .accepted
        .iter()
        .map(|own| (&*own.channel, own.n, &own.id, own.at_ms, ""));
    let seen = readings.iter().flat_map(|(session, readings)| {
        readings.iter().flat_map(|reading| {
            reading.entries().map(|entry| {
                (
                    &*reading.channel,
                    entry.n,
                    &entry.id,
                    entry.at_ms,
                    &*session.name,
                )
            })
        })
    });
    let optional = optional(history);
    let mut logs: HashMap<Channel, ChannelLog> = HashMap::new();
    let mut places: HashMap<(Channel, Id), u64> = HashMap::new();
    for (channel, n, id, at_ms, session) in accepted.chain(seen) {
        let is_optional = optional.contains(&(channel, n));
        let channel: Channel = channel.into();
        let finding = |flaw| Finding {
            flaw,
            session: session.to_owned(),
            channel: Channel::clone(&channel),
            n,
            id: Id::clone(id),
            at_ms,
        };
        let log = logs.entry(Channel::clone(&channel)).or_default();
        let stored = log.entry(n).or_insert_with(|| Stored {
            id: Id::clone(id),
            at_ms,
            is_optional,
        });
        if stored.id != *id {
            verdict.find(finding(Flaw::Reordered));
            continue;
        }
        let place = places
            .entry((Channel::clone(&channel), Id::clone(id)))
            .or_insert(n);
        if *place != n {
            verdict.find(finding(Flaw::Duplicate));
        }
    }
    logs
}

/// Whoever is connected and subscribed hears the last publication, unless it was there before.
fn check_probes(session: &Session, readings: &[Reading], history: &History, verdict: &mut Verdict) {
    if !session.is_connected {
        return;
    }
    let silent = session.held.iter().find_map(|channel| {
        let id = history.probes.get(channel)?;
        let mut accepted = history.accepted.iter();
        let probe = accepted.find(|own| own.channel == *channel && own.id == *id)?;
        let mut own = readings.iter().filter(|own| own.channel == *channel);
        let is_heard = own.any(|own| own.has_heard(id, probe.n));
        (!is_heard).then_some(probe)
    });
    if let Some(probe) = silent {
        verdict.find(Finding {
            flaw: Flaw::Deaf,
            session: session.name.clone(),
            channel: Channel::clone(&probe.channel),
            n: probe.n,
            id: Id::clone(&probe.id),
            at_ms: probe.at_ms,
        });
    }
}

#[cfg(test)]
mod tests;
