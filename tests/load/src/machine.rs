//! The machine a run is made on, and how it is shared between those who are measured and those who measure.

use crate::fault::{During as _, Fault, Outcome};
use rustix::{
    process::{Resource, getrlimit, setpriority_process, setrlimit},
    system::uname,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};
use std::fs;

/// Descriptors of a process that are no client sockets, with room to spare.
const OTHER_FILES: u64 = 700;

/// Before the machine's other work, where that is permitted; children inherit it.
const NICE: i32 = -10;

/// Fewest sockets that a run makes sense with.
const SOCKETS_MIN: usize = 1_000;

/// Who may run where, and how many sockets a process may have.
#[derive(Clone)]
pub(crate) struct Machine {
    /// For people: CPU, cores, kernel.
    pub(crate) description: String,
    /// Where the server or the bare loop runs.
    pub(crate) measured: CpuSet,
    /// Where the clients run.
    pub(crate) measuring: CpuSet,
    /// Every CPU this process was given.
    pub(crate) all: CpuSet,
    /// Whether both have to share one CPU.
    pub(crate) is_shared: bool,
    /// Whether everything runs before the machine's other work.
    pub(crate) is_preferred: bool,
    /// Most sockets of one process.
    pub(crate) sockets: usize,
}

impl Machine {
    /// Looks at the machine, raises the limit on open files as far as it goes, and moves this process to its own CPU.
    pub(crate) fn prepare() -> Outcome<Self> {
        let all = sched_getaffinity(None).during("reading which CPUs may be used")?;
        let cpus: Vec<usize> = (0..CpuSet::MAX_CPU)
            .filter(|cpu| all.is_set(*cpu))
            .collect();
        let (first, second) = pair(&cpus, siblings)?;
        let machine = Self {
            description: format!("{}; measured on CPU {first} from CPU {second}", describe()),
            measured: only(first),
            measuring: only(second),
            all,
            is_shared: first == second,
            is_preferred: setpriority_process(None, NICE).is_ok(),
            sockets: raise_files()?,
        };
        sched_setaffinity(None, &machine.measuring).during("moving to a CPU of its own")?;
        Ok(machine)
    }

    /// Runs `start` where the processes that it makes are to run, which they inherit.
    pub(crate) fn on<T>(&self, cpus: &CpuSet, start: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        sched_setaffinity(None, cpus).during("choosing a CPU")?;
        let started = start();
        sched_setaffinity(None, &self.measuring).during("moving back to its own CPU")?;
        started
    }
}

/// A CPU for what is measured and one for who measures: of another core, where there is one, and the same where there is
/// no other.
fn pair(cpus: &[usize], siblings: impl Fn(usize) -> Vec<usize>) -> Outcome<(usize, usize)> {
    let [first, others @ ..] = cpus else {
        return Err(Fault::wrong("there is no CPU to run on"));
    };
    let same_core = siblings(*first);
    let elsewhere = others.iter().find(|cpu| !same_core.contains(cpu));
    let second = elsewhere.or(others.first()).unwrap_or(first);
    Ok((*first, *second))
}

/// The CPUs of the same core.
fn siblings(cpu: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    list(&fs::read_to_string(path).unwrap_or_default())
}

/// A list as the kernel writes it: `0-1,64`.
fn list(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
    };
    text.trim().split(',').filter_map(range).flatten().collect()
}

fn only(cpu: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(cpu);
    set
}

fn raise_files() -> Outcome<usize> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).during("raising the limit on open files")?;
    let files = limit.maximum.unwrap_or(u64::MAX).min(1 << 20);
    let sockets = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(0);
    if sockets < SOCKETS_MIN {
        return Err(Fault::wrong(format!(
            "a process may open {files} files here; raise the limit (ulimit -Hn) to {} at least",
            SOCKETS_MIN as u64 + OTHER_FILES
        )));
    }
    Ok(sockets)
}

fn describe() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("a CPU without a name", |(_, model)| model.trim());
    let kernel = uname();
    let release = kernel.release().to_string_lossy();
    let hardware = kernel.machine().to_string_lossy();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let plural = if cpus == 1 { "" } else { "s" };
    format!("{model}, {cpus} CPU{plural}, Linux {release} {hardware}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lists_are_understood() {
        assert_eq!(list("0-2,64\n"), [0, 1, 2, 64]);
        assert_eq!(list("3\n"), [3]);
        assert_eq!(list(""), [0_usize; 0]);
    }

    #[test]
    fn who_measures_is_on_another_core() {
        let cores = |cpu: usize| vec![cpu / 2 * 2, cpu / 2 * 2 + 1];
        assert_eq!(pair(&[0, 1, 2, 3], cores).unwrap(), (0, 2));
        assert_eq!(pair(&[0, 1], cores).unwrap(), (0, 1));
        assert_eq!(pair(&[5], cores).unwrap(), (5, 5));
        assert!(pair(&[], cores).is_err());
    }
}
