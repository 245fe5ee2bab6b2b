//! Stands where an engine of this back end is still being written.

use super::connection::Link;
use crate::{
    error::LogError,
    log::{Append, Appended, Head, Log, Page, Record, Slice, Tail},
};
use async_trait::async_trait;
use fanfare_lifecycle::Clock;
use fanfare_proto::{Channel, Position};
use std::sync::Arc;

pub(super) struct Missing {
    _link: Arc<Link>,
    _clock: Clock,
}

impl Missing {
    pub(super) const fn new(link: Arc<Link>, clock: Clock) -> Self {
        Self {
            _link: link,
            _clock: clock,
        }
    }
}

#[async_trait]
impl Log for Missing {
    async fn append(&self, _: Append) -> Result<Appended, LogError> {
        Err(LogError::Unavailable)
    }

    async fn append_all(&self, _: Vec<Append>) -> Result<Vec<Appended>, LogError> {
        Err(LogError::Unavailable)
    }

    fn shard(&self, _: &Channel) -> u16 {
        0
    }

    fn epoch(&self, _: &Channel) -> u32 {
        0
    }

    async fn heads(&self, _: &[Channel]) -> Result<Vec<Head>, LogError> {
        Err(LogError::Unavailable)
    }

    async fn read(
        &self,
        _: &Channel,
        _: Position,
        _: Position,
        _: usize,
    ) -> Result<Page, LogError> {
        Err(LogError::Unavailable)
    }

    async fn history(&self, _: &Channel, _: Slice, _: usize) -> Result<Page, LogError> {
        Err(LogError::Unavailable)
    }

    async fn get(&self, _: &Channel, _: u64) -> Result<Option<Record>, LogError> {
        Err(LogError::Unavailable)
    }

    async fn tail(&self) -> Result<Box<dyn Tail>, LogError> {
        Err(LogError::Unavailable)
    }

    async fn schedule(&self, _: i64, _: &str, _: Append) -> Result<(), LogError> {
        Err(LogError::Unavailable)
    }

    async fn cancel(&self, _: &str) -> Result<bool, LogError> {
        Err(LogError::Unavailable)
    }

    async fn delete(&self, _: &Channel, _: u64) -> Result<bool, LogError> {
        Err(LogError::Unavailable)
    }

    async fn trim(&self, _: &Channel, _: u64) -> Result<(), LogError> {
        Err(LogError::Unavailable)
    }
}
