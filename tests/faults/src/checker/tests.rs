use super::*;
use crate::history::{Accepted, Event, Message, ShownMessage};

const CHANNEL: &str = "user:ann";

/// Publications 1 to `count` were accepted, and the last of them is the probe; `seen` is what ann was sent of them.
fn history(count: u64, events: Vec<What>) -> History {
    let accepted = (1..=count).map(|n| Accepted {
        channel: CHANNEL.into(),
        id: id(n),
        n,
        asked_at_ms: n * 10,
        at_ms: n * 10,
    });
    let events = events.into_iter().enumerate().map(|(at, what)| Event {
        channel: CHANNEL.into(),
        at_ms: at as u64,
        what,
    });
    History {
        accepted: accepted.collect(),
        sessions: vec![Session {
            name: "ann".to_owned(),
            events: events.collect(),
            held: vec![CHANNEL.into()],
            is_connected: true,
            ..Session::default()
        }],
        probes: HashMap::from([(CHANNEL.into(), id(count))]),
        ..History::default()
    }
}

fn id(n: u64) -> Id {
    format!("p-{n}").into()
}

fn entry(n: u64) -> What {
    What::Entry { n, id: id(n) }
}

fn entries(ns: &[u64]) -> Vec<What> {
    let begin = What::Subscribed { from: 0 };
    std::iter::once(begin)
        .chain(ns.iter().map(|n| entry(*n)))
        .collect()
}

fn flaws(history: &History) -> Vec<(Flaw, u64)> {
    let verdict = check(history);
    let found = verdict.missing
        + verdict.duplicate
        + verdict.reordered
        + verdict.deaf_sessions
        + verdict.effects;
    assert_eq!(found, verdict.findings.len() as u64);
    assert_eq!(verdict.is_clean(), found == 0);
    let findings = verdict.findings.iter();
    findings.map(|finding| (finding.flaw, finding.n)).collect()
}

#[test]
fn a_whole_history_is_clean() {
    let history = history(3, entries(&[1, 2, 3]));
    assert_eq!(flaws(&history), []);
    let verdict = check(&history);
    assert_eq!((verdict.accepted, verdict.delivered), (3, 3));
}

#[test]
fn a_hole_is_found() {
    let history = history(4, entries(&[1, 3, 4]));
    assert_eq!(flaws(&history), [(Flaw::Missing, 2)]);
    let finding = &check(&history).findings[0];
    assert_eq!((&*finding.session, &*finding.channel), ("ann", CHANNEL));
    assert_eq!((&*finding.id, finding.at_ms), ("p-2", 20));
}

#[test]
fn a_double_is_found() {
    let live = history(3, entries(&[1, 2, 2, 3]));
    assert_eq!(flaws(&live), [(Flaw::Duplicate, 2)]);
    let mut replayed = entries(&[1, 2]);
    replayed.extend([What::Subscribed { from: 1 }, entry(2), entry(3)]);
    assert_eq!(flaws(&history(3, replayed)), [(Flaw::Duplicate, 2)]);
}

#[test]
fn a_swap_is_found() {
    let history = history(4, entries(&[1, 3, 2, 4]));
    assert_eq!(flaws(&history), [(Flaw::Reordered, 2)]);
}

#[test]
fn who_does_not_hear_the_last_one_is_deaf() {
    let history = history(3, entries(&[1, 2]));
    assert_eq!(flaws(&history), [(Flaw::Missing, 3), (Flaw::Deaf, 3)]);
}

#[test]
fn who_has_no_connection_is_not_deaf_but_misses_it() {
    let mut history = history(3, entries(&[1, 2]));
    history.sessions[0].is_connected = false;
    assert_eq!(flaws(&history), [(Flaw::Missing, 3)]);
}

#[test]
fn who_came_after_the_last_one_is_not_deaf() {
    let events = vec![What::Subscribed { from: 3 }];
    assert_eq!(flaws(&history(3, events)), []);
}

#[test]
fn who_heard_nothing_at_all_misses_everything_after_the_place_it_was_told() {
    let history = history(3, vec![What::Subscribed { from: 1 }]);
    let all = [(Flaw::Missing, 2), (Flaw::Missing, 3), (Flaw::Deaf, 3)];
    assert_eq!(flaws(&history), all);
}

#[test]
fn who_left_must_be_whole_up_to_there_and_no_further() {
    let mut left = history(5, entries(&[1, 2, 3]));
    left.sessions[0].held.clear();
    assert_eq!(flaws(&left), []);
    left.sessions[0].events.remove(2);
    assert_eq!(flaws(&left), [(Flaw::Missing, 2)]);
}

#[test]
fn what_came_before_the_subscription_is_not_owed() {
    let events = vec![What::Subscribed { from: 2 }, entry(3)];
    assert_eq!(flaws(&history(3, events)), []);
    let events = vec![What::Subscribed { from: 2 }, entry(2), entry(3)];
    assert_eq!(flaws(&history(3, events)), [(Flaw::Duplicate, 2)]);
}

#[test]
fn a_hole_that_a_reset_tells_of_is_counted_and_is_no_flaw() {
    let mut events = entries(&[1]);
    events.extend([What::Reset, What::Subscribed { from: 3 }, entry(4)]);
    let told = history(4, events.clone());
    assert_eq!(flaws(&told), []);
    assert_eq!(check(&told).reset, 1);
    events.retain(|event| *event != What::Reset);
    assert_eq!(
        flaws(&history(4, events)),
        [(Flaw::Missing, 2), (Flaw::Missing, 3)],
        "a place further on without a reset is a silent hole"
    );
}

#[test]
fn an_unanswered_publication_may_be_there_and_then_is_there_for_all() {
    let mut history = history(3, entries(&[1, 2, 3]));
    history.accepted.remove(1);
    assert_eq!(flaws(&history), []);
    let mut other = history.sessions[0].clone();
    other.name = "ben".to_owned();
    other.events.remove(2);
    history.sessions.push(other);
    assert_eq!(flaws(&history), [(Flaw::Missing, 2)]);
}

#[test]
fn one_publication_in_two_places_is_a_double() {
    let mut events = entries(&[1, 2]);
    events.push(What::Entry { n: 3, id: id(2) });
    let mut history = history(3, events);
    history.accepted.pop();
    history.probes.clear();
    let found = flaws(&history);
    assert!(found.contains(&(Flaw::Duplicate, 3)), "{found:?}");
    assert!(found.iter().all(|(flaw, _n)| *flaw == Flaw::Duplicate));
}

#[test]
fn two_publications_in_one_place_are_found() {
    let mut events = entries(&[1]);
    events.push(What::Entry { n: 2, id: id(9) });
    let mut history = history(2, events);
    history.probes.clear();
    assert_eq!(flaws(&history), [(Flaw::Reordered, 2)]);
}

#[test]
fn findings_are_counted_beyond_those_that_are_kept() {
    let verdict = check(&history(1_000, vec![What::Subscribed { from: 0 }]));
    assert_eq!(verdict.missing, 1_000);
    assert_eq!(verdict.findings.len(), FINDINGS);
}

/// Message 2 of ann's channel, which somebody wanted to delete.
fn deleted() -> Message {
    Message {
        room: CHANNEL.into(),
        content: id(2),
        n: Some(2),
        mentions: None,
        change: Some(Change::Delete),
        is_changed: true,
    }
}

#[test]
fn a_reader_may_lack_a_message_that_was_deleted_and_no_other() {
    let mut history = history(4, entries(&[1, 4]));
    history.messages.push(deleted());
    let tombstone = ShownMessage {
        times: 1,
        ..ShownMessage::default()
    };
    history
        .shown
        .messages
        .insert((CHANNEL.into(), 2), tombstone);
    assert_eq!(flaws(&history), [(Flaw::Missing, 3)]);
    history.shown.messages.clear();
    assert!(flaws(&history).contains(&(Flaw::Effect, 2)));
}

#[test]
fn what_stood_before_the_attempt_that_was_answered_is_counted() {
    let mut history = history(3, entries(&[1, 2, 3]));
    let room: Channel = "room:lab".into();
    for own in &mut history.accepted {
        own.channel = Channel::clone(&room);
    }
    for event in &mut history.sessions[0].events {
        event.channel = Channel::clone(&room);
    }
    // It was seen at 2 ms.
    history.accepted[1].asked_at_ms = 3;
    for other in [0, 2] {
        history.accepted[other].asked_at_ms = 0;
    }
    assert_eq!(check(&history).answered_again, 1);
}

#[test]
fn a_change_that_was_seen_and_never_answered_is_counted() {
    let mut history = history(3, entries(&[1, 2]));
    let mut message = deleted();
    history.messages.push(message.clone());
    assert_eq!(check(&history).never_answered, 0);
    message.is_changed = false;
    history.messages = vec![message];
    assert_eq!(check(&history).never_answered, 0);
    history.sessions[0].events.push(Event {
        channel: CHANNEL.into(),
        at_ms: 9,
        what: What::Entry {
            n: 3,
            id: Change::Delete.id(2),
        },
    });
    assert_eq!(check(&history).never_answered, 1);
}
