//! The streams: made when they are not there, checked when they are.

use super::{
    core::{Patience, is_passing},
    due,
    epoch::{self, KEY},
    settings::LogSettings,
    subject::{self, SCHEDULES},
};
use crate::nats::{api, connection::Connection, refusal::Refusal, stream};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

/// The layout described in `subject`; another would get another number.
const LAYOUT: &str = "1";

/// Why the streams that are there are not those of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A stream differs in something that cannot be changed here.
    #[error(
        "stream {stream} has {found:?} as its {what}, where this process wants {wanted:?}: {advice}"
    )]
    Differs {
        /// Its name.
        stream: String,
        /// What differs.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// A setting is out of its bounds.
    #[error("the log cannot have {found} shards: 1 to 256")]
    Shards {
        /// What was set.
        found: u16,
    },
    /// A stream is not there, and this process makes none.
    #[error("stream {stream} is not there: the first worker that appends makes it")]
    Missing {
        /// Its name.
        stream: String,
    },
    /// JetStream does not make the streams.
    #[error(
        "JetStream does not make the streams of the log: see the server's and this process's log lines"
    )]
    Refused,
    /// JetStream does not answer.
    #[error(
        "JetStream does not answer: is there a leader, and are there enough servers for the replicas?"
    )]
    Unavailable,
}

impl From<Refusal> for LayoutError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Refused | Refusal::TooLarge => Self::Refused,
            Refusal::Conflict | Refusal::Busy | Refusal::Unknown | Refusal::NotFound => {
                Self::Unavailable
            }
        }
    }
}

/// Makes the streams with so many `replicas`, or checks those that are there; the epochs of the shards. Without a number
/// those of the log are checked, and none is made.
pub(super) async fn open(
    connection: &Connection,
    settings: &LogSettings,
    replicas: Option<usize>,
) -> Result<Vec<u32>, LayoutError> {
    if !(1..=256).contains(&settings.shards) {
        let found = settings.shards;
        return Err(LayoutError::Shards { found });
    }
    let shards = (0..settings.shards).map(|shard| async move {
        let wanted = log_stream(shard, settings, replicas.unwrap_or(1))?;
        let found = configuration(connection, &wanted, replicas.is_some()).await?;
        epoch_of(&found)
    });
    let schedules = async {
        let Some(replicas) = replicas else {
            return Ok(());
        };
        configuration(connection, &schedule_stream(replicas), true).await?;
        consumer(connection, replicas).await
    };
    let (epochs, ()) = tokio::try_join!(try_join_all(shards), schedules)?;
    Ok(epochs)
}

/// A twentieth more than what is promised, and a second: nobody is shown a hole that readers do not know of.
fn max_age_ns(settings: &LogSettings) -> u64 {
    let retention_ms = settings.retention_ms.max(1_000);
    (retention_ms + retention_ms / 20 + 1_000).saturating_mul(1_000_000)
}

/// Every record may bring a mark, and every page reserves.
fn max_per_subject(settings: &LogSettings) -> u64 {
    let records = settings.retention_records.max(1);
    records
        .saturating_mul(2)
        .saturating_add(records / 32 + 64)
        .min(i64::MAX as u64)
}

fn log_stream(shard: u16, settings: &LogSettings, replicas: usize) -> Result<Value, LayoutError> {
    Ok(json!({
        "name": subject::stream(shard),
        "subjects": subject::all(shard),
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "num_replicas": replicas,
        "max_age": max_age_ns(settings),
        "max_msgs_per_subject": max_per_subject(settings),
        "allow_direct": true,
        // With it, any message may wipe out all others: see `snapshots::append_fence`.
        "allow_rollup_hdrs": false,
        "allow_msg_ttl": true,
        "allow_atomic": true,
        "republish": { "src": "log.>", "dest": "live.>" },
        "metadata": {
            "fanfare.layout": LAYOUT,
            "fanfare.shards": settings.shards.to_string(),
            KEY: epoch::fresh()?,
        },
    }))
}

fn schedule_stream(replicas: usize) -> Value {
    json!({
        "name": SCHEDULES,
        "subjects": ["schedule.>", "due.>", "fence.SCHEDULE.>"],
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "num_replicas": replicas,
        "allow_direct": true,
        "allow_rollup_hdrs": true,
        "allow_msg_ttl": true,
        "allow_msg_schedules": true,
        "metadata": { "fanfare.layout": LAYOUT },
    })
}

/// The configuration of the stream that `wanted` names, once it is there. It is made only where `may_make`.
async fn configuration(
    connection: &Connection,
    wanted: &Value,
    may_make: bool,
) -> Result<Value, LayoutError> {
    let name = wanted["name"].as_str().unwrap_or_default();
    let mut patience = Patience::new();
    loop {
        let found = match stream::find(connection, name).await {
            Err(Refusal::NotFound) if !may_make => {
                let stream = name.to_owned();
                return Err(LayoutError::Missing { stream });
            }
            // Another process may make it first, with another epoch.
            Err(Refusal::NotFound) => Box::pin(stream::make(connection, name, wanted)).await,
            found => found,
        };
        let refusal = match found {
            Ok(info) => return check(name, wanted, &info["config"]),
            Err(refusal) => refusal,
        };
        if !(is_passing(refusal) && patience.pause().await) {
            return Err(refusal.into());
        }
    }
}

/// Replicas may differ: they are changed while everything runs.
fn check(name: &str, wanted: &Value, found: &Value) -> Result<Value, LayoutError> {
    const FIXED: &str = "give this process the settings that the installation was made with";
    const FOREIGN: &str =
        "it is not Fanfare's, or of another version: use another account, or remove it";
    let fields = [
        ("subjects", FOREIGN),
        ("retention", FOREIGN),
        ("storage", FOREIGN),
        ("discard", FOREIGN),
        ("republish", FOREIGN),
        ("allow_direct", FOREIGN),
        ("allow_rollup_hdrs", FOREIGN),
        ("allow_msg_ttl", FOREIGN),
        ("allow_atomic", FOREIGN),
        ("allow_msg_schedules", FOREIGN),
        ("max_age", FIXED),
        ("max_msgs_per_subject", FIXED),
    ];
    let differs = |what, found: &Value, wanted: &Value, advice| LayoutError::Differs {
        stream: name.to_owned(),
        what,
        found: found.to_string(),
        wanted: wanted.to_string(),
        advice,
    };
    for key in ["fanfare.layout", "fanfare.shards"] {
        let (found, wanted) = (&found["metadata"][key], &wanted["metadata"][key]);
        if found != wanted {
            let advice = if key == "fanfare.shards" {
                FIXED
            } else {
                FOREIGN
            };
            return Err(differs("metadata", found, wanted, advice));
        }
    }
    for (field, advice) in fields {
        let (found, wanted) = (&found[field], &wanted[field]);
        if !wanted.is_null() && found != wanted {
            return Err(differs(field, found, wanted, advice));
        }
    }
    Ok(found.clone())
}

/// The epoch of a shard, by its stream's configuration.
pub(super) fn epoch_of(config: &Value) -> Result<u32, LayoutError> {
    let epoch = config["metadata"][KEY].as_str();
    epoch
        .and_then(|epoch| u32::from_str_radix(epoch, 16).ok())
        .ok_or(LayoutError::Refused)
}

/// Whom due appends go to: all processes together.
async fn consumer(connection: &Connection, replicas: usize) -> Result<(), LayoutError> {
    let request = json!({
        "stream_name": SCHEDULES,
        "config": {
            "durable_name": due::CONSUMER,
            "filter_subject": "due.>",
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": due::nanoseconds(due::ACK_WAIT),
            "max_ack_pending": due::MOST_AT_ONCE,
            "num_replicas": replicas,
        },
        "action": "",
    });
    let name = format!("CONSUMER.DURABLE.CREATE.{SCHEDULES}.{}", due::CONSUMER);
    let mut patience = Patience::new();
    loop {
        match api::call(connection, &name, &request).await {
            Ok(_made) => return Ok(()),
            Err(refusal) if is_passing(refusal) && patience.pause().await => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
}
