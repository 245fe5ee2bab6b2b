//! The one clock of a run: all its processes are on one machine, so they share it.

use rustix::{
    event::epoll,
    fd::AsFd,
    io::Errno,
    time::{ClockId, Timespec, clock_gettime},
};
use std::time::Duration;

/// Nanoseconds of the monotonic clock, which every process of this machine reads alike.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let whole = u64::try_from(now.tv_sec).unwrap_or(0);
    whole * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// The wall clock, for the times in tokens.
pub(crate) fn wall_ms() -> i64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
}

pub(crate) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// For the system.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

/// Events of `epoll`, into `events`, which is emptied first; nothing when the time is over or a signal came.
pub(crate) fn wait(
    epoll: impl AsFd,
    events: &mut Vec<epoll::Event>,
    longest: Duration,
) -> Result<(), Errno> {
    events.clear();
    let longest = timespec(longest);
    match epoll::wait(
        epoll,
        rustix::buffer::spare_capacity(events),
        Some(&longest),
    ) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}
