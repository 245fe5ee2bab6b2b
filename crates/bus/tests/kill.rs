//! A process that is killed in the middle of appends loses nothing it was told.

#[path = "shared/subject.rs"]
mod subject;

use bytes::Bytes;
use fanfare_bus::{
    Handles,
    conformance::Subject as _,
    log::{Append, Expect, Record},
};
use fanfare_proto::{Channel, Position};
use std::{
    collections::{HashMap, HashSet},
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};
use subject::Embedded;

const ROUNDS: u64 = 5;

/// One line of the child.
struct Told {
    channel: Channel,
    position: Position,
    id: String,
}

impl Told {
    fn parse(line: &str) -> Self {
        let parts: Vec<&str> = line.split(' ').collect();
        let [channel, n, seq, id] = parts[..] else {
            panic!("not a line of the child: {line}");
        };
        Self {
            channel: Channel::parse(channel).expect("a channel"),
            position: Position {
                seq: seq.parse().expect("a seq"),
                n: n.parse().expect("an ordinal"),
            },
            id: id.to_owned(),
        }
    }
}

/// Starts the child, kills it after some answers, and returns all that it was told until then.
fn run_and_kill(subject: &Embedded, round: u64) -> Vec<Told> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bus-appender"))
        .arg(subject.settings().path)
        .arg(format!("run{round}"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut told = Vec::new();
    let mut line = String::new();
    // Another moment each round: also right after its first answers.
    let enough = 5 + 400 * round;
    let mut killed = false;
    while lines.read_line(&mut line).expect("a line") > 0 {
        // The last one may be cut.
        if line.ends_with('\n') {
            told.push(Told::parse(line.trim_end()));
        }
        line.clear();
        if !killed && told.len() as u64 >= enough {
            child.kill().expect("killed");
            killed = true;
        }
    }
    child.wait().expect("ended");
    assert!(killed, "the child ended by itself");
    told
}

async fn read_all(handles: &Handles, channel: &Channel) -> Vec<Record> {
    let heads = handles.log.heads(std::slice::from_ref(channel)).await;
    let upto = heads.expect("heads")[0].last;
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records
            .last()
            .map_or_else(Position::default, |record| record.position);
        let page = handles
            .log
            .read(channel, after, upto, 1_000)
            .await
            .expect("a page");
        records.extend(page.records);
        if !page.more {
            assert_eq!(records.len() as u64, upto.n, "{channel} has holes");
            return records;
        }
    }
}

/// Every promise, for all that was ever told.
async fn check(handles: &Handles, told: &[Told]) {
    let channels: HashSet<&Channel> = told.iter().map(|told| &told.channel).collect();
    let mut stored: HashMap<String, Position> = HashMap::new();
    for channel in channels {
        let mut prev = Position::default();
        for record in read_all(handles, channel).await {
            assert_eq!(record.position.n, prev.n + 1);
            assert_eq!(record.prev_seq, prev.seq);
            prev = record.position;
            let id = String::from_utf8(record.payload.to_vec()).expect("a payload of the child");
            let twice = stored.insert(id, record.position);
            assert_eq!(twice, None, "stored twice");
        }
    }
    for told in told {
        assert_eq!(
            stored.get(&told.id),
            Some(&told.position),
            "{} is lost",
            told.id
        );
    }
    let halves = |half: char| stored.keys().filter(move |id| id.ends_with(half)).count();
    assert_eq!(halves('a'), halves('b'), "half a batch is stored");
}

#[tokio::test]
async fn what_was_answered_survives_kill_9() {
    let mut subject = Embedded::new();
    // The child reads the system's clock, and ids are remembered for a time.
    subject.clock = fanfare_lifecycle::Clock::system();
    let mut told: Vec<Told> = Vec::new();
    for round in 0..ROUNDS {
        told.extend(run_and_kill(&subject, round));
        let handles = subject.open().await;
        check(&handles, &told).await;
        // Whoever did not hear the answer repeats with the same id.
        let last = &told[told.len() - 1];
        let again = handles.log.append(Append {
            channel: last.channel.clone(),
            msg_id: Some(last.id.clone()),
            expect: Expect::Any,
            ttl_ms: None,
            payload: Bytes::from(last.id.clone()),
            trace: None,
        });
        let again = again.await.expect("answered");
        assert_eq!((again.duplicate, again.position), (true, last.position));
    }
}
