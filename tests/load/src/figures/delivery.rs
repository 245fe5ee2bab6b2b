//! What a delivery costs, one publication at a time: CPU of the sender, and how long the last readers wait.

use super::{Bench, CHANNEL, LARGE, SMALL, Way, crowd, enter_bare, leave_bare};
use crate::{
    bare::Bare,
    crowd::Crowd,
    fan_out::{self, Cell, Readers, Source},
    fault::Outcome,
    figure::{Figure, least, median, number},
    plan::FanOut,
    publisher::Publication,
    server::{Placement, Server},
};

const CPU_RATIO: f64 = 1.10;
const P99_RATIO: f64 = 1.3;

/// Fan-outs up to this size have a target for how long their last readers wait.
const P99_READERS: usize = 10_000;

/// Publications to one reader.
const PUBLICATIONS: u64 = 200;

/// What is sent and to whom.
#[derive(Clone, Copy)]
struct Kind {
    publication: Publication,
    compressed: bool,
}

impl Kind {
    /// Live data, which costs what the wire costs; what is stored costs its commit as well, however many read it.
    const fn live(publication: Publication, compressed: bool) -> Self {
        Self {
            publication: Publication {
                stored: false,
                ..publication
            },
            compressed,
        }
    }

    fn name(&self) -> String {
        let bytes = number(self.publication.bytes as f64);
        let how = if self.compressed { "deflated" } else { "plain" };
        let stored = if self.publication.stored {
            ", stored"
        } else {
            ""
        };
        format!("{bytes} B {how}{stored}")
    }
}

const KINDS: [Kind; 5] = [
    Kind::live(SMALL, false),
    Kind::live(LARGE, false),
    Kind::live(SMALL, true),
    Kind::live(LARGE, true),
    Kind {
        publication: SMALL,
        compressed: false,
    },
];

/// The one of [`KINDS`] whose latency counts: all of the way, from the request through the log.
const STORED: usize = 4;

/// What was found of one kind, a value for each repetition.
#[derive(Default)]
struct Found {
    cpu_us: Vec<f64>,
    bare_cpu_us: Vec<f64>,
    p99_ms: Vec<f64>,
    bare_p99_ms: Vec<f64>,
    frame_bytes: usize,
}

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Pinned, &[])?;
    let mut bare = Bare::start(&bench.machine)?;
    let mut crowd = crowd(&server, 1)?;
    let mut cpu = vec![publication(bench, &server, &mut crowd)?];
    let mut p99 = Vec::new();
    let mut deflates = true;
    for size in bench.plan.fan_out.clone() {
        let mut found = KINDS.map(|_kind| Found::default());
        for _ in 0..size.repetitions {
            of_server(bench, &server, &mut crowd, size, false, &mut found)?;
            if deflates {
                deflates = of_server(bench, &server, &mut crowd, size, true, &mut found)?;
            }
            of_bare(&mut crowd, &mut bare, size, &mut found)?;
        }
        for (kind, found) in KINDS.iter().zip(&found) {
            cpu.push(cpu_figure(size, *kind, found));
        }
        if size.readers <= P99_READERS {
            p99.push(p99_figure(size, &found[STORED]));
        }
    }
    cpu.extend(p99);
    Ok(cpu)
}

/// What a publication costs before the fan-out: the request, the commit, and one delivery. A large fan-out shares it.
fn publication(bench: &mut Bench, server: &Server, crowd: &mut Crowd) -> Outcome<Figure> {
    let slots = bench.enter(crowd, server, &Way::to(CHANNEL), 1)?;
    let mut source = Source::Server(SMALL);
    let readers = Readers {
        stream: 0,
        count: 1,
    };
    let mut meter = server.meter();
    let cell = fan_out::measure(crowd, &mut source, &mut meter, readers, PUBLICATIONS, 1)?;
    crowd.leave(&slots)?;
    server.until_empty(crowd)?;
    let name = "CPU of a publication with one reader, request and commit included";
    Ok(Figure::new(name, "µs", cell.cpu_us))
}

/// Measures what is sent with or without compression; whether the server agreed to it.
fn of_server(
    bench: &mut Bench,
    server: &Server,
    crowd: &mut Crowd,
    size: FanOut,
    compressed: bool,
    found: &mut [Found; KINDS.len()],
) -> Outcome<bool> {
    let way = Way {
        compressed,
        ..Way::to(CHANNEL)
    };
    let before = crowd.intake.tally.compressed;
    let slots = bench.enter(crowd, server, &way, size.readers)?;
    let agreed = (crowd.intake.tally.compressed - before == size.readers) == compressed;
    if agreed {
        fan_out::acquaint(crowd, &mut Source::Server(SMALL), readers(size))?;
        for (kind, found) in KINDS
            .iter()
            .zip(found)
            .filter(|(kind, _)| kind.compressed == compressed)
        {
            let mut source = Source::Server(kind.publication);
            let cell = cell(crowd, &mut source, &mut server.meter(), size)?;
            found.cpu_us.push(cell.cpu_us);
            found.p99_ms.push(cell.p99_ms);
            found.frame_bytes = cell.frame_bytes;
        }
    }
    crowd.leave(&slots)?;
    server.until_empty(crowd)?;
    Ok(agreed)
}

fn of_bare(
    crowd: &mut Crowd,
    bare: &mut Bare,
    size: FanOut,
    found: &mut [Found; KINDS.len()],
) -> Outcome<()> {
    let slots = enter_bare(crowd, bare, size.readers)?;
    let mut meter = bare.meter();
    let frame_bytes = found[0].frame_bytes;
    fan_out::acquaint(crowd, &mut Source::Bare(bare, frame_bytes), readers(size))?;
    for found in found.iter_mut().filter(|found| found.frame_bytes > 0) {
        let mut source = Source::Bare(bare, found.frame_bytes);
        let cell = cell(crowd, &mut source, &mut meter, size)?;
        found.bare_cpu_us.push(cell.cpu_us);
        found.bare_p99_ms.push(cell.p99_ms);
    }
    leave_bare(crowd, bare, &slots)
}

fn cell(
    crowd: &mut Crowd,
    source: &mut Source<'_>,
    meter: &mut crate::usage::Meter,
    size: FanOut,
) -> Outcome<Cell> {
    fan_out::measure(crowd, source, meter, readers(size), size.publications, 1)
}

const fn readers(size: FanOut) -> Readers {
    Readers {
        stream: 0,
        count: size.readers,
    }
}

fn cpu_figure(size: FanOut, kind: Kind, found: &Found) -> Figure {
    let readers = number(size.readers as f64);
    let name = format!("CPU of a delivery, {readers} readers, {}", kind.name());
    Figure::new(name, "µs", least(&found.cpu_us))
        .beside(least(&found.bare_cpu_us))
        .ratio_at_most(CPU_RATIO)
}

fn p99_figure(size: FanOut, found: &Found) -> Figure {
    let readers = number(size.readers as f64);
    let name = format!("p99 of one publication to {readers} readers");
    Figure::new(name, "ms", median(&found.p99_ms))
        .beside(median(&found.bare_p99_ms))
        .ratio_at_most(P99_RATIO)
}
