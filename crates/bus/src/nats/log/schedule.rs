//! Appends that wait for their time.
//!
//! The broker cannot append to a channel by itself: it knows no ordinals. So a schedule becomes, at its time, a message in
//! the same stream, `due`, and some process appends that (`due`). A schedule has a random name, and a claim of this name in
//! the shard of its channel: the append takes it, so that it happens once however often it is tried, and so does whoever
//! cancels, so that exactly one of the two comes first.

use super::{
    claim, core,
    core::{Patience, is_passing},
    engine::{self, NatsLog},
    subject::{self, SCHEDULES},
    work::Wish,
};
use crate::{
    error::LogError,
    log::{Append, Expect, Log as _},
    nats::{
        api, header,
        publish::{self, Post},
        refusal::Refusal,
        stored::{Stored, text},
    },
};
use async_nats::HeaderMap;
use fanfare_proto::{Channel, token, trace::Context};
use serde_json::json;
use std::fmt::Write as _;

/// The header with everything of an append but its payload, `key=value` with spaces between: `u` the schedule's name,
/// `c` the channel, `x` the head it expects, `t` its time to live in ms, `m` its id, encoded as a token, `w` what it is part of, as a
/// `traceparent`.
const APPEND: &str = "Fanfare-Append";

/// A scheduled append as it is stored.
pub(super) struct Scheduled {
    name: String,
    append: Append,
}

impl Scheduled {
    fn header(&self) -> String {
        let Append {
            channel,
            msg_id,
            expect,
            ttl_ms,
            payload: _,
            trace,
        } = &self.append;
        let mut header = format!("u={} c={}", self.name, channel.name());
        // Writing to a text cannot fail.
        if let Expect::Head(n) = expect {
            let _written = write!(header, " x={n}");
        }
        if let Some(ttl_ms) = ttl_ms {
            let _written = write!(header, " t={ttl_ms}");
        }
        if let Some(msg_id) = msg_id {
            let _written = write!(header, " m={}", token::encode(msg_id));
        }
        if let Some(trace) = trace {
            let _written = write!(header, " w={trace}");
        }
        header
    }

    /// `None` when it is none of ours, or damaged.
    pub(super) fn read(headers: &HeaderMap, payload: bytes::Bytes) -> Option<Self> {
        let (mut name, mut channel) = (None, None);
        let (mut msg_id, mut expect, mut ttl_ms) = (None, Expect::Any, None);
        let mut trace = None;
        for pair in text(headers, APPEND)?.split(' ') {
            let (key, value) = pair.split_once('=')?;
            match key {
                "u" => name = Some(value.to_owned()),
                "c" => channel = Some(Channel::parse(value).ok()?),
                "x" => expect = Expect::Head(value.parse().ok()?),
                "t" => ttl_ms = Some(value.parse().ok()?),
                "m" => msg_id = Some(token::decode(value)?),
                "w" => trace = Context::parse_sampled(value),
                _later => {}
            }
        }
        let append = Append {
            channel: channel?,
            msg_id,
            expect,
            ttl_ms,
            payload,
            trace,
        };
        Some(Self {
            name: name?,
            append,
        })
    }

    /// What the append takes: the schedule's own claim, and that of its id.
    pub(super) fn wish(self, shard: u16) -> Wish {
        let own = subject::schedule_claim(shard, &self.name);
        let msg_id = self.append.msg_id.as_ref();
        let msg_id = msg_id.map(|id| subject::msg_id_claim(shard, &self.append.channel, id));
        Wish {
            claims: [own].into_iter().chain(msg_id).collect(),
            append: self.append,
        }
    }

    pub(super) const fn channel(&self) -> &Channel {
        &self.append.channel
    }
}

/// Schedules as [`Log::schedule`](crate::Log::schedule) says.
pub(super) async fn schedule(
    log: &NatsLog,
    at_ms: i64,
    key: &str,
    append: Append,
) -> Result<(), LogError> {
    cancel(log, key).await?;
    let scheduled = Scheduled {
        name: core::random()?,
        append,
    };
    if at_ms <= log.core.clock.now_ms() {
        return now(log, key, scheduled).await;
    }
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::MAX);
    let mut headers = HeaderMap::new();
    headers.insert(header::SCHEDULE, format!("@at {at}"));
    headers.insert(header::SCHEDULE_TARGET, subject::due(key));
    headers.insert(APPEND, scheduled.header());
    let post = Post {
        subject: subject::schedule(key),
        headers,
        payload: scheduled.append.payload,
    };
    // Twice under one name is once.
    store(log, &post).await?;
    Ok(())
}

async fn now(log: &NatsLog, key: &str, scheduled: Scheduled) -> Result<(), LogError> {
    let shard = log.shard(scheduled.channel());
    let channel = scheduled.channel().clone();
    match engine::append(log.of(&channel), vec![scheduled.wish(shard)]).await {
        Err(LogError::Unavailable) => Err(LogError::Unavailable),
        Err(error) => {
            tracing::warn!(key, %channel, %error, "a scheduled append was not done");
            Ok(())
        }
        Ok(_appended) => Ok(()),
    }
}

/// Cancels as [`Log::cancel`](crate::Log::cancel) says.
pub(super) async fn cancel(log: &NatsLog, key: &str) -> Result<bool, LogError> {
    let subjects = vec![subject::schedule(key), subject::due(key)];
    let found = log.schedules.take(subjects).await?;
    let mut is_cancelled = false;
    for stored in found.into_iter().flatten() {
        is_cancelled |= take_back(log, stored).await?;
    }
    Ok(is_cancelled)
}

/// Whether `stored` will not be appended because of this.
async fn take_back(log: &NatsLog, stored: Stored) -> Result<bool, LogError> {
    let Stored {
        subject,
        seq,
        headers,
        payload,
        ..
    } = stored;
    let Some(scheduled) = Scheduled::read(&headers, payload) else {
        tracing::error!(subject, seq, "a scheduled append cannot be read");
        return Ok(false);
    };
    let shard = log.shard(scheduled.channel());
    let is_ours = claim_for_nobody(log, shard, &scheduled.name).await?;
    // Also when it was appended: whoever did that may not have come to it.
    let request = json!({ "filter": subject, "seq": seq + 1 });
    let mut patience = Patience::new();
    loop {
        match api::call(
            &log.core.ctl,
            &format!("STREAM.PURGE.{SCHEDULES}"),
            &request,
        )
        .await
        {
            Ok(_purged) => return Ok(is_ours),
            Err(refusal) if is_passing(refusal) && patience.pause().await => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
}

/// Takes the schedule's claim, so that nobody appends it; `false` when it is taken.
async fn claim_for_nobody(log: &NatsLog, shard: u16, name: &str) -> Result<bool, LogError> {
    let (claim, tag) = (subject::schedule_claim(shard, name), log.core.tag());
    match store(log, &claim::post(&claim, 0, 0, &tag)).await {
        Ok(()) => Ok(true),
        Err(Refusal::Conflict) => {
            // It may have been an attempt of our own that got no answer.
            let snapshots = &log.shards[usize::from(shard)].snapshots;
            let found = snapshots.take(vec![claim]).await?;
            let taken = found.first().and_then(|taken| taken.as_ref());
            Ok(taken
                .and_then(claim::read)
                .is_some_and(|claim| claim.tag == tag))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn store(log: &NatsLog, post: &Post) -> Result<(), Refusal> {
    let mut patience = Patience::new();
    loop {
        match publish::publish(&log.core.ctl, post.clone()).await {
            Ok(_seq) => return Ok(()),
            Err(refusal @ (Refusal::Busy | Refusal::Unknown)) => {
                if !patience.pause().await {
                    return Err(refusal);
                }
            }
            Err(refusal) => return Err(refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_scheduled_append_is_read_as_it_was_written() {
        for (msg_id, expect, ttl_ms) in [
            (None, Expect::Any, None),
            (Some(String::new()), Expect::Head(0), Some(0)),
            (Some("an id=\u{e9}".to_owned()), Expect::Head(9), Some(5)),
        ] {
            let append = Append {
                channel: Channel::parse("room:1").unwrap(),
                msg_id: msg_id.clone(),
                expect,
                ttl_ms,
                payload: Bytes::from_static(b"payload"),
                trace: Context::new([7; 16], [9; 8], ttl_ms.is_some()),
            };
            let scheduled = Scheduled {
                name: "name".to_owned(),
                append,
            };
            let mut headers = HeaderMap::new();
            headers.insert(APPEND, scheduled.header());
            let read = Scheduled::read(&headers, scheduled.append.payload.clone()).unwrap();
            assert_eq!(read.name, "name");
            assert_eq!(read.append.channel, scheduled.append.channel);
            assert_eq!(
                (read.append.msg_id, read.append.expect, read.append.ttl_ms),
                (msg_id, expect, ttl_ms)
            );
            assert_eq!(read.append.payload, scheduled.append.payload);
            let recorded = scheduled.append.trace.filter(Context::is_sampled);
            assert_eq!(read.append.trace, recorded);
        }
        assert!(Scheduled::read(&HeaderMap::new(), Bytes::new()).is_none());
    }
}
