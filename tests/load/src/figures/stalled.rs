//! Readers that stop reading: what they hold, what the others notice, and that nothing is lost to them.

use super::{Bench, CHANNEL, LARGE, Way, crowd};
use crate::{
    crowd::{Crowd, Entrance},
    fan_out::{self, Cell, Readers, Source},
    fault::{Fault, Outcome},
    figure::{Figure, median, number},
    intake,
    send_queue::sent_bytes,
    server::{Placement, Server},
    stream::Stream,
    upgrade::Greeting,
    usage::{anonymous_bytes, settled_bytes},
};
use fanfare_proto::Cursor;
use std::time::Duration;

/// The queue that the server is told to keep for each reader; the least it takes.
const QUEUE_BYTES: u32 = 256 * 1024;

/// What the kernel may hold for each beside it.
const KERNEL_BYTES: u32 = 64 * 1024;

/// Others may wait this much longer than without anybody who stalls.
const P99_RATIO: f64 = 1.10;

/// Publications while nobody has been closed yet: they fit into a queue.
const ROUNDS: u64 = 120;

/// Publications until the queues are full: twice what they hold.
const FILLING: u64 = 600;

/// Between two looks at what is held, in publications.
const STEP: u64 = 10;

/// Receive buffer of those who stall, in bytes: little goes into it, so that the server's side fills.
const RECEIVE_BYTES: usize = 4 * 1024;

/// Longest until those who stall are closed, or have everything once they came back.
const PATIENCE: Duration = Duration::from_secs(30);

const CLOSED: &str = "fanfare_gateway_connections_closed_total{code=\"4010\"}";

/// What one repetition found.
#[derive(Default)]
struct Found {
    p99_ms: Vec<f64>,
    stalled_p99_ms: Vec<f64>,
    held_bytes: Vec<f64>,
    /// Closed for reading too slowly, and come back for the rest, of so many.
    closed: u64,
    recovered: usize,
    stalled: usize,
}

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let mut found = Found::default();
    for _ in 0..bench.plan.repetitions {
        repetition(bench, &mut found)?;
    }
    let (stalled, readers) = (bench.plan.stalled, number(bench.plan.readers as f64));
    let p99 = median(&found.p99_ms);
    let all = found.stalled as f64;
    Ok(vec![
        Figure::new(
            "memory held for a stalled reader",
            "B",
            median(&found.held_bytes),
        )
        .at_most(f64::from(QUEUE_BYTES + KERNEL_BYTES)),
        Figure::new(format!("p99 of {readers} readers"), "ms", p99),
        Figure::new(
            format!("p99 of {readers} readers beside {stalled} stalled ones, against without"),
            "ms",
            median(&found.stalled_p99_ms),
        )
        .part_of(p99)
        .ratio_at_most(P99_RATIO),
        Figure::new("stalled readers closed with 4010", "", found.closed as f64).exactly(all),
        Figure::new(
            "stalled readers that came back and missed nothing",
            "",
            found.recovered as f64,
        )
        .exactly(all),
    ])
}

fn repetition(bench: &mut Bench, found: &mut Found) -> Outcome<()> {
    let queue = QUEUE_BYTES.to_string();
    let arguments = ["--queue-bytes", &queue, "--queue-frames", "1000000"];
    let server = bench.server(Placement::Pinned, &arguments)?;
    let mut crowd = crowd(&server, 1)?;
    let (readers, stalled) = (bench.plan.readers, bench.plan.stalled);
    let reading = Way {
        stream: 1,
        ..Way::to(CHANNEL)
    };
    let stalling = Way {
        receive_bytes: Some(RECEIVE_BYTES),
        ..Way::to(CHANNEL)
    };
    bench.enter(&mut crowd, &server, &reading, readers)?;
    let without = closed_loop(&mut crowd, &server, readers, ROUNDS)?;
    found.p99_ms.push(without.p99_ms);

    let tokens = bench.issuer.tokens(stalled, &[])?;
    let slots = crowd.connect(tokens.iter().map(|token| stalling.entrance(&server, token)))?;
    let start = last_cursor(&crowd.intake.streams[1])?;
    let before = settled_bytes(server.pid(), &mut crowd)?;
    crowd.stall(&slots, true)?;
    let beside = closed_loop(&mut crowd, &server, readers, ROUNDS)?;
    found.stalled_p99_ms.push(beside.p99_ms);
    let held = fill(&mut crowd, &server, readers, &slots, before)?;
    found.held_bytes.push(held as f64 / stalled as f64);
    server.until_metric(&mut crowd, CLOSED, stalled as u64)?;
    found.closed += server.metric(CLOSED)?.unwrap_or(0);
    found.stalled += stalled;

    crowd.may_close = true;
    crowd.stall(&slots, false)?;
    crowd.run_until(PATIENCE, "the end of the stalled connections", |crowd| {
        Ok(crowd.farewells.len() == stalled)
    })?;
    found.recovered += come_back(&mut crowd, &server, &tokens, start)?;
    Ok(())
}

fn closed_loop(crowd: &mut Crowd, server: &Server, readers: usize, rounds: u64) -> Outcome<Cell> {
    let readers = Readers {
        stream: 1,
        count: readers,
    };
    let mut source = Source::Server(LARGE);
    fan_out::measure(crowd, &mut source, &mut server.meter(), readers, rounds, 1)
}

/// Publishes until the queues of those who do not read are over; the most that was held for all of them at once.
fn fill(
    crowd: &mut Crowd,
    server: &Server,
    readers: usize,
    slots: &[usize],
    before: u64,
) -> Outcome<u64> {
    let ports = crowd.ports(slots)?;
    let mut most = 0;
    for _ in 0..FILLING / STEP {
        closed_loop(crowd, server, readers, STEP)?;
        let kernel = sent_bytes(server.address.port(), &ports)?;
        let own = anonymous_bytes(server.pid())?.saturating_sub(before);
        most = most.max(kernel + own);
        if server.metric(CLOSED)?.unwrap_or(0) > 0 {
            break;
        }
    }
    Ok(most)
}

/// Lets those who were closed in again, each from where it stands, and counts who then has everything. What comes is
/// held against what comes to the others, as always.
fn come_back(
    crowd: &mut Crowd,
    server: &Server,
    tokens: &[String],
    start: Cursor,
) -> Outcome<usize> {
    let head = last_cursor(&crowd.intake.streams[1])?.position.n;
    let farewells = std::mem::take(&mut crowd.farewells);
    let entrances: Vec<Entrance> = farewells
        .iter()
        .zip(tokens)
        .map(|(farewell, token)| {
            let message = crowd.intake.streams[0].get(farewell.next_n - 1);
            let since = message.and_then(|message| intake::cursor(&message.frame));
            let since = since.unwrap_or(start).to_string();
            let way = Way {
                greeting: Greeting::subscribing(CHANNEL, Some(&since)),
                ..Way::to(CHANNEL)
            };
            way.entrance(server, token)
        })
        .collect();
    let slots = crowd.connect(entrances)?;
    let standing = |crowd: &Crowd| {
        let have = slots.iter().filter(|slot| crowd.next_n(**slot) > head);
        have.count()
    };
    crowd.run_while(PATIENCE, |crowd| Ok(standing(crowd) == slots.len()))?;
    Ok(standing(crowd))
}

/// The cursor of the last publication of a stream.
fn last_cursor(stream: &Stream) -> Outcome<Cursor> {
    let last = stream
        .last()
        .and_then(|message| intake::cursor(&message.frame));
    last.ok_or_else(|| Fault::wrong("the server's publications carry no cursor"))
}
