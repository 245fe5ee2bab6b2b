//! A server that dies and comes back.

use super::{Installation, NatsServer, ONE_SHARD, proxy::Proxy, record, room, stored, within};
use fanfare_bus::{
    Handles,
    log::{Append, Tailed},
};
use fanfare_lifecycle::Tasks;
use fanfare_proto::{Channel, Position};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

/// Appends of all kinds from many tasks, until it is told to stop; then what is stored is exactly what was answered.
struct Crowd {
    channels: Vec<Channel>,
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<Vec<(u64, String)>>>,
}

impl Crowd {
    fn start(handles: &Handles, tasks: &Tasks) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let channels: Vec<_> = (0..4).map(|which| room(&which.to_string())).collect();
        let mut writers = Vec::new();
        for writer in 0..16_usize {
            let (handles, stop) = (handles.clone(), Arc::clone(&stop));
            let channel = channels[writer % channels.len()].clone();
            writers.push(tasks.spawn(async move {
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
        Self {
            channels,
            stop,
            writers,
        }
    }

    async fn check(self, handles: &Handles) {
        self.stop.store(true, Ordering::SeqCst);
        let count = self.channels.len();
        let mut answered: Vec<Vec<(u64, String)>> = vec![Vec::new(); count];
        for (writer, running) in self.writers.into_iter().enumerate() {
            let appended = within(running).await.expect("a writer");
            answered[writer % count].extend(appended);
        }
        for (channel, mut answered) in self.channels.iter().zip(answered) {
            answered.sort();
            let stored = stored(handles, channel, Position::default()).await;
            assert_eq!(stored, answered);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_while_the_server_dies_twice_are_there_once() {
    let server = Arc::new(NatsServer::start());
    let installation = Installation::on(Arc::clone(&server));
    let handles = installation.open(ONE_SHARD).await;
    let crowd = Crowd::start(&handles, &installation.tasks);
    for _outage in 0..2 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.resume();
    }
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    crowd.check(&handles).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_whose_answers_are_lost_are_there_once() {
    let mut installation = Installation::new();
    let proxy = Proxy::start(&installation.address, &installation.tasks).await;
    installation.address = proxy.address();
    let handles = installation.open(ONE_SHARD).await;
    let crowd = Crowd::start(&handles, &installation.tasks);
    for _outage in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        proxy.lose();
        tokio::time::sleep(Duration::from_millis(200)).await;
        proxy.cut();
        // What got no answer is tried again after three seconds.
        tokio::time::sleep(Duration::from_millis(3_500)).await;
    }
    crowd.check(&handles).await;
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
