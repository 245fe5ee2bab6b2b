//! What it costs to let a client in: upgrade, token and welcome.

use super::{Bench, Way, enter_bare, leave_bare};
use crate::{
    bare::Bare,
    crowd::Crowd,
    fault::Outcome,
    figure::{Figure, least},
    server::{Placement, Server},
};

const TARGET_US: f64 = 100.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Pinned, &[])?;
    let mut bare = Bare::start(&bench.machine)?;
    let mut crowd = Crowd::new(1)?;
    let count = bench.plan.handshakes;
    let (mut first, mut again, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.plan.repetitions {
        let tokens = bench.issuer.tokens(count, &[])?;
        first.push(admit(&server, &mut crowd, &tokens)?);
        again.push(admit(&server, &mut crowd, &tokens)?);
        floor.push(accept(&mut crowd, &mut bare, count)?);
    }
    let figure = |what: &str, values: &[f64]| {
        let name = format!("server CPU of a connection, {what}");
        Figure::new(name, "µs", least(values))
            .beside(least(&floor))
            .at_most(TARGET_US)
    };
    Ok(vec![
        figure("a new token", &first),
        figure("a token that was seen before", &again),
    ])
}

/// Microseconds of the server for each client.
fn admit(server: &Server, crowd: &mut Crowd, tokens: &[String]) -> Outcome<f64> {
    let way = Way::plain();
    let mut meter = server.meter();
    let before_ns = meter.settled_ns(crowd)?;
    let slots = crowd.connect(tokens.iter().map(|token| way.entrance(server, token)))?;
    let used_ns = meter.settled_ns(crowd)? - before_ns;
    crowd.leave(&slots)?;
    server.until_empty(crowd)?;
    Ok(used_ns as f64 / 1e3 / tokens.len() as f64)
}

/// Microseconds of the bare loop for each connection, which it does nothing but accept.
fn accept(crowd: &mut Crowd, bare: &mut Bare, count: usize) -> Outcome<f64> {
    let mut meter = bare.meter();
    let before_ns = meter.settled_ns(crowd)?;
    let slots = enter_bare(crowd, bare, count)?;
    let used_ns = meter.settled_ns(crowd)? - before_ns;
    leave_bare(crowd, bare, &slots)?;
    Ok(used_ns as f64 / 1e3 / count as f64)
}
