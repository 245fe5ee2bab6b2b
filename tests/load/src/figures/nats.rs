//! What the way through the log on NATS takes, from a publisher's request to a reader's socket, beside a bare NATS
//! subscriber that hears the same publications.

use super::{
    Bench, CHANNEL, Way, crowd,
    overload::{Offered, offer},
};
use crate::{
    fault::{Fault, Outcome},
    figure::Figure,
    nats::Tap,
    server::{BackEnd, Placement, Server, Setup},
};

/// What the subscriber's p99 may become on the way through a gateway.
const P99_RATIO: f64 = 1.5;

const PER_SECOND: f64 = 1_000.0;

/// Publishers: so many requests are under way at most.
const PUBLISHERS: usize = 32;

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let setup = Setup {
        back_end: BackEnd::Nats,
        ..bench.setup.clone()
    };
    let server = Server::start(
        &setup,
        &bench.machine,
        Placement::Everywhere,
        &bench.issuer,
        &[],
    )?;
    let mut crowd = crowd(&server, PUBLISHERS)?;
    bench.enter(&mut crowd, &server, &Way::to(CHANNEL), 1)?;
    let nats = server
        .nats()
        .ok_or_else(|| Fault::wrong("a server on NATS has none"))?;
    let tap = Tap::open(nats)?;
    // Connections are made, caches filled.
    offer(&server, &mut crowd, 1, PER_SECOND, 1)?;
    tap.latency().clear();
    let Offered { lost, .. } = offer(
        &server,
        &mut crowd,
        1,
        PER_SECOND,
        bench.plan.overload_seconds,
    )?;
    let (own, bare) = (&crowd.intake.latency, tap.latency());
    let ms = |ns: Option<u64>| ns.map(|ns| ns as f64 / 1e6);
    let what = "from the request to a reader, through NATS, 1,000 publications a second";
    Ok(vec![
        Figure::new(format!("p50 {what}"), "ms", ms(own.quantile_ns(500)))
            .beside(ms(bare.quantile_ns(500))),
        Figure::new(format!("p99 {what}"), "ms", own.p99_ms())
            .beside(bare.p99_ms())
            .ratio_at_most(P99_RATIO),
        Figure::new(format!("publications lost {what}"), "", lost as f64).exactly(0.0),
    ])
}
