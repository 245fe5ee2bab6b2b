//! The child of `tests/kill.rs`: appends without end and tells each answer on standard output.
//!
//! Arguments: the store's directory, and a word that the payloads and ids of this run begin with.

use bytes::Bytes;
use fanfare_bus::{
    Log,
    embedded::{self, Settings},
    log::{Append, Expect},
};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_proto::{Channel, channel::Kind};
use std::{io::Write as _, sync::Arc};

const WRITERS: usize = 24;
const CHANNELS: usize = 4;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("no directory")?;
    let run = arguments.next().ok_or("no name of this run")?;
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    let handles = embedded::open(Settings::new(path), Clock::system(), &tasks, &shutdown).await?;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let channel = Channel::new(Kind::Room, &(writer % CHANNELS).to_string())?;
        let name = format!("{run}-{writer}");
        writers.push(tasks.spawn(append(Arc::clone(&handles.log), channel, name)));
    }
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

/// Every third append is of a pair, so that half a batch would show.
async fn append(log: Arc<dyn Log>, channel: Channel, name: String) -> std::io::Result<()> {
    for step in 0_u64.. {
        let record = |half: &str| Append {
            channel: channel.clone(),
            msg_id: Some(format!("{name}-{step}{half}")),
            expect: Expect::Any,
            ttl_ms: None,
            payload: Bytes::from(format!("{name}-{step}{half}")),
            trace: None,
        };
        let batch = if step % 3 == 0 {
            vec![record("a"), record("b")]
        } else {
            vec![record("")]
        };
        let ids: Vec<_> = batch.iter().filter_map(|one| one.msg_id.clone()).collect();
        let appended = log.append_all(batch).await.map_err(std::io::Error::other)?;
        let mut told = String::new();
        for (id, done) in ids.iter().zip(appended) {
            let position = done.position;
            told += &format!("{channel} {} {} {id}\n", position.n, position.seq);
        }
        std::io::stdout().lock().write_all(told.as_bytes())?;
    }
    Ok(())
}
