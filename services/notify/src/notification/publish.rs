//! Publishes the notifications of one request.

use super::{
    body, collapse,
    draft::Draft,
    id::Seed,
    record::{self, Place, Record},
    scheduled, sent,
};
use crate::{core::Core, fields::Flaw, metrics};
use bytes::Bytes;
use fanfare_http::Problem;
use fanfare_proto::{Channel, Kind, wire::Entry};
use prost::Message as _;

/// Who publishes, and what the ids follow from.
pub(crate) struct Request<'a> {
    /// Id of the API key.
    pub(crate) by: &'a str,
    pub(crate) seed: Seed,
    /// It may come again, with the same seed.
    pub(crate) is_repeatable: bool,
    /// W3C trace context; empty: none.
    pub(crate) traceparent: &'a str,
}

/// A notification about to be published.
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) at_ms: i64,
    pub(crate) draft: Draft,
    /// What is appended.
    pub(crate) entry: Bytes,
}

/// What became of one notification of the request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It stands on these channels, with these ordinals.
    Stored {
        id: String,
        appended: Vec<(Channel, u64)>,
    },
    /// It waits for its time.
    Scheduled { id: String },
    /// It was taken back before its time.
    Cancelled { id: String },
    /// The publisher must change it.
    Refused(Flaw),
    /// The back end failed; the same request again finishes what is missing.
    Failed { id: String, problem: Problem },
}

impl Outcome {
    const fn label(&self) -> metrics::Outcome {
        match self {
            Self::Stored { .. } => metrics::Outcome::Stored,
            Self::Scheduled { .. } => metrics::Outcome::Scheduled,
            Self::Cancelled { .. } => metrics::Outcome::Cancelled,
            Self::Refused(_) => metrics::Outcome::Refused,
            Self::Failed { .. } => metrics::Outcome::Failed,
        }
    }
}

/// Publishes `drafts`; the answer has one outcome for each, in their order. Doing it again with the same seed changes
/// nothing that was done.
///
/// # Cancel safety
///
/// A dropped call may have published some; repeating it with the same seed publishes the rest.
pub(crate) async fn publish(
    core: &Core,
    request: &Request<'_>,
    drafts: Vec<Result<Draft, Flaw>>,
) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(drafts.len());
    let mut now = Vec::new();
    let mut now_at = Vec::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        match prepare(request, index, draft) {
            Err(flaw) => outcomes.push(Some(Outcome::Refused(flaw))),
            Ok(item) if item.draft.deliver_at_ms.is_some() => {
                let record = item.record(request.by, |_place| None);
                let id = item.id.clone();
                outcomes.push(Some(
                    match scheduled::schedule(core, &item, &record).await {
                        Ok(true) => Outcome::Scheduled { id },
                        Ok(false) => Outcome::Cancelled { id },
                        Err(problem) => Outcome::Failed { id, problem },
                    },
                ));
            }
            Ok(item) => {
                now.push(item);
                now_at.push(index);
                outcomes.push(None);
            }
        }
    }
    for (index, outcome) in now_at.into_iter().zip(store(core, request, now).await) {
        outcomes[index] = Some(outcome);
    }
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    for outcome in &outcomes {
        core.meters.notifications.of(outcome.label()).inc();
    }
    outcomes
}

fn prepare(request: &Request<'_>, index: usize, draft: Result<Draft, Flaw>) -> Result<Item, Flaw> {
    let draft = draft?;
    let id = request.seed.id(index);
    let at_ms = request.seed.at_ms;
    let entry: Entry = body::entry(&draft, &id, at_ms, request.traceparent)?;
    Ok(Item {
        id,
        at_ms,
        draft,
        entry: entry.encode_to_vec().into(),
    })
}

impl Item {
    fn record(&self, by: &str, stored: impl Fn(usize) -> Option<(u64, i64)>) -> Record {
        let place = |(index, channel): (usize, &Channel)| {
            let stored = stored(index);
            Place {
                channel: channel.clone(),
                n: stored.map(|(n, _at_ms)| n),
                stored_at_ms: stored.map(|(_n, at_ms)| at_ms),
                withdrawn: None,
            }
        };
        Record {
            id: self.id.clone(),
            by: by.to_owned(),
            accepted_at_ms: self.at_ms,
            deliver_at_ms: self.draft.deliver_at_ms,
            expires_at_ms: self.draft.expires_at_ms(self.at_ms),
            collapse_key: self.draft.collapse_key.clone(),
            withdrawn_at_ms: None,
            places: self.draft.channels.iter().enumerate().map(place).collect(),
        }
    }
}

async fn store(core: &Core, request: &Request<'_>, items: Vec<Item>) -> Vec<Outcome> {
    let appended = sent::append(core, &items, request.is_repeatable).await;
    let stored_at_ms = core.clock.now_ms();
    let records: Vec<Record> = items
        .iter()
        .zip(&appended)
        .filter_map(|(item, ns)| {
            let ns = ns.as_ref().ok()?;
            Some(item.record(request.by, |place| Some((ns[place], stored_at_ms))))
        })
        .collect();
    record::put_all(core, &records).await;
    for record in &records {
        collapse::older(core, record).await;
        for place in &record.places {
            if place.channel.kind() == Kind::User {
                core.touch(place.channel.id());
            }
        }
    }
    let outcome = |(item, ns): (Item, Result<Vec<u64>, Problem>)| match ns {
        Ok(ns) => Outcome::Stored {
            id: item.id,
            appended: item.draft.channels.into_iter().zip(ns).collect(),
        },
        Err(problem) => Outcome::Failed {
            id: item.id,
            problem,
        },
    };
    items.into_iter().zip(appended).map(outcome).collect()
}
