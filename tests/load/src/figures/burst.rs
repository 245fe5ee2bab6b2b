//! A hundred publications at once: what joining them saves against as many writes.

use super::{Bench, CHANNEL, SMALL, Way, crowd, enter_bare, leave_bare};
use crate::{
    bare::Bare,
    crowd::Crowd,
    fan_out::{self, Cell, Readers, Source},
    fault::Outcome,
    figure::{Figure, least, median, number},
    server::{Placement, Server},
    usage::Meter,
};

const CPU_RATIO: f64 = 0.03;

/// Published at once, and, where each is a request, over as many connections.
const PUBLICATIONS: u64 = 100;
const CONNECTIONS: usize = 100;

/// What was found, a value for each repetition.
#[derive(Default)]
struct Found {
    cpu_us: Vec<f64>,
    p99_ms: Vec<f64>,
}

impl Found {
    fn add(&mut self, cell: &Cell) {
        self.cpu_us.push(cell.cpu_us);
        self.p99_ms.push(cell.p99_ms);
    }
}

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Pinned, &[])?;
    let mut bare = Bare::start(&bench.machine)?;
    let mut crowd = crowd(&server, CONNECTIONS)?;
    let mut found: [[Found; 2]; 2] = Default::default();
    for _ in 0..bench.plan.repetitions {
        for (found, source) in found.iter_mut().zip([Source::Server, Source::Batch]) {
            let [own, floor] = found;
            let cell = of_server(bench, &server, &mut crowd, source(SMALL))?;
            own.add(&cell);
            floor.add(&of_bare(bench, &mut crowd, &mut bare, cell.frame_bytes)?);
        }
    }
    let readers = number(bench.plan.readers as f64);
    let [requests, batch] = &found;
    let mut figures = Vec::new();
    for ([own, floor], what) in [
        (requests, "publications"),
        (batch, "notifications in one request"),
    ] {
        let what = format!("burst of {PUBLICATIONS} {what}, {readers} readers");
        figures.push(
            Figure::new(
                format!("CPU of a delivery, {what}"),
                "µs",
                least(&own.cpu_us),
            )
            .beside(least(&floor.cpu_us))
            .ratio_at_most(CPU_RATIO),
        );
        figures.push(
            Figure::new(format!("p99, {what}"), "ms", median(&own.p99_ms))
                .beside(median(&floor.p99_ms)),
        );
    }
    Ok(figures)
}

fn of_server(
    bench: &mut Bench,
    server: &Server,
    crowd: &mut Crowd,
    mut source: Source<'_>,
) -> Outcome<Cell> {
    let count = bench.plan.readers;
    let slots = bench.enter(crowd, server, &Way::to(CHANNEL), count)?;
    let cell = bursts(
        crowd,
        &mut source,
        &mut server.meter(),
        count,
        bench.plan.bursts,
    )?;
    crowd.leave(&slots)?;
    server.until_empty(crowd)?;
    Ok(cell)
}

fn of_bare(bench: &Bench, crowd: &mut Crowd, bare: &mut Bare, frame_bytes: usize) -> Outcome<Cell> {
    let count = bench.plan.readers;
    let slots = enter_bare(crowd, bare, count)?;
    let mut meter = bare.meter();
    let mut source = Source::Bare(bare, frame_bytes);
    let rounds = bench.plan.bursts.div_ceil(2);
    let cell = bursts(crowd, &mut source, &mut meter, count, rounds)?;
    leave_bare(crowd, bare, &slots)?;
    Ok(cell)
}

fn bursts(
    crowd: &mut Crowd,
    source: &mut Source<'_>,
    meter: &mut Meter,
    count: usize,
    rounds: u64,
) -> Outcome<Cell> {
    let readers = Readers { stream: 0, count };
    fan_out::measure(crowd, source, meter, readers, rounds, PUBLICATIONS)
}
