//! How a failed case is told.

use super::{
    agreement::Offer,
    case::{Case, Expected, Step},
};
use std::fmt::Write;

/// Bytes shown of what was sent.
const SHOWN: usize = 32;

/// Sends shown of a case.
const SENDS: usize = 6;

/// The case, what was sent in its first `done` steps, what was `expected` then, and what came.
pub(super) fn failure(case: &Case, done: usize, expected: &str, came: &str) -> String {
    let mut out = format!("{}\n  rule      {}\n", case.name, case.rule);
    let sends: Vec<String> = case.steps[..done].iter().filter_map(sent).collect();
    let skipped = sends.len().saturating_sub(SENDS);
    if skipped > 0 {
        let _infallible = writeln!(out, "  sent      … {skipped} sends before these");
    }
    for sent in &sends[skipped..] {
        let _infallible = writeln!(out, "  sent      {sent}");
    }
    let _infallible = write!(out, "  expected  {expected}\n  came      {came}\n");
    out
}

/// The first bytes, and how many there are.
pub(super) fn hex(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let mut out: String = shown.iter().fold(String::new(), |mut out, byte| {
        let _infallible = write!(out, "{byte:02x} ");
        out
    });
    if shown.len() < bytes.len() {
        out.push_str("… ");
    }
    let _infallible = write!(out, "({} bytes)", bytes.len());
    out
}

pub(super) fn agreed(offer: &Offer) -> String {
    format!("{:?} to be answered with {:?}", offer.values, offer.due)
}

fn sent(step: &Step) -> Option<String> {
    match step {
        Step::Send(bytes) => Some(hex(bytes)),
        Step::Chop(bytes, size) => Some(format!("{} in writes of {size}", hex(bytes))),
        Step::Expect(_) => None,
    }
}

pub(super) fn told(expected: &Expected) -> String {
    match expected {
        Expected::Echo(content) => {
            let begin: String = content.chars().take(40).collect();
            format!("an echo of {begin:?} ({} bytes)", content.len())
        }
        Expected::Refused(code) => format!("an error {code}"),
        Expected::Pongs(payloads) => {
            let last = payloads.last().map(|payload| hex(payload));
            format!("a pong {}", last.unwrap_or_default())
        }
        Expected::Closed(codes) => format!("the answering close, one of {codes:?}, and the end"),
        Expected::Fails(codes) => format!("a disconnect, a close, one of {codes:?}, and the end"),
    }
}
