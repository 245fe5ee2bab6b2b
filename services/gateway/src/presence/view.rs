//! Who is present in one channel by all gateways, as they have told.

use fanfare_proto::wire::{ChannelPresence, PresenceEdge};
use serde::Serialize;
use std::collections::HashMap;

/// Somebody who is present.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Person {
    pub(super) user: Box<str>,
    /// For people; empty: none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) name: Box<str>,
}

impl Person {
    pub(super) fn new(user: &str, name: &str) -> Self {
        Self {
            user: user.into(),
            name: name.into(),
        }
    }
}

/// What a watcher of the channel is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Joined(Person),
    Left(Person),
}

/// Names each user as long as there are few enough; then counts them by gateway, and a user of two gateways is counted
/// twice.
#[derive(Debug)]
pub(super) struct View {
    members: Members,
    /// Up to which of its changes what a gateway has told as a whole holds.
    at: HashMap<u32, u64>,
}

#[derive(Debug)]
enum Members {
    Named(HashMap<Box<str>, Member>),
    Counted(HashMap<u32, u64>),
}

#[derive(Debug)]
struct Member {
    name: Box<str>,
    /// The gateways by which he is present: hardly ever more than two.
    by: Vec<u32>,
}

impl View {
    pub(super) fn new() -> Self {
        Self {
            members: Members::Named(HashMap::new()),
            at: HashMap::new(),
        }
    }

    /// A change of gateway `of`.
    pub(super) fn edge(&mut self, of: u32, counter: u64, edge: &PresenceEdge) -> Option<Step> {
        if self.at.get(&of).is_some_and(|at| counter <= *at) {
            return None;
        }
        match &mut self.members {
            Members::Counted(counts) => {
                let count = counts.entry(of).or_default();
                *count = if edge.joined {
                    *count + 1
                } else {
                    count.saturating_sub(1)
                };
                None
            }
            Members::Named(named) if edge.joined => join(named, of, &edge.user, &edge.name),
            Members::Named(named) => leave(named, of, &edge.user),
        }
    }

    /// What gateway `of` holds as a whole, after its changes up to `counter`.
    pub(super) fn set(&mut self, of: u32, counter: u64, now: &ChannelPresence) -> Vec<Step> {
        self.at.insert(of, counter);
        if now.count > 0 && now.users.is_empty() {
            self.count_only();
        }
        let named = match &mut self.members {
            Members::Named(named) => named,
            Members::Counted(counts) => {
                counts.insert(of, now.count);
                return Vec::new();
            }
        };
        let is_left = |user: &str| now.users.iter().all(|own| own.user != user);
        let mut steps = leave_all(named, of, is_left);
        let joined = now.users.iter();
        steps.extend(joined.filter_map(|own| join(named, of, &own.user, &own.name)));
        steps
    }

    /// Gateway `of` holds nothing any more.
    pub(super) fn forget(&mut self, of: u32) -> Vec<Step> {
        self.at.remove(&of);
        match &mut self.members {
            Members::Named(named) => leave_all(named, of, |_user| true),
            Members::Counted(counts) => {
                counts.remove(&of);
                Vec::new()
            }
        }
    }

    pub(super) fn count(&self) -> u64 {
        match &self.members {
            Members::Named(named) => named.len() as u64,
            Members::Counted(counts) => counts.values().sum(),
        }
    }

    pub(super) const fn is_counted(&self) -> bool {
        matches!(self.members, Members::Counted(_))
    }

    /// Everybody by user; `None` when they are only counted.
    pub(super) fn people(&self) -> Option<Vec<Person>> {
        let Members::Named(named) = &self.members else {
            return None;
        };
        let mut people: Vec<Person> = named
            .iter()
            .map(|(user, member)| Person::new(user, &member.name))
            .collect();
        people.sort_unstable();
        Some(people)
    }

    /// From now on counts, if there are more than `users_max`.
    pub(super) fn bound(&mut self, users_max: usize) {
        if self.count() > users_max as u64 {
            self.count_only();
        }
    }

    fn count_only(&mut self) {
        if let Members::Named(named) = &self.members {
            let mut counts = HashMap::new();
            for by in named.values().flat_map(|member| &member.by) {
                *counts.entry(*by).or_default() += 1;
            }
            self.members = Members::Counted(counts);
        }
    }
}

fn join(named: &mut HashMap<Box<str>, Member>, by: u32, user: &str, name: &str) -> Option<Step> {
    if let Some(member) = named.get_mut(user) {
        if !member.by.contains(&by) {
            member.by.push(by);
        }
        return None;
    }
    let member = Member {
        name: name.into(),
        by: vec![by],
    };
    named.insert(user.into(), member);
    Some(Step::Joined(Person::new(user, name)))
}

fn leave(named: &mut HashMap<Box<str>, Member>, by: u32, user: &str) -> Option<Step> {
    let member = named.get_mut(user)?;
    member.by.retain(|own| *own != by);
    if !member.by.is_empty() {
        return None;
    }
    let (user, member) = named.remove_entry(user)?;
    let name = member.name;
    Some(Step::Left(Person { user, name }))
}

/// Takes those who are present by one gateway and of whom `is_left` holds.
fn leave_all(
    named: &mut HashMap<Box<str>, Member>,
    by: u32,
    is_left: impl Fn(&str) -> bool,
) -> Vec<Step> {
    let left: Vec<Box<str>> = named
        .iter()
        .filter(|(user, member)| member.by.contains(&by) && is_left(user))
        .map(|(user, _member)| user.clone())
        .collect();
    left.iter()
        .filter_map(|user| leave(named, by, user))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanfare_proto::wire::PresentUser;

    fn edge(user: &str, joined: bool) -> PresenceEdge {
        PresenceEdge {
            user: user.to_owned(),
            joined,
            ..PresenceEdge::default()
        }
    }

    fn whole(users: &[&str]) -> ChannelPresence {
        let users: Vec<PresentUser> = users
            .iter()
            .map(|user| PresentUser {
                user: (*user).to_owned(),
                ..PresentUser::default()
            })
            .collect();
        ChannelPresence {
            count: users.len() as u64,
            users,
            ..ChannelPresence::default()
        }
    }

    fn joined(user: &str) -> Step {
        Step::Joined(Person::new(user, ""))
    }

    fn left(user: &str) -> Step {
        Step::Left(Person::new(user, ""))
    }

    #[test]
    fn who_moves_between_gateways_neither_leaves_nor_joins() {
        let mut view = View::new();
        assert_eq!(view.edge(1, 1, &edge("ann", true)), Some(joined("ann")));
        assert_eq!(view.edge(2, 1, &edge("ann", true)), None);
        assert_eq!(view.edge(1, 2, &edge("ann", false)), None);
        assert_eq!(view.edge(1, 3, &edge("ann", false)), None, "told twice");
        assert_eq!(view.count(), 1);
        assert_eq!(view.edge(2, 2, &edge("ann", false)), Some(left("ann")));
        assert_eq!(view.count(), 0);
    }

    #[test]
    fn a_whole_tells_what_was_missed_and_older_changes_mean_nothing() {
        let mut view = View::new();
        view.set(1, 5, &whole(&["ann", "bob"]));
        view.edge(2, 1, &edge("bob", true));
        assert_eq!(view.edge(1, 5, &edge("ann", false)), None);
        let steps = view.set(1, 9, &whole(&["ann", "cy"]));
        assert_eq!(steps, [joined("cy")], "bob is present elsewhere");
        assert_eq!(view.set(1, 10, &whole(&[])).len(), 2);
        assert_eq!(view.forget(2), [left("bob")]);
    }

    #[test]
    fn too_many_are_counted_by_gateway() {
        let mut view = View::new();
        view.set(1, 1, &whole(&["ann", "bob"]));
        view.edge(2, 1, &edge("ann", true));
        view.edge(2, 2, &edge("cy", true));
        view.bound(3);
        assert_eq!(view.people().map(|people| people.len()), Some(3));
        view.bound(2);
        assert_eq!((view.people(), view.count()), (None, 4));
        assert_eq!(view.edge(2, 3, &edge("di", true)), None);
        assert_eq!(view.count(), 5);
        let counted = ChannelPresence {
            count: 700,
            ..ChannelPresence::default()
        };
        assert!(view.set(1, 2, &counted).is_empty());
        assert_eq!(view.count(), 703);
        view.forget(1);
        assert_eq!(view.count(), 3);
    }
}
