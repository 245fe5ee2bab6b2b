//! RFC 6455 and RFC 7692 from a client's side, case by case, against the real binary. The numbers of the groups are those
//! of the suite that WebSocket implementations are commonly held to, and so are most of the cases; where Fanfare speaks
//! less than the protocol allows (no binary), they say how that is refused.
//!
//! A [case](case::Case) is data: what is sent, what must come back. [`suite`] plays each on a connection of its own.

mod agreement;
mod case;
mod closes;
mod compression;
mod conversation;
mod deflate;
mod fragments;
mod frames;
mod framing;
mod offers;
mod peer;
mod pings;
mod report;
mod reserved;
mod sizes;
mod streams;
mod suite;
mod turns;
mod utf8;

use case::Case;
use std::collections::HashSet;

#[tokio::test]
async fn group_1_framing() {
    suite::run(&[], &framing::cases()).await;
}

#[tokio::test]
async fn group_2_pings_and_pongs() {
    suite::run(&[], &pings::cases()).await;
}

#[tokio::test]
async fn group_3_reserved_bits() {
    suite::run(&[], &reserved::bits()).await;
}

#[tokio::test]
async fn group_4_opcodes() {
    suite::run(&[], &reserved::opcodes()).await;
}

#[tokio::test]
async fn group_5_fragments() {
    suite::run(&[], &fragments::cases()).await;
}

#[tokio::test]
async fn group_6_utf8() {
    suite::run(&[], &utf8::cases()).await;
}

#[tokio::test]
async fn group_7_closes() {
    suite::run(&[], &closes::cases()).await;
}

#[tokio::test]
async fn group_9_long_messages() {
    suite::run(&sizes::ROOMY, &sizes::long()).await;
}

#[tokio::test]
async fn group_9_limit() {
    suite::run(&sizes::NARROW, &sizes::limit()).await;
}

#[tokio::test]
async fn group_10_many_messages() {
    suite::run(&sizes::ROOMY, &sizes::many()).await;
}

#[tokio::test]
async fn group_12_compressed_messages() {
    suite::run(&sizes::ROOMY, &compression::cases()).await;
}

#[tokio::test]
async fn group_12_compressed_streams() {
    suite::run(&[], &streams::cases()).await;
}

#[tokio::test]
async fn group_12_taking_turns() {
    suite::run(&[], &turns::cases()).await;
}

#[tokio::test]
async fn group_13_offers() {
    suite::run(&[], &offers::cases()).await;
}

#[test]
fn a_case_has_a_name_of_its_own() {
    let groups: [Vec<Case>; 14] = [
        framing::cases(),
        pings::cases(),
        reserved::bits(),
        reserved::opcodes(),
        fragments::cases(),
        utf8::cases(),
        closes::cases(),
        sizes::long(),
        sizes::limit(),
        sizes::many(),
        compression::cases(),
        streams::cases(),
        turns::cases(),
        offers::cases(),
    ];
    let mut names = HashSet::new();
    for case in groups.iter().flatten() {
        assert!(names.insert(&case.name), "{} is there twice", case.name);
    }
}
