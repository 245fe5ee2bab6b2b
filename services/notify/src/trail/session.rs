//! The stays of users' sessions.

use super::decide::{Presence, Stay};
use crate::{
    core::{Core, bucket},
    hash, problem,
};
use bytes::Bytes;
use fanfare_bus::{
    KvError,
    kv::{Expect, Record},
};
use fanfare_http::Problem;
use fanfare_proto::{
    channel, subject, token,
    wire::{SessionBatch, SessionReport, SessionsReply, SessionsRequest},
};
use futures_util::StreamExt as _;
use prost::Message as _;
use std::{collections::BTreeMap, sync::Arc};

/// Most sessions remembered of one user; the oldest go first.
const PER_USER: usize = 50;
/// Reports of one batch that are kept at once: the store commits what it is given together.
const AT_ONCE: usize = 32;
/// Most attempts to keep a report while others of the same session are kept.
const ATTEMPTS: usize = 8;
/// Most stays kept of one session. A connection follows at most 128 channels by default.
const COVERAGE_MAX: usize = 512;

fn prefix(user: &str) -> String {
    format!("session/{}/", token::encode(user))
}

/// Keeps a gateway's reports.
pub(crate) async fn take(core: Arc<Core>, batch: SessionBatch) {
    let core = &core;
    futures_util::stream::iter(batch.sessions)
        .for_each_concurrent(AT_ONCE, |report| take_one(core, report))
        .await;
}

/// Keeps a gateway's report. A later report of the same session takes its place; an end is never taken back.
async fn take_one(core: &Core, mut report: SessionReport) {
    if !channel::is_id(&report.user) || report.session.is_empty() {
        tracing::warn!(
            node = report.node,
            "a session report without a valid user or session was dropped"
        );
        return;
    }
    report.coverage.truncate(COVERAGE_MAX);
    match keep(core, &report).await {
        Ok(()) => core.meters.sessions.inc(),
        Err(error) => {
            core.meters.trail_losses.inc();
            tracing::warn!(node = report.node, %error, "a session report could not be kept");
        }
    }
}

async fn keep(core: &Core, report: &SessionReport) -> Result<(), KvError> {
    // A session's name of any length as a key of one.
    let name = hash::hex_of(&[report.session.as_bytes()]);
    let key = format!("{}{}", prefix(&report.user), &name[..32]);
    let kv = &core.handles.kv;
    let ttl_ms = Some(core.settings.retention_ms());
    let value: Bytes = report.encode_to_vec().into();
    let mut expect = Expect::Absent;
    for _attempt in 0..ATTEMPTS {
        let put = kv.put(bucket::TRAIL, &key, value.clone(), expect, ttl_ms);
        match put.await {
            Ok(_revision) if expect == Expect::Absent => {
                return drop_oldest(core, &report.user).await;
            }
            Ok(_revision) => return Ok(()),
            Err(KvError::Conflict) => {}
            Err(error) => return Err(error),
        }
        expect = match kv.get(bucket::TRAIL, &key).await? {
            // Another worker may have been given the newer one sooner.
            Some(known) if decode(&known).is_some_and(|known| age(&known) > age(report)) => {
                return Ok(());
            }
            Some(known) => Expect::Revision(known.revision),
            None => Expect::Absent,
        };
    }
    Err(KvError::Conflict)
}

/// Orders the reports of one session, whose gateway reports it anew when it begins or ends to read a channel: an end is
/// the last one, and of the others the one that knows of the latest change.
fn age(report: &SessionReport) -> (i64, i64) {
    let changes = report.coverage.iter();
    let latest_ms = changes.map(|stay| stay.at_ms.max(stay.left_at_ms)).max();
    (report.ended_at_ms, latest_ms.unwrap_or(0))
}

async fn drop_oldest(core: &Core, user: &str) -> Result<(), KvError> {
    let kv = &core.handles.kv;
    let mut known = kv
        .scan(bucket::TRAIL, &prefix(user), None, PER_USER * 2)
        .await?;
    if known.len() <= PER_USER {
        return Ok(());
    }
    known.sort_by_key(|record| {
        decode(record).map_or(0, |report| report.ended_at_ms.max(report.connected_at_ms))
    });
    let spare = known.len() - PER_USER;
    for record in known.into_iter().take(spare) {
        kv.delete(bucket::TRAIL, &record.key, Expect::Any).await?;
    }
    Ok(())
}

fn decode(record: &Record) -> Option<SessionReport> {
    SessionReport::decode(record.value.clone()).ok()
}

/// The stays of `user`, oldest first, and whether the gateways could be asked which are open.
pub(crate) async fn of(core: &Core, user: &str) -> Result<(Vec<Stay>, bool), Problem> {
    let stored = core
        .handles
        .kv
        .scan(bucket::TRAIL, &prefix(user), None, PER_USER * 2)
        .await
        .map_err(problem::of_kv)?;
    let (open, asked) = open(core, user).await;
    let mut stays: BTreeMap<String, Stay> = BTreeMap::new();
    for report in stored.iter().filter_map(decode) {
        let presence = match report.ended_at_ms {
            0 => Presence::Lost,
            _ => Presence::Ended,
        };
        stays.insert(report.session.clone(), Stay { report, presence });
    }
    for report in open {
        let ended = stays
            .get(&report.session)
            .is_some_and(|stay| stay.presence == Presence::Ended);
        if !ended {
            let presence = Presence::Open;
            stays.insert(report.session.clone(), Stay { report, presence });
        }
    }
    let mut stays: Vec<Stay> = stays.into_values().collect();
    stays.sort_by_key(|stay| stay.report.connected_at_ms);
    Ok((stays, asked))
}

async fn open(core: &Core, user: &str) -> (Vec<SessionReport>, bool) {
    let request = SessionsRequest {
        user: user.to_owned(),
        ..SessionsRequest::default()
    };
    let gathered = core
        .handles
        .bus
        .gather(
            subject::GATEWAY_SESSIONS,
            request.encode_to_vec().into(),
            core.settings.gather_wait,
            core.gateways.expected(),
        )
        .await;
    let answers = match gathered {
        Ok(answers) => answers,
        Err(error) => {
            tracing::warn!(%error, "the gateways could not be asked for a user's sessions");
            return (Vec::new(), false);
        }
    };
    let sessions = answers
        .iter()
        .filter_map(|bytes| match SessionsReply::decode(bytes.as_ref()) {
            Ok(reply) => Some(reply.sessions),
            Err(error) => {
                tracing::warn!(%error, "a gateway told its sessions in an unreadable way");
                None
            }
        })
        .flatten()
        .filter(|report| report.user == user);
    (sessions.collect(), true)
}
