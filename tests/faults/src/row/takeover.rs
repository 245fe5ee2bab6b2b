//! One gateway takes over the clients of another.

use super::{Result, Row};
use crate::{
    failure::Outcome,
    history::{History, Session, What},
    random::Random,
    site::Site,
    stopwatch::Stopwatch,
    workload,
};
use std::{collections::HashMap, time::Duration};

/// Clients of the gateway that dies.
const SESSIONS: usize = 2_000;

/// Publishing before the gateway dies, and after everybody is back.
const AROUND: Duration = Duration::from_secs(5);

/// How fast it went, as the clients saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Takeover {
    pub(crate) sessions: usize,
    /// From the death of the gateway until the last client was subscribed to everything again.
    pub(crate) last_back_ms: u64,
    /// From the attempt to connect that succeeded until a client had everything that had been accepted before it: of a
    /// hundred clients, 99 were as fast or faster.
    pub(crate) replay_p99_ms: u64,
}

/// Runs the row on `site`.
pub(super) async fn run(mut site: Site, random: Random) -> Outcome<Result> {
    let stopwatch = Stopwatch::begin();
    let plan = workload::takeover(SESSIONS, random);
    let doors = site.doors().clone();
    let mut running = workload::start(plan, &doors, stopwatch).await?;
    running.live(SESSIONS).await?;
    running.publish()?;
    tokio::time::sleep(AROUND).await;
    let killed_at_ms = stopwatch.now_ms();
    site.gateways[0].kill();
    running.live_again(SESSIONS).await?;
    tokio::time::sleep(AROUND).await;
    let done = running.finish().await?;
    site.all_run()?;
    let takeover = measure(&done.history, killed_at_ms);
    Ok(Row::Takeover.result(done, Some(takeover)))
}

fn measure(history: &History, killed_at_ms: u64) -> Takeover {
    let sessions = &history.sessions;
    let returns = sessions.iter().flat_map(|session| &session.returns);
    let last_back_ms = returns.map(|own| own.back_at_ms).max().unwrap_or(0);
    let mut accepted: HashMap<&str, Vec<(u64, &str)>> = HashMap::new();
    for own in &history.accepted {
        accepted
            .entry(&own.channel)
            .or_default()
            .push((own.at_ms, &own.id));
    }
    let mut replays: Vec<u64> = sessions
        .iter()
        .flat_map(|session| replays_ms(session, &accepted))
        .collect();
    replays.sort_unstable();
    Takeover {
        sessions: sessions.len(),
        last_back_ms: last_back_ms.saturating_sub(killed_at_ms),
        replay_p99_ms: percentile(&replays, 99),
    }
}

/// How long each of a client's returns took until it had everything that was accepted before.
fn replays_ms(session: &Session, accepted: &HashMap<&str, Vec<(u64, &str)>>) -> Vec<u64> {
    let seen = |id: &str| {
        let events = session.events.iter();
        let mut entries = events
            .filter(|event| matches!(&event.what, What::Entry { id: own, .. } if **own == *id));
        entries.next().map(|event| event.at_ms)
    };
    let missed = |from_ms: u64, until_ms: u64| {
        let channels = session
            .held
            .iter()
            .filter_map(|channel| accepted.get(&**channel));
        channels
            .flatten()
            .filter(move |(at_ms, _id)| (from_ms..until_ms).contains(at_ms))
            .filter_map(|(_at_ms, id)| seen(id))
            .max()
    };
    session
        .returns
        .iter()
        .map(|own| {
            let had_at_ms = missed(own.lost_at_ms, own.begun_at_ms).unwrap_or(0);
            had_at_ms
                .max(own.back_at_ms)
                .saturating_sub(own.begun_at_ms)
        })
        .collect()
}

/// The least value that `percent` of a hundred do not exceed.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Accepted, Channel, Event, Return};

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!(percentile(&values, 99), 198);
        assert_eq!(percentile(&[7], 99), 7);
        assert_eq!(percentile(&[], 99), 0);
    }

    #[test]
    fn a_replay_lasts_until_what_was_missed_has_come() {
        let channel: Channel = "user:ann".into();
        let accepted = |n: u64, at_ms| Accepted {
            channel: Channel::clone(&channel),
            id: n.to_string().into(),
            n,
            asked_at_ms: at_ms,
            at_ms,
        };
        let entry = |n: u64, at_ms| Event {
            channel: Channel::clone(&channel),
            at_ms,
            what: What::Entry {
                n,
                id: n.to_string().into(),
            },
        };
        let history = History {
            // The last one came live.
            accepted: vec![accepted(1, 50), accepted(2, 120), accepted(3, 900)],
            sessions: vec![Session {
                events: vec![entry(1, 51), entry(2, 330), entry(3, 901)],
                held: vec![Channel::clone(&channel)],
                returns: vec![Return {
                    lost_at_ms: 100,
                    begun_at_ms: 200,
                    back_at_ms: 300,
                }],
                ..Session::default()
            }],
            ..History::default()
        };
        let measured = measure(&history, 90);
        assert_eq!(measured.last_back_ms, 210);
        assert_eq!(measured.replay_p99_ms, 130);
    }
}
