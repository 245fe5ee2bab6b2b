//! What connections hold once they have talked.

use super::{Bench, Way, idle::SMALL_STORE};
use crate::{
    crowd::Crowd, fault::Outcome, figure::Figure, frame, server::Placement, usage::settled_bytes,
};
use std::time::Duration;

const TARGET_PERCENT: f64 = 5.0;

/// Who talks first, so that what a process needs once for talking is there before it is looked at.
const EARLY: usize = 50;

/// Who talks at once.
const WAVE: usize = 1_000;

/// Longest that a wave may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Pinned, &SMALL_STORE)?;
    let mut crowd = Crowd::new(1)?;
    let (count, echoes) = (bench.plan.echoing, bench.plan.echoes);
    let early = bench.enter(&mut crowd, &server, &Way::plain(), EARLY)?;
    talk(&mut crowd, &early, echoes)?;
    let empty = settled_bytes(server.pid(), &mut crowd)?;
    let slots = bench.enter(&mut crowd, &server, &Way::plain(), count)?;
    let idle = settled_bytes(server.pid(), &mut crowd)?;
    let before_ns = server.meter().settled_ns(&mut crowd)?;
    talk(&mut crowd, &slots, echoes)?;
    let used_ns = server.meter().settled_ns(&mut crowd)? - before_ns;
    let talked = settled_bytes(server.pid(), &mut crowd)?;
    Ok(vec![
        growth(empty, idle, talked, echoes),
        cost(used_ns, count as u64 * echoes),
    ])
}

fn growth(empty: u64, idle: u64, talked: u64, echoes: u64) -> Figure {
    let held = idle.saturating_sub(empty) as f64;
    let percent = (talked as f64 - idle as f64) / held * 100.0;
    let name = format!("growth of a connection by {echoes} messages each way");
    Figure::new(name, "%", percent).at_most(TARGET_PERCENT)
}

fn cost(used_ns: u64, echoes: u64) -> Figure {
    let each_us = used_ns as f64 / 1e3 / echoes as f64;
    Figure::new("server CPU of a message and its answer", "µs", each_us)
}

fn talk(crowd: &mut Crowd, slots: &[usize], echoes: u64) -> Outcome<()> {
    let message = frame::masked(1, br#"{"type":"echo","content":"what do you think"}"#);
    for _ in 0..echoes {
        for wave in slots.chunks(WAVE) {
            let due = crowd.intake.tally.echoes + wave.len() as u64;
            crowd.send(wave, &message)?;
            crowd.run_until(PATIENCE, "an answer to an echo", |crowd| {
                Ok(crowd.intake.tally.echoes >= due)
            })?;
        }
    }
    Ok(())
}
