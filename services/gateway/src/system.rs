//! What this node is and how it fares: the answer to `system_info`, and the figures on `system:metrics`.

use crate::{node::Node, traffic::Traffic};
use fanfare_bus::Bus;
use fanfare_lifecycle::{Clock, Shutdown};
use fanfare_proto::{Channel, subject, wire::Event};
use prost::Message as _;
use serde::Serialize;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate};
use tokio::sync::Mutex;

/// Between two figures on `system:metrics`.
const INTERVAL: Duration = Duration::from_secs(2);

/// How long a node believes that somebody watches, after it was last told.
const WATCHED_MS: i64 = 10_000;

/// Younger figures are given again: reading them costs a few milliseconds, and clients may ask often.
const FRESH_MS: i64 = 1_000;

/// The `data` of `system_info_response`. Bytes, seconds, and percent of all cores.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Info {
    node: String,
    hostname: String,
    os: String,
    kernel: String,
    cpu_cores: usize,
    cpu_percent: f32,
    memory_total_bytes: u64,
    memory_used_bytes: u64,
    load_1m: f64,
    uptime_seconds: u64,
    process_rss_bytes: u64,
    connections: usize,
}

/// The `data` of a `system_info` on `system:metrics`.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    info: Info,
    traffic: Traffic,
}

/// Reads the figures, at most once a second however many ask.
#[derive(Clone)]
pub(crate) struct System {
    node: String,
    clock: Clock,
    reading: Arc<Mutex<Reading>>,
    watchers: Arc<AtomicUsize>,
    watched_at_ms: Arc<AtomicI64>,
}

struct Reading {
    /// Made at the first reading, and again when that failed.
    system: Option<sysinfo::System>,
    last: Option<(i64, Info)>,
}

/// Somebody on this node watches `system:metrics`. Ends by being dropped.
#[derive(Debug)]
pub(crate) struct Watching(Arc<AtomicUsize>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl System {
    pub(crate) fn new(node: String, clock: Clock) -> Self {
        Self {
            node,
            clock,
            reading: Arc::new(Mutex::new(Reading {
                system: None,
                last: None,
            })),
            watchers: Arc::default(),
            watched_at_ms: Arc::default(),
        }
    }

    /// The figures now, at most a second old.
    pub(crate) async fn info(&self, connections: usize) -> Info {
        let mut reading = Arc::clone(&self.reading).lock_owned().await;
        let now_ms = self.clock.now_ms();
        let fresh = reading
            .last
            .as_ref()
            .filter(|(at_ms, _)| now_ms - at_ms < FRESH_MS);
        if let Some((_, info)) = fresh {
            return Info {
                connections,
                ..info.clone()
            };
        }
        let node = self.node.clone();
        let read = tokio::task::spawn_blocking(move || {
            if reading.system.is_none() {
                reading.system = sysinfo::System::new().ok();
            }
            let info = read(reading.system.as_mut()?, node, connections);
            reading.last = Some((now_ms, info.clone()));
            Some(info)
        });
        // A system that tells nothing about itself still has a name and connections.
        let unread = || Info {
            node: self.node.clone(),
            connections,
            ..Info::default()
        };
        read.await.ok().flatten().unwrap_or_else(unread)
    }

    /// Counts a watcher of `system:metrics`.
    pub(crate) fn watch(&self) -> Watching {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        self.watched_at_ms
            .store(self.clock.now_ms(), Ordering::Relaxed);
        Watching(Arc::clone(&self.watchers))
    }

    /// Somebody watches, here or on another node.
    pub(crate) fn told_watched(&self) {
        self.watched_at_ms
            .store(self.clock.now_ms(), Ordering::Relaxed);
    }

    fn is_watched(&self) -> bool {
        self.clock.now_ms() - self.watched_at_ms.load(Ordering::Relaxed) < WATCHED_MS
    }

    /// Publishes this node's figures while anybody watches, and tells the other nodes when somebody here does.
    pub(crate) async fn run(node: Arc<Node>, shutdown: Shutdown) {
        let channel = Channel::system_metrics();
        let subject = subject::event(&channel);
        let mut tick = tokio::time::interval(INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                _ = tick.tick() => {}
            }
            let system = &node.system;
            if system.watchers.load(Ordering::Relaxed) > 0 {
                publish(&*node.bus, subject::GATEWAY_WATCHED, Vec::new()).await;
            }
            if !system.is_watched() {
                continue;
            }
            let report = Report {
                info: system.info(node.registry.len()).await,
                traffic: node.figures.traffic(),
            };
            let event = Event {
                channel: channel.name().to_owned(),
                r#type: "system_info".to_owned(),
                data: serde_json::to_vec(&report).unwrap_or_default().into(),
                created_at_ms: node.clock.now_ms(),
                ..Event::default()
            };
            publish(&*node.bus, &subject, event.encode_to_vec()).await;
        }
    }
}

async fn publish(bus: &dyn Bus, subject: &str, payload: Vec<u8>) {
    if let Err(error) = bus.publish(subject, payload.into()).await {
        tracing::debug!(%error, subject, "figures were not sent");
    }
}

fn read(system: &mut sysinfo::System, node: String, connections: usize) -> Info {
    let own = Pid::from_u32(std::process::id());
    system.refresh_cpu_usage();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[own]),
        true,
        ProcessRefreshKind::nothing().with_memory(),
    );
    Info {
        node,
        hostname: sysinfo::System::host_name().unwrap_or_default(),
        os: sysinfo::System::long_os_version().unwrap_or_default(),
        kernel: sysinfo::System::kernel_version().unwrap_or_default(),
        cpu_cores: system.cpus().len(),
        cpu_percent: system.global_cpu_usage(),
        memory_total_bytes: system.total_memory(),
        memory_used_bytes: system.used_memory(),
        load_1m: sysinfo::System::load_average().map_or(0.0, |load| load.one),
        uptime_seconds: sysinfo::System::uptime().unwrap_or_default(),
        process_rss_bytes: system.process(own).map_or(0, sysinfo::Process::memory),
        connections,
    }
}
