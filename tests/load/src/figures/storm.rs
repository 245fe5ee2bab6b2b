//! Everybody drops and comes back at once, while somebody goes on reading.

use super::{Bench, Way, crowd};
use crate::{
    clock::now_ns,
    crowd::Crowd,
    fault::Outcome,
    figure::{Figure, median, number},
    histogram::Histogram,
    publisher::Publication,
    server::{Placement, Server},
};
use std::time::Duration;

/// What the storm reads: nothing is published there.
const STORM: &str = "topic:storm";

/// What the bystanders read.
const QUIET: Publication = Publication {
    topic: "quiet",
    bytes: 128,
};
const QUIET_CHANNEL: &str = "topic:quiet";

/// Readers who stay, and what they are sent.
const BYSTANDERS: usize = 20;
const PER_SECOND: f64 = 100.0;

/// How long they are watched before each storm.
const CALM: Duration = Duration::from_secs(3);

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Pinned, &[])?;
    let mut crowd = crowd(&server, 8)?;
    let count = bench.plan.storm;
    let bystander = Way {
        stream: 1,
        ..Way::to(QUIET_CHANNEL)
    };
    bench.enter(&mut crowd, &server, &bystander, BYSTANDERS)?;
    let tokens = bench.issuer.tokens(count, &[])?;
    let mut slots = enter(&mut crowd, &server, &tokens)?;
    let (mut before, mut meanwhile) = (Histogram::default(), Histogram::default());
    let mut per_second = Vec::new();
    crowd.publishers()?.begin(&QUIET, PER_SECOND, u64::MAX);
    for _ in 0..bench.plan.repetitions {
        crowd.intake.latency.clear();
        crowd.run_for(CALM)?;
        before.add(&crowd.intake.latency);

        crowd.intake.latency.clear();
        let begun_ns = now_ns();
        crowd.leave(&slots);
        slots = enter(&mut crowd, &server, &tokens)?;
        per_second.push(count as f64 / ((now_ns() - begun_ns) as f64 / 1e9));
        meanwhile.add(&crowd.intake.latency);
        crowd.run_for(Duration::from_secs(1))?;
    }
    crowd.publishers()?.end();
    let storm = format!("{} connections come back at once", number(count as f64));
    let p99 = before.p99_ms();
    Ok(vec![
        Figure::new(format!("{storm}: admitted"), "/s", median(&per_second)),
        Figure::new("p99 of bystanders before", "ms", p99),
        Figure::new(
            "p99 of bystanders meanwhile, against before",
            "ms",
            meanwhile.p99_ms(),
        )
        .part_of(p99),
    ])
}

fn enter(crowd: &mut Crowd, server: &Server, tokens: &[String]) -> Outcome<Vec<usize>> {
    let way = Way::to(STORM);
    crowd.connect(tokens.iter().map(|token| way.entrance(server, token)))
}
