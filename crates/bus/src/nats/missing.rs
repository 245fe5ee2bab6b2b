//! Stands where an engine of this back end is still being written.

use super::connection::Link;
use crate::{
    error::{KvError, LogError},
    kv::{self, Kv, Op, Watch},
    log::{Append, Appended, Head, Log, Page, Record, Slice, Tail},
};
use async_trait::async_trait;
use bytes::Bytes;
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
impl Kv for Missing {
    async fn get(&self, _: &str, _: &str) -> Result<Option<kv::Record>, KvError> {
        Err(KvError::Unavailable)
    }

    async fn put(
        &self,
        _: &str,
        _: &str,
        _: Bytes,
        _: kv::Expect,
        _: Option<u64>,
    ) -> Result<u64, KvError> {
        Err(KvError::Unavailable)
    }

    async fn delete(&self, _: &str, _: &str, _: kv::Expect) -> Result<(), KvError> {
        Err(KvError::Unavailable)
    }

    async fn batch(&self, _: &str, _: Vec<Op>) -> Result<(), KvError> {
        Err(KvError::Unavailable)
    }

    async fn scan(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<kv::Record>, KvError> {
        Err(KvError::Unavailable)
    }

    async fn watch(&self, _: &str, _: &str) -> Result<Box<dyn Watch>, KvError> {
        Err(KvError::Unavailable)
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
