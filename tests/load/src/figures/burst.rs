//! A hundred publications at once: what joining them saves against as many writes.

use super::{Bench, CHANNEL, SMALL, Way, crowd, enter_bare, leave_bare};
use crate::{
    bare::Bare,
    fan_out::{self, Readers, Source},
    fault::Outcome,
    figure::{Figure, median, number},
    server::Placement,
};

const CPU_RATIO: f64 = 0.03;
const PUBLICATIONS: u64 = 100;

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Pinned, &[])?;
    let mut bare = Bare::start(&bench.machine)?;
    let mut crowd = crowd(&server, 1)?;
    let count = bench.plan.readers;
    let readers = Readers { stream: 0, count };
    let bursts = bench.plan.bursts;
    let (mut cpu, mut p99) = (Vec::new(), Vec::new());
    let (mut bare_cpu, mut bare_p99) = (Vec::new(), Vec::new());
    for _ in 0..bench.plan.repetitions {
        let slots = bench.enter(&mut crowd, &server, &Way::to(CHANNEL), count)?;
        let mut source = Source::Server(SMALL.clone());
        let mut meter = server.meter();
        let cell = fan_out::measure(
            &mut crowd,
            &mut source,
            &mut meter,
            readers,
            bursts,
            PUBLICATIONS,
        )?;
        cpu.push(cell.cpu_us);
        p99.extend(cell.latency.p99_ms());
        crowd.leave(&slots);
        server.until_empty(&mut crowd)?;
        let slots = enter_bare(&mut crowd, &mut bare, count)?;
        let mut meter = bare.meter();
        let mut source = Source::Bare(&mut bare, cell.frame_bytes);
        let rounds = bursts.div_ceil(2);
        let cell = fan_out::measure(
            &mut crowd,
            &mut source,
            &mut meter,
            readers,
            rounds,
            PUBLICATIONS,
        )?;
        bare_cpu.push(cell.cpu_us);
        bare_p99.extend(cell.latency.p99_ms());
        leave_bare(&mut crowd, &mut bare, &slots)?;
    }
    let what = format!("burst of {PUBLICATIONS}, {} readers", number(count as f64));
    let cpu = Figure::new(format!("CPU of a delivery in a {what}"), "µs", median(&cpu))
        .beside(median(&bare_cpu))
        .ratio_at_most(CPU_RATIO);
    let p99 = Figure::new(format!("p99 of a {what}"), "ms", median(&p99)).beside(median(&bare_p99));
    Ok(vec![cpu, p99])
}
