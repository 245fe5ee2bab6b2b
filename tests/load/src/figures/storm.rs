//! Everybody drops and comes back at once, while somebody goes on reading.

use super::{Bench, Way, crowd};
use crate::{
    clock::now_ns,
    crowd::Crowd,
    fault::{During as _, Fault, Outcome},
    figure::{Figure, median, number},
    histogram::Histogram,
    publisher::Publication,
    server::{Placement, Server},
};
use std::{fs, time::Duration};

/// What the storm reads: nothing is published there.
const STORM: &str = "topic:storm";

/// What the bystanders read.
const QUIET: Publication = Publication {
    topic: "quiet",
    bytes: 128,
    stored: true,
};
const QUIET_CHANNEL: &str = "topic:quiet";

/// Readers who stay, and what they are sent.
const BYSTANDERS: usize = 20;
const PER_SECOND: f64 = 100.0;

/// Who comes back at the same moment: more than a listener with a small backlog takes without dropping some.
const AT_ONCE: usize = 1_000;

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
    crowd.in_flight = AT_ONCE;
    let (mut before, mut meanwhile) = (Histogram::default(), Histogram::default());
    let (mut per_second, mut dropped) = (Vec::new(), Vec::new());
    crowd.publishers()?.begin(&QUIET, PER_SECOND, u64::MAX);
    for _ in 0..bench.plan.repetitions {
        crowd.intake.latency.clear();
        crowd.run_for(CALM)?;
        before.add(&crowd.intake.latency);

        crowd.intake.latency.clear();
        let (begun_ns, dropped_before) = (now_ns(), listen_drops()?);
        crowd.leave(&slots)?;
        slots = enter(&mut crowd, &server, &tokens)?;
        per_second.push(count as f64 / ((now_ns() - begun_ns) as f64 / 1e9));
        dropped.push((listen_drops()? - dropped_before) as f64);
        meanwhile.add(&crowd.intake.latency);
        crowd.run_for(Duration::from_secs(1))?;
    }
    crowd.publishers()?.end();
    let storm = format!("{} connections come back at once", number(count as f64));
    let p99 = before.p99_ms();
    Ok(vec![
        Figure::new(format!("{storm}: admitted"), "/s", median(&per_second)),
        Figure::new(
            "SYNs that the full backlog dropped meanwhile",
            "",
            median(&dropped),
        ),
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

/// SYNs that this machine's listeners have dropped since it started: their senders try again after a second.
fn listen_drops() -> Outcome<u64> {
    let text = fs::read_to_string("/proc/net/netstat").during("reading the kernel's counters")?;
    drops(&text).ok_or_else(|| Fault::wrong("this kernel does not count dropped SYNs"))
}

/// The counter stands in the line below its name.
fn drops(netstat: &str) -> Option<u64> {
    let mut lines = netstat.lines().filter(|line| line.starts_with("TcpExt:"));
    let names = lines.next()?.split_ascii_whitespace();
    let mut values = lines.next()?.split_ascii_whitespace();
    let index = names.into_iter().position(|name| name == "ListenDrops")?;
    values.nth(index)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_counter_is_found_by_its_name() {
        let text = "TcpExt: SyncookiesSent ListenDrops TW\nTcpExt: 0 17 4029\nIpExt: A\nIpExt: 5\n";
        assert_eq!(drops(text), Some(17));
        assert_eq!(drops("TcpExt: TW\nTcpExt: 1\n"), None);
        assert!(listen_drops().is_ok());
    }
}
