//! Whether what entries of rooms ask for was done: a message is shown as it is after all changes of it, and whoever a
//! message names has one notification of that.
//!
//! A change that was never answered may have happened or not; once anybody has seen it, it has.

use super::{Finding, Flaw};
use crate::history::{Change, Channel, Id, Message, Seen, Shown, ShownMessage, User, mention};
use std::collections::HashSet;

/// Everything in `shown` that is not as `messages`, and what clients have `seen` of them, have it.
pub(crate) fn effects(messages: &[Message], seen: &Seen, shown: &Shown) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut named: HashSet<(User, Id)> = HashSet::new();
    for message in messages {
        let place = (Channel::clone(&message.room), Id::clone(&message.content));
        let Some(n) = message.n.or_else(|| seen.get(&place).copied()) else {
            continue;
        };
        let place = (Channel::clone(&message.room), n);
        if let Some(wrong) = wrong(message, n, seen, shown.messages.get(&place)) {
            findings.push(finding(&message.room, n, &wrong));
        }
        if let Some(user) = &message.mentions {
            let room = message.room.trim_start_matches("room:");
            let mentioned = (user.clone(), mention(room, n));
            match shown.mentions.get(&mentioned) {
                Some(1) => {}
                Some(times) => {
                    let wrong = format!("{user} was notified {times} times");
                    findings.push(finding(&message.room, n, &wrong));
                }
                None => {
                    let wrong = format!("{user} was not notified");
                    findings.push(finding(&message.room, n, &wrong));
                }
            }
            named.insert(mentioned);
        }
    }
    let strange = shown.mentions.keys().filter(|own| !named.contains(*own));
    // A message that nobody knows of may be one that was never answered, and that nobody was there to see.
    findings.extend(
        strange
            .filter(|(_user, id)| !stands(id, shown))
            .map(|(user, id)| {
                let channel = Channel::from(format!("user:{user}"));
                finding(&channel, 0, &format!("a notification of nothing: {id}"))
            }),
    );
    findings
}

/// Whether the message that the notification `id` is about is in its room.
fn stands(id: &Id, shown: &Shown) -> bool {
    let mut places = shown.messages.keys();
    places.any(|(room, n)| mention(room.trim_start_matches("room:"), *n) == *id)
}

/// What is wrong with how message `n` is shown.
fn wrong(message: &Message, n: u64, seen: &Seen, shown: Option<&ShownMessage>) -> Option<String> {
    let Some(shown) = shown else {
        return Some("the message is not shown".to_owned());
    };
    if shown.times != 1 {
        return Some(format!("the message is shown {} times", shown.times));
    }
    let original = ShownMessage {
        times: 1,
        content: Some(message.content.to_string()),
        reactions: Vec::new(),
    };
    let Some(change) = &message.change else {
        return (*shown != original).then(|| format!("changed by nobody: {shown:?}"));
    };
    let id = change.id(n);
    let changed = match change {
        Change::Edit(content) => ShownMessage {
            content: Some(content.to_string()),
            ..original.clone()
        },
        Change::Delete => ShownMessage {
            content: None,
            ..original.clone()
        },
        Change::React(emoji) => ShownMessage {
            reactions: vec![(emoji.to_string(), 1)],
            ..original.clone()
        },
    };
    let place = (Channel::clone(&message.room), Id::clone(&id));
    let must_be = message.is_changed || seen.contains_key(&place);
    let is_fine = *shown == changed || (!must_be && *shown == original);
    (!is_fine).then(|| format!("after `{id}` it is shown as {shown:?}"))
}

fn finding(channel: &Channel, n: u64, wrong: &str) -> Finding {
    Finding {
        flaw: Flaw::Effect,
        session: String::new(),
        channel: Channel::clone(channel),
        n,
        id: wrong.into(),
        at_ms: 0,
    }
}

#[cfg(test)]
mod tests;
