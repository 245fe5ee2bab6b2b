//! What the operating system says about the process and its host, under the names that Prometheus' own libraries use
//! for processes.

mod container;

use crate::metrics::{Metrics, Reading};
use prometheus::{
    core::{Collector, Desc},
    proto::{MetricFamily, MetricType},
};
use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};
use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Registers the metrics of this process, of its host, and of its `version`. They are read at each scrape, which takes
/// some microseconds, and one more for each ten open files.
pub fn register(metrics: &Metrics, version: &'static str) {
    metrics.register(Process::new(version));
}

struct Process {
    version: &'static str,
    descs: Vec<Desc>,
    /// Made at the first reading, and again when that failed.
    system: Mutex<Option<System>>,
}

impl Process {
    fn new(version: &'static str) -> Self {
        let mut process = Self {
            version,
            descs: Vec::new(),
            system: Mutex::default(),
        };
        process.descs = process.readings().iter().map(Reading::desc).collect();
        process
    }

    /// What is not to be had is 0, so that a series never comes and goes.
    fn readings(&self) -> Vec<Reading> {
        let mut system = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        if system.is_none() {
            *system = System::new().ok();
        }
        let own = Pid::from_u32(std::process::id());
        if let Some(system) = &mut *system {
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
            system.refresh_processes_specifics(
                ProcessesToUpdate::Some(&[own]),
                true,
                ProcessRefreshKind::nothing().with_memory().with_cpu(),
            );
        }
        let mut readings = vec![Reading {
            values: vec![(vec![("version", self.version.to_owned())], 1.0)],
            ..Reading::gauge(
                "fanfare_build_info",
                "1; the label says which version runs.",
                1.0,
            )
        }];
        let process = system.as_ref().and_then(|system| system.process(own));
        readings.extend(of_process(process));
        readings.extend(of_host(system.as_ref(), process));
        readings
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.readings().into_iter().map(Reading::family).collect()
    }
}

fn of_process(process: Option<&sysinfo::Process>) -> [Reading; 6] {
    let figure = |read: fn(&sysinfo::Process) -> u64| process.map_or(0.0, |own| float(read(own)));
    let files = |count: Option<usize>| count.map_or(0, |count| count as u64);
    let files = (
        files(process.and_then(sysinfo::Process::open_files)),
        files(process.and_then(sysinfo::Process::open_files_limit)),
    );
    [
        Reading {
            kind: MetricType::COUNTER,
            ..Reading::gauge(
                "process_cpu_seconds_total",
                "Seconds of processor time that the process has used.",
                figure(sysinfo::Process::accumulated_cpu_time) / 1_000.0,
            )
        },
        Reading::gauge(
            "process_resident_memory_bytes",
            "Memory of the process.",
            figure(sysinfo::Process::memory),
        ),
        Reading::gauge(
            "process_virtual_memory_bytes",
            "Addresses that the process has taken.",
            figure(sysinfo::Process::virtual_memory),
        ),
        Reading::gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970.",
            figure(sysinfo::Process::start_time),
        ),
        Reading::gauge(
            "process_open_fds",
            "Open files of the process, sockets included.",
            float(files.0),
        ),
        Reading::gauge(
            "process_max_fds",
            "Files that the process may have open.",
            float(files.1),
        ),
    ]
}

fn of_host(system: Option<&System>, process: Option<&sysinfo::Process>) -> [Reading; 6] {
    let figure = |read: fn(&System) -> u64| system.map_or(0.0, |own| float(read(own)));
    let total = system.map_or(0, System::total_memory);
    let limit = process.and_then(sysinfo::Process::cgroup_limits);
    let limit = limit.map_or(total, |limits| limits.total_memory.min(total));
    let resident = || process.map_or(0, sysinfo::Process::memory);
    let used = container::memory_used(Path::new(container::ROOT)).unwrap_or_else(resident);
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    [
        Reading::gauge(
            "fanfare_process_memory_limit_bytes",
            "Memory that the process may have: its container's limit, or what the host has.",
            float(limit),
        ),
        Reading::gauge(
            "fanfare_process_memory_used_bytes",
            "Memory that counts against that limit: the container's, with the kernel's for sockets, or the process' own.",
            float(used),
        ),
        Reading::gauge(
            "fanfare_host_memory_bytes",
            "Memory of the host.",
            float(total),
        ),
        Reading::gauge(
            "fanfare_host_memory_available_bytes",
            "Memory of the host that can still be had.",
            figure(System::available_memory),
        ),
        Reading::gauge(
            "fanfare_host_cpus",
            "Processors that the process may use.",
            float(cpus as u64),
        ),
        Reading::gauge(
            "fanfare_host_load_1m",
            "Load of the host, on average over a minute.",
            System::load_average().map_or(0.0, |load| load.one),
        ),
    ]
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the formats know floating point numbers only"
)]
const fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_knows_itself() {
        let metrics = Metrics::new();
        register(&metrics, "1.2.3");
        let text = metrics.text();
        assert!(text.contains("fanfare_build_info{version=\"1.2.3\"} 1\n"));
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.trim().parse().ok())
                .unwrap_or_else(|| panic!("{name} is missing: {text}"))
        };
        let resident = value("process_resident_memory_bytes ");
        let limit = value("fanfare_process_memory_limit_bytes ");
        assert!(resident > 0.0 && resident < limit, "{resident} of {limit}");
        assert!(limit <= value("fanfare_host_memory_bytes "));
        assert!(value("fanfare_process_memory_used_bytes ") > 0.0);
        let (open, max) = (value("process_open_fds "), value("process_max_fds "));
        assert!(open > 0.0 && open < max, "{open} of {max}");
        assert!(value("process_start_time_seconds ") > 1.6e9);
        assert!(text.contains("# TYPE process_cpu_seconds_total counter"));
    }
}
