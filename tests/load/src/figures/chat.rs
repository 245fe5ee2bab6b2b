//! How fast messages go through one chat worker, and what opening a long room takes.

use super::Bench;
use crate::{
    clock::now_ns,
    crowd::Crowd,
    fault::{Fault, Outcome},
    figure::{Figure, number},
    http,
    publisher::Publishers,
    server::{Placement, Server},
};
use serde_json::json;
use std::time::Duration;

/// The room that gets all messages.
const ROOM: &str = "bench";

/// Rooms that share as many.
const ROOMS: usize = 100;

/// Requests under way.
const PUBLISHERS: usize = 64;

/// Requests that are queued at once.
const QUEUED: u64 = 10_000;

/// Opened so often, in turns.
const OPENED: u64 = 200;

/// What the middle of a room may cost, of the newest page.
const MIDDLE_RATIO: f64 = 2.0;

const PATIENCE: Duration = Duration::from_secs(600);

pub(super) fn measure(bench: &mut Bench) -> Outcome<Vec<Figure>> {
    let server = bench.server(Placement::Pinned, &[])?;
    let api_key = server.api_key.clone();
    let mut crowd = Crowd::new(1)?;
    let publishers = Publishers::open_at(server.chat, &api_key, PUBLISHERS)?;
    crowd.add_publishers(publishers)?;
    let rooms: Vec<String> = (0..ROOMS).map(|index| format!("{ROOM}-{index}")).collect();
    for room in rooms.iter().map(String::as_str).chain([ROOM]) {
        make_room(&server, room)?;
    }
    let count = bench.plan.messages;
    let one = send(&mut crowd, &api_key, &[ROOM.to_owned()], count)?;
    let p99 = crowd.publishers()?.answers.p99_ms();
    let many = send(&mut crowd, &api_key, &rooms, count)?;
    let [newest, middle] = open(&mut crowd, &api_key, count)?;
    let messages = number(count as f64);
    let opening = |where_: &str| format!("p50 of opening a room of {messages} messages, {where_}");
    Ok(vec![
        Figure::new("messages through one chat worker, in one room", "/s", one),
        Figure::new("p99 of the answer to their senders", "ms", p99),
        Figure::new(
            format!("messages through one chat worker, in {ROOMS} rooms"),
            "/s",
            many,
        ),
        Figure::new(opening("its newest page"), "ms", newest),
        Figure::new(
            opening("in the middle, against the newest page"),
            "ms",
            middle,
        )
        .part_of(newest)
        .ratio_at_most(MIDDLE_RATIO),
    ])
}

fn make_room(server: &Server, room: &str) -> Outcome<()> {
    let body = json!({"kind": "public", "name": room, "id": room}).to_string();
    let request = http::post("/v1/rooms", &server.api_key, &body);
    let (status, text) = http::ask(server.chat, &request)?;
    if status == 201 {
        return Ok(());
    }
    Err(Fault::wrong(format!(
        "a room was answered with {status}: {text}"
    )))
}

/// Sends `count` messages to `rooms` in turn, as fast as they are answered; how many a second.
fn send(crowd: &mut Crowd, api_key: &str, rooms: &[String], count: u64) -> Outcome<f64> {
    crowd.publishers()?.answers.clear();
    let begun_ns = now_ns();
    let mut sent = 0;
    while sent < count {
        for _ in 0..QUEUED.min(count - sent) {
            let room = &rooms[usize::try_from(sent).unwrap_or_default() % rooms.len()];
            let body = format!(r#"{{"content":"message {sent} of a benchmark that goes on"}}"#);
            let path = format!("/v1/rooms/{room}/messages");
            crowd
                .publishers()?
                .queue(http::post(&path, api_key, &body))?;
            sent += 1;
        }
        until_idle(crowd)?;
    }
    Ok(count as f64 / ((now_ns() - begun_ns) as f64 / 1e9))
}

/// Opens the newest page and one in the middle in turns, one after another.
fn open(crowd: &mut Crowd, api_key: &str, count: u64) -> Outcome<[f64; 2]> {
    let pages = [String::new(), format!("&around={}", count / 2)]
        .map(|place| format!("/v1/rooms/{ROOM}/messages?limit=50{place}"));
    let mut found = [Vec::new(), Vec::new()];
    for _ in 0..OPENED {
        for (page, found) in pages.iter().zip(&mut found) {
            crowd.publishers()?.answers.clear();
            crowd.publishers()?.queue(http::get_with(page, api_key))?;
            until_idle(crowd)?;
            let ns = crowd.publishers()?.answers.quantile_ns(500);
            found.extend(ns.map(|ns| ns as f64 / 1e6));
        }
    }
    Ok(found.map(|found| crate::figure::median(&found).unwrap_or_default()))
}

fn until_idle(crowd: &mut Crowd) -> Outcome<()> {
    crowd.run_until(PATIENCE, "an answer", |crowd| {
        Ok(crowd.publishers()?.is_idle())
    })
}
