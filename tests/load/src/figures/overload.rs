//! More than the bare loop can write, at fixed times, whether anybody keeps up or not.

use super::{Bench, CHANNEL, SMALL, Way, crowd, enter_bare, leave_bare};
use crate::{
    bare::{Bare, writer::Order},
    crowd::Crowd,
    fan_out::{self, Readers, Source},
    fault::{Fault, Outcome},
    figure::{Figure, number},
    output,
    server::{Placement, Server},
};
use std::time::Duration;

/// Rates, as multiples of what the bare loop can do.
const MULTIPLES: [u64; 3] = [1, 5, 10];

/// The rate with a target for its p99, and that target.
const AIMED: u64 = 5;
const P99_MS: f64 = 50.0;

/// Publishers: so many requests are under way at most, and share the store's commits.
const PUBLISHERS: usize = 128;

/// How long the bare loop writes as fast as it can.
const SATURATION_MS: u64 = 3_000;

/// What has not come so long after the last was due is lost.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let frame_bytes = frame_bytes(bench)?;
    let per_second = saturation(bench, frame_bytes)?;
    let readers = number(bench.plan.readers as f64);
    let mut figures = vec![
        Figure::new(
            format!("deliveries in a second of the bare loop's CPU, {readers} readers"),
            "/s",
            None,
        )
        .beside(per_second),
    ];
    for multiple in MULTIPLES {
        figures.extend(offered(bench, per_second, multiple)?);
    }
    Ok(figures)
}

/// Of a frame as the server sends it.
fn frame_bytes(bench: &mut Bench) -> Outcome<usize> {
    let server = bench.server(Placement::Pinned, &[])?;
    let mut crowd = crowd(&server, 1)?;
    bench.enter(&mut crowd, &server, &Way::to(CHANNEL), 1)?;
    let mut source = Source::Server(SMALL);
    let readers = Readers {
        stream: 0,
        count: 1,
    };
    let cell = fan_out::measure(&mut crowd, &mut source, &mut server.meter(), readers, 1, 1)?;
    Ok(cell.frame_bytes)
}

/// Deliveries that the bare loop makes in a second of its CPU when it does nothing else. By the clock it makes fewer where
/// it has to wait for its readers, or for other work of the machine.
fn saturation(bench: &Bench, frame_bytes: usize) -> Outcome<f64> {
    let mut bare = Bare::start(&bench.machine)?;
    let mut crowd = Crowd::new(1)?;
    let count = bench.plan.readers;
    let slots = enter_bare(&mut crowd, &mut bare, count)?;
    let mut meter = bare.meter();
    let before_ns = meter.at_rest_ns(&mut crowd)?;
    bare.order(Order::Saturate {
        first: bare.next,
        ms: SATURATION_MS,
        frame_bytes,
    })?;
    let frames = bare.answer(&mut crowd)?;
    let due = frames * count as u64;
    crowd.run_until(PATIENCE, "what the bare loop wrote", |crowd| {
        Ok(crowd.intake.tally.publications == due)
    })?;
    let used_ns = meter.at_rest_ns(&mut crowd)? - before_ns;
    leave_bare(&mut crowd, &mut bare, &slots)?;
    Ok(due as f64 * 1e9 / used_ns as f64)
}

/// What became of one rate.
pub(super) struct Offered {
    p99_ms: Option<f64>,
    answer_p99_ms: Option<f64>,
    /// Deliveries that did not come.
    pub(super) lost: u64,
    /// CPU of the server for each delivery.
    cpu_us: f64,
}

fn offered(bench: &mut Bench, per_second: f64, multiple: u64) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Pinned, &[])?;
    let mut crowd = crowd(&server, PUBLISHERS)?;
    let count = bench.plan.readers;
    bench.enter(&mut crowd, &server, &Way::to(CHANNEL), count)?;
    let readers = Readers { stream: 0, count };
    let mut source = Source::Server(SMALL);
    fan_out::measure(&mut crowd, &mut source, &mut server.meter(), readers, 5, 1)?;
    let rate = per_second * multiple as f64 / count as f64;
    let seconds = bench.plan.overload_seconds;
    let found = offer(&server, &mut crowd, count, rate, seconds)?;

    let what = format!("{multiple} × the bare loop's rate");
    let p99 = Figure::new(format!("p99 at {what}"), "ms", found.p99_ms);
    let answer = format!("p99 of the answer to a publisher at {what}");
    let lost = format!("deliveries lost at {what}");
    let cpu = format!("CPU of a delivery at {what}");
    Ok(vec![
        if multiple == AIMED {
            p99.at_most(P99_MS)
        } else {
            p99
        },
        Figure::new(answer, "ms", found.answer_p99_ms),
        Figure::new(lost, "", found.lost as f64).exactly(0.0),
        Figure::new(cpu, "µs", found.cpu_us).beside(1e6 / per_second),
    ])
}

/// Publishes at `rate` for so many `seconds`, and waits for what comes of it.
pub(super) fn offer(
    server: &Server,
    crowd: &mut Crowd,
    count: usize,
    rate: f64,
    seconds: u64,
) -> Outcome<Offered> {
    crowd.may_close = true;
    crowd.intake.latency.clear();
    crowd.intake.streams[0].clear();
    let mut meter = server.meter();
    let before_ns = meter.settled_ns(crowd)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a rate of a machine is far below"
    )]
    #[expect(clippy::cast_sign_loss, reason = "a rate is positive")]
    let published = (rate * seconds as f64) as u64;
    let deliveries = published * count as u64;
    let due = crowd.intake.tally.publications + deliveries;
    let publishers = crowd.publishers()?;
    publishers.answers.clear();
    let first_seq = publishers.next_seq;
    publishers.begin(&SMALL, rate, published);
    let longest = Duration::from_secs(seconds) + PATIENCE;
    crowd.run_while(longest, |crowd| {
        let everybody_left = crowd.farewells.len() == count;
        let complete = crowd.intake.tally.publications == due && crowd.publishers()?.is_idle();
        Ok(everybody_left || complete)
    })?;
    if let Some(farewell) = crowd.farewells.first() {
        let (closed, code) = (crowd.farewells.len(), farewell.code);
        output::aside(&format!(
            "{closed} readers were closed, the first with the code {code:?}"
        ));
    }
    let lost = due - crowd.intake.tally.publications;
    if lost == 0 {
        let seqs = first_seq..first_seq + published;
        let seen = &crowd.intake.streams[0];
        seen.check(seqs, count).map_err(Fault::Wrong)?;
    }
    Ok(Offered {
        p99_ms: crowd.intake.latency.p99_ms(),
        answer_p99_ms: crowd.publishers()?.answers.p99_ms(),
        lost,
        cpu_us: (meter.cpu_ns()? - before_ns) as f64 / 1e3 / deliveries as f64,
    })
}
