//! Claims: what may happen once, on subjects that can be taken once.
//!
//! An append with a `msg_id` takes a claim in the same batch, right before its record. Whoever finds it taken reads there
//! what the first one was answered, also when its record is gone. Claims last as long as ids are remembered.

use super::{
    place::Place,
    plan::{expect, seconds},
    stamp::STAMP,
};
use crate::{
    log::DEDUP_WINDOW_MS,
    nats::{
        header,
        publish::Post,
        stored::{Stored, text},
    },
};
use async_nats::HeaderMap;
use bytes::Bytes;

/// What stands on a claim's subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The record that took it. Ordinal 0: none will.
    pub(super) n: u64,
    pub(super) place: Place,
    /// What the append was called.
    pub(super) tag: String,
}

/// Takes the claim for the record with ordinal `n`, `ahead` messages after it.
pub(super) fn post(subject: &str, n: u64, ahead: usize, tag: &str) -> Post {
    let mut headers = HeaderMap::new();
    headers.insert(STAMP, format!("n={n} d={ahead} i={tag}"));
    headers.insert(header::TTL, seconds(DEDUP_WINDOW_MS));
    expect(&mut headers, Place::NOWHERE);
    Post {
        subject: subject.to_owned(),
        headers,
        payload: Bytes::new(),
    }
}

/// Reads what [`post`] wrote.
pub(super) fn read(stored: &Stored) -> Option<Claim> {
    let (mut n, mut ahead, mut tag) = (0, 0, "");
    for pair in text(&stored.headers, STAMP)?.split(' ') {
        let (key, value) = pair.split_once('=')?;
        match key {
            "n" => n = value.parse().ok()?,
            "d" => ahead = value.parse().ok()?,
            "i" => tag = value,
            _later => {}
        }
    }
    Some(Claim {
        n,
        place: Place::At(stored.seq + ahead),
        tag: tag.to_owned(),
    })
}
