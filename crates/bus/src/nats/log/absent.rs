//! The log of a process that has none.

use crate::{
    error::LogError,
    log::{Append, Appended, Head, Log, Page, Record, Slice, Tail},
};
use async_trait::async_trait;
use fanfare_proto::{Channel, Position};

/// Refuses everything.
pub(in crate::nats) struct AbsentLog;

fn refused<T>() -> Result<T, LogError> {
    tracing::error!("a process that has no log was asked for it");
    Err(LogError::Unavailable)
}

#[async_trait]
impl Log for AbsentLog {
    async fn append(&self, _append: Append) -> Result<Appended, LogError> {
        refused()
    }

    async fn append_all(&self, _appends: Vec<Append>) -> Result<Vec<Appended>, LogError> {
        refused()
    }

    fn shard(&self, _channel: &Channel) -> u16 {
        0
    }

    fn epoch(&self, _channel: &Channel) -> u32 {
        0
    }

    async fn heads(&self, _channels: &[Channel]) -> Result<Vec<Head>, LogError> {
        refused()
    }

    async fn read(
        &self,
        _channel: &Channel,
        _after: Position,
        _upto: Position,
        _limit: usize,
    ) -> Result<Page, LogError> {
        refused()
    }

    async fn history(
        &self,
        _channel: &Channel,
        _slice: Slice,
        _limit: usize,
    ) -> Result<Page, LogError> {
        refused()
    }

    async fn get(&self, _channel: &Channel, _n: u64) -> Result<Option<Record>, LogError> {
        refused()
    }

    async fn tail(&self) -> Result<Box<dyn Tail>, LogError> {
        refused()
    }

    async fn schedule(&self, _at_ms: i64, _key: &str, _append: Append) -> Result<(), LogError> {
        refused()
    }

    async fn cancel(&self, _key: &str) -> Result<bool, LogError> {
        refused()
    }

    async fn delete(&self, _channel: &Channel, _n: u64) -> Result<bool, LogError> {
        refused()
    }

    async fn trim(&self, _channel: &Channel, _first_n: u64) -> Result<(), LogError> {
        refused()
    }
}
