//! A server that dies and comes back.

use super::{Installation, NatsServer, ONE_SHARD, record, room, stored, within};
use fanfare_bus::log::{Append, Tailed};
use fanfare_proto::Position;
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Appends from many tasks while the server is killed and started again, twice. Every append is answered in the end, and
/// every one is there once, also those whose answer was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_answer_is_lost_is_there_once() {
    let server = Arc::new(NatsServer::start());
    let installation = Installation::on(Arc::clone(&server));
    let handles = installation.open(ONE_SHARD).await;
    let stop = Arc::new(AtomicBool::new(false));
    let channels: Vec<_> = (0..4).map(|which| room(&which.to_string())).collect();
    let mut writers = Vec::new();
    for writer in 0..16_usize {
        let (handles, stop) = (handles.clone(), Arc::clone(&stop));
        let channel = channels[writer % channels.len()].clone();
        writers.push(installation.tasks.spawn(async move {
            let mut appended = Vec::new();
            for step in 0.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let payload = format!("{writer}-{step}");
                let append = Append {
                    msg_id: (writer % 3 == 0).then(|| payload.clone()),
                    ttl_ms: (writer % 5 == 0).then_some(3_600_000),
                    ..record(&channel, &payload)
                };
                let done = handles.log.append(append).await.expect("appended");
                appended.push((done.position.n, payload));
            }
            appended
        }));
    }
    for _outage in 0..2 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.resume();
    }
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    stop.store(true, Ordering::SeqCst);
    let mut answered: Vec<Vec<(u64, String)>> = vec![Vec::new(); channels.len()];
    for (writer, running) in writers.into_iter().enumerate() {
        let appended = within(running).await.expect("a writer");
        answered[writer % channels.len()].extend(appended);
    }
    for (channel, mut answered) in channels.iter().zip(answered) {
        answered.sort();
        let stored = stored(&handles, channel, Position::default()).await;
        assert_eq!(stored, answered);
        let payloads: HashSet<&String> = stored.iter().map(|(_, payload)| payload).collect();
        assert_eq!(payloads.len(), stored.len(), "something is there twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_goes_on_after_an_outage_and_says_that_it_lagged() {
    let server = Arc::new(NatsServer::start());
    let installation = Installation::on(Arc::clone(&server));
    let handles = installation.open(ONE_SHARD).await;
    let channel = room("a");
    let mut tail = handles.log.tail().await.expect("a tail");
    handles
        .log
        .append(record(&channel, "before"))
        .await
        .expect("appended");
    assert!(matches!(within(tail.next()).await, Some(Tailed::Record(_))));
    server.kill();
    server.resume();
    assert_eq!(within(tail.next()).await, Some(Tailed::Lagged));
    // What is appended from now on is shown.
    let after = handles.log.append(record(&channel, "after")).await;
    let after = after.expect("appended").position;
    loop {
        match within(tail.next()).await {
            Some(Tailed::Record(record)) if record.position == after => break,
            Some(_earlier) => {}
            None => panic!("the tail has ended"),
        }
    }
}
