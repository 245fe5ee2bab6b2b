//! What a process uses: CPU time to the nanosecond, and memory of its own.

use crate::{
    clock::{self, now_ns},
    crowd::Crowd,
    fault::{During as _, Fault, Outcome},
};
use std::{collections::HashMap, fs, time::Duration};

/// Looked at so long for whether a process has finished what it is at.
const LOOK: Duration = Duration::from_millis(20);

/// Looked at so long for whether it has finished what it had put off too: more than a server collects reports for.
const LONG_LOOK: Duration = Duration::from_millis(400);

/// Longest that a process may take to come to rest.
const REST: Duration = Duration::from_secs(15);

/// A process at rest uses less than this part of a look, in per cent.
const REST_PERCENT: u64 = 3;

/// Between two looks at the memory, and how many must agree in a row: threads that were needed for a burst, with their
/// stacks and caches, end after ten seconds.
const MEMORY_LOOK: Duration = Duration::from_secs(1);
const MEMORY_LOOKS: usize = 11;

/// Longest that memory may take to settle.
const MEMORY_REST: Duration = Duration::from_secs(30);

/// Memory that does not count as a change, in bytes: a few pages of somebody's stack.
const MEMORY_NOISE: u64 = 32 * 1024;

/// The CPU time of one process, from the accounts of its threads, which are exact while a thread does not run. What a
/// thread used before it ended stays counted as of the last reading.
pub(crate) struct Meter {
    pid: u32,
    threads: HashMap<String, u64>,
}

impl Meter {
    pub(crate) fn new(pid: u32) -> Self {
        Self {
            pid,
            threads: HashMap::new(),
        }
    }

    /// Nanoseconds that the process has run, kernel included.
    pub(crate) fn cpu_ns(&mut self) -> Outcome<u64> {
        let directory = format!("/proc/{}/task", self.pid);
        for entry in fs::read_dir(&directory).during("reading the threads of a process")? {
            let entry = entry.during("reading a thread of a process")?;
            // A thread may end meanwhile.
            let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else {
                continue;
            };
            let ran_ns = ran_ns(&text).ok_or_else(|| {
                Fault::wrong("this kernel keeps no CPU accounts of threads (CONFIG_SCHED_INFO)")
            })?;
            let name = entry.file_name().to_string_lossy().into_owned();
            self.threads.insert(name, ran_ns);
        }
        Ok(self.threads.values().sum())
    }

    /// Nanoseconds that the process has run once it has finished what it is at.
    pub(crate) fn at_rest_ns(&mut self, crowd: &mut Crowd) -> Outcome<u64> {
        self.rest(crowd, LOOK)
    }

    /// Nanoseconds that the process has run once it has finished also what it had put off.
    pub(crate) fn settled_ns(&mut self, crowd: &mut Crowd) -> Outcome<u64> {
        self.rest(crowd, LONG_LOOK)
    }

    fn rest(&mut self, crowd: &mut Crowd, look: Duration) -> Outcome<u64> {
        let until_ns = now_ns() + clock::ns(REST);
        loop {
            let (before, begun_ns) = (self.cpu_ns()?, now_ns());
            crowd.run_for(look)?;
            let (after, ended_ns) = (self.cpu_ns()?, now_ns());
            if (after - before) * 100 < (ended_ns - begun_ns) * REST_PERCENT {
                return Ok(after);
            }
            if ended_ns > until_ns {
                return Err(Fault::wrong(
                    "the process that is measured does not come to rest",
                ));
            }
        }
    }
}

/// The first field of a `schedstat`.
fn ran_ns(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// Bytes of anonymous memory that a process holds.
pub(crate) fn anonymous_bytes(pid: u32) -> Outcome<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .during("reading the memory of a process")?;
    anonymous(&text).ok_or_else(|| Fault::wrong("this kernel does not tell anonymous memory"))
}

/// Bytes of anonymous memory once they no longer change, or after [`MEMORY_REST`].
pub(crate) fn settled_bytes(pid: u32, crowd: &mut Crowd) -> Outcome<u64> {
    let until_ns = now_ns() + clock::ns(MEMORY_REST);
    let mut last = anonymous_bytes(pid)?;
    let mut steady = 0;
    while steady < MEMORY_LOOKS && now_ns() < until_ns {
        crowd.run_for(MEMORY_LOOK)?;
        let now = anonymous_bytes(pid)?;
        steady = if now.abs_diff(last) <= MEMORY_NOISE {
            steady + 1
        } else {
            0
        };
        last = now;
    }
    Ok(last)
}

fn anonymous(rollup: &str) -> Option<u64> {
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_as_the_kernel_writes_them() {
        assert_eq!(ran_ns("59509 42453 2\n"), Some(59_509));
        assert_eq!(ran_ns(""), None);
        let rollup = "55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 884 kB\nAnonymous:           96 kB\nAnonHugePages: 0 kB\n";
        assert_eq!(anonymous(rollup), Some(96 * 1024));
        assert_eq!(anonymous("Rss: 1 kB\n"), None);
    }

    #[test]
    fn a_process_that_works_is_seen_to() {
        let mut meter = Meter::new(std::process::id());
        let before = meter.cpu_ns().unwrap();
        let until_ns = now_ns() + 20_000_000;
        while now_ns() < until_ns {
            std::hint::spin_loop();
        }
        assert!(meter.cpu_ns().unwrap() > before);
        assert!(anonymous_bytes(std::process::id()).unwrap() > 0);
    }
}
