//! [`Log`](crate::Log) on JetStream.
//!
//! The channels are spread over streams, the shards (`streams`, `subject`). A channel is one subject; each message on it
//! says where the channel ends with it (`stamp`, `end`), and the last one is always there: after a record that will
//! expire or was deleted comes a mark. So one read tells a channel's head, and an append that names the last sequence it
//! knows cannot give an ordinal out twice.
//!
//! An append goes through its shard's `writer`, which joins what waits into a `batch`, has it turned into messages by
//! `plan`, and stores them by `commit`. Ids are `claim`s, taken in the same atomic batch. Who must know what is there asks
//! `snapshots`; `read` and `history` go on from there with `walk`. `tail` listens to what the streams republish. `schedule`
//! and `due` bring appends to their time.

mod absent;
mod alive;
mod attempt;
mod batch;
mod cache;
mod claim;
mod commit;
mod core;
mod due;
mod end;
mod engine;
mod epoch;
mod history;
mod place;
mod plan;
mod read;
mod remove;
mod schedule;
mod settings;
mod snapshots;
mod stamp;
mod streams;
mod subject;
mod tail;
mod walk;
mod work;
mod writer;

pub(super) use absent::AbsentLog;
pub(super) use engine::NatsLog;
pub(super) use epoch::renew as renew_epochs;
pub use settings::LogSettings;
pub use streams::LayoutError;
