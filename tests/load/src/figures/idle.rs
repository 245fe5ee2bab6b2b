//! What an idle connection holds, each of a user of its own.

use super::{Bench, Way};
use crate::{
    crowd::Crowd, fault::Outcome, figure::Figure, issuer::GROUP, server::Placement,
    upgrade::Greeting, usage::settled_bytes,
};

const TARGET_BYTES: f64 = 1_024.0;

/// The part of the connections, one in so many, that are there before the others are counted, so that what a process
/// holds once, or for its busiest second, is left out.
const FIRST: usize = 4;

/// A store that keeps next to nothing in memory: it would count what it keeps of each session for the delivery trail.
pub(super) const SMALL_STORE: [&str; 2] = ["--store-cache-mib", "1"];

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let inbox = Way {
        path: "/ws/notifications/",
        // The user's own channel, one group, and `all`.
        greeting: Greeting::by_path(3),
        ..Way::plain()
    };
    Ok(vec![
        one(bench, &Way::plain(), &[], "no subscription")?,
        one(bench, &Way::to(super::CHANNEL), &[], "1 subscription")?,
        one(bench, &inbox, &[GROUP], "3 subscriptions")?,
    ])
}

fn one(bench: &mut Bench, way: &Way, groups: &[&str], what: &str) -> Outcome<Figure> {
    let server = bench.server(Placement::Pinned, &SMALL_STORE)?;
    let mut crowd = Crowd::new(1)?;
    let count = bench.plan.idle;
    let tokens = bench.issuer.tokens(count, groups)?;
    let (first, others) = tokens.split_at(count / FIRST);
    crowd.connect(first.iter().map(|token| way.entrance(&server, token)))?;
    let before = settled_bytes(server.pid(), &mut crowd)?;
    crowd.connect(others.iter().map(|token| way.entrance(&server, token)))?;
    let after = settled_bytes(server.pid(), &mut crowd)?;
    let each = after.saturating_sub(before) as f64 / others.len() as f64;
    let name = format!("anonymous memory of an idle connection, {what}");
    Ok(Figure::new(name, "B", each).at_most(TARGET_BYTES))
}
