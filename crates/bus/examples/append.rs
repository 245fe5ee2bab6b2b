//! How many appends a second this machine's disk takes, with 1, 32 and 512 callers at a time.

use bytes::Bytes;
use fanfare_bus::{
    Log,
    embedded::{self, Settings},
    log::{Append, Expect},
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::{Channel, channel::Kind};
use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

const MEASURED: Duration = Duration::from_secs(5);

/// A notification with its title and a link.
const PAYLOAD_BYTES: usize = 250;

const CHANNELS: u64 = 20_000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    let settings = Settings::new(directory.path().join("store"));
    let handles = embedded::open(settings, Clock::system(), &tasks, &shutdown).await?;
    for callers in [1, 32, 512] {
        let done = Arc::new(AtomicU64::new(0));
        let until = Instant::now() + MEASURED;
        let mut running = Vec::new();
        for caller in 0..callers {
            let (log, done) = (Arc::clone(&handles.log), Arc::clone(&done));
            running.push(tasks.spawn(append(log, callers, caller, done, until)));
        }
        for caller in running {
            caller.await??;
        }
        let done = done.load(Ordering::Relaxed);
        let per_second = done / MEASURED.as_secs();
        writeln!(
            std::io::stdout(),
            "{callers:>4} callers: {per_second:>6} appends/s, {:>6} µs each",
            MEASURED.as_micros() * u128::from(callers) / u128::from(done.max(1))
        )?;
    }
    Ok(())
}

async fn append(
    log: Arc<dyn Log>,
    run: u64,
    caller: u64,
    done: Arc<AtomicU64>,
    until: Instant,
) -> Result<(), Failure> {
    let payload = Bytes::from(vec![b'x'; PAYLOAD_BYTES]);
    let mut step = 0;
    while Instant::now() < until {
        let which = (caller + step * 7_919) % CHANNELS;
        log.append(Append {
            channel: Channel::new(Kind::User, &which.to_string())?,
            msg_id: Some(format!("{run}-{caller}-{step}")),
            expect: Expect::Any,
            ttl_ms: None,
            payload: payload.clone(),
            trace: None,
        })
        .await?;
        step += 1;
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
