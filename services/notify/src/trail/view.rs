//! Gathers what is known of a notification and writes it down.

mod answer;

pub(crate) use answer::{Addressee, Delivered, NotDelivered, Place, Trail};

use super::{
    ack,
    decide::{Delivery, Facts, How, Verdict, decide},
    reason::Reason,
    receipt::{self, Written},
    session,
};
use crate::{
    core::Core,
    inbox::store,
    notification::{
        collapse::{self, Fate},
        locate,
        record::{self, Record, Withdrawn},
    },
};
use fanfare_http::Problem;
use fanfare_proto::{Channel, ErrorCode, Kind, Timestamp};
use futures_util::future::join_all;

/// Most channels, and most addressees, of one answer. `?user=` asks for any other.
const SHOWN_MAX: usize = 50;

/// One place with everything that is known of it.
struct Known {
    place: record::Place,
    fate: Option<Fate>,
    receipts: Vec<Written>,
}

/// The trail of the notification that `record` is of; with `user`, of him alone.
///
/// # Errors
///
/// `not_found` when `user` is not among its addressees.
pub(crate) async fn of(core: &Core, record: &Record, user: Option<&str>) -> Result<Trail, Problem> {
    let wanted: Vec<&record::Place> = record
        .places
        .iter()
        .filter(|place| match user {
            Some(user) => place.channel.kind() != Kind::User || place.channel.id() == user,
            None => true,
        })
        .collect();
    if wanted.is_empty() {
        return Err(Problem::new(
            ErrorCode::NotFound,
            "the notification is not addressed to this user",
        ));
    }
    let shown = wanted.iter().take(SHOWN_MAX);
    let known = join_all(shown.map(|place| known(core, record, place))).await;
    let known: Vec<Known> = known.into_iter().collect::<Result<_, _>>()?;
    let users: Vec<&str> = match user {
        Some(user) => vec![user],
        None => known
            .iter()
            .filter(|known| known.place.channel.kind() == Kind::User)
            .map(|known| known.place.channel.id())
            .collect(),
    };
    let addressees = join_all(
        users
            .into_iter()
            .map(|user| addressee(core, record, &known, user)),
    );
    let addressees: Vec<Addressee> = addressees.await.into_iter().collect::<Result<_, _>>()?;
    let mut acked = ack::all(core, &record.id).await?;
    let acked_more = acked.len() > ack::SHOWN_MAX;
    acked.truncate(ack::SHOWN_MAX);
    if let Some(user) = user {
        acked.retain(|acked| acked.user == user);
    }
    Ok(Trail {
        id: record.id.clone(),
        status: status(core, record),
        accepted_at: Timestamp::from_ms(record.accepted_at_ms),
        deliver_at: record.deliver_at_ms.map(Timestamp::from_ms),
        expires_at: record.expires_at_ms.map(Timestamp::from_ms),
        withdrawn_at: record.withdrawn_at_ms.map(Timestamp::from_ms),
        collapse_key: record.collapse_key.clone(),
        channels: known
            .iter()
            .map(|known| Place::of(core, record, known))
            .collect(),
        channels_left_out: wanted.len() - known.len(),
        addressees,
        acked: acked.into_iter().map(Into::into).collect(),
        acked_more: acked_more && user.is_none(),
    })
}

async fn known(core: &Core, record: &Record, place: &record::Place) -> Result<Known, Problem> {
    let mut place = place.clone();
    let now_ms = core.clock.now_ms();
    if let (None, None, Some(at_ms)) = (place.n, place.withdrawn, record.deliver_at_ms)
        && at_ms <= now_ms
        && let Some(found) = locate::by_id(core, &place.channel, &record.id, at_ms).await?
    {
        place.n = Some(found.n);
        place.stored_at_ms = Some(found.stored_at_ms);
    }
    let fate = match record.collapse_key {
        Some(_) => collapse::fate(core, &record.id, &place.channel).await?,
        None => None,
    };
    let receipts = match place.n {
        Some(n) => receipt::of(core, &place.channel, n).await?,
        None => Vec::new(),
    };
    Ok(Known {
        place,
        fate,
        receipts,
    })
}

/// What became of the whole.
fn status(core: &Core, record: &Record) -> &'static str {
    let now_ms = core.clock.now_ms();
    let some = |withdrawn| {
        let mut places = record.places.iter();
        places.any(|place| place.withdrawn == Some(withdrawn))
    };
    if some(Withdrawn::Retracted) {
        "retracted"
    } else if some(Withdrawn::Cancelled) {
        "cancelled"
    } else if record.expires_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
        "expired"
    } else if record.deliver_at_ms.is_some_and(|at_ms| at_ms > now_ms) {
        "scheduled"
    } else {
        "sent"
    }
}

fn facts(core: &Core, record: &Record, known: &Known, gateways_asked: bool) -> Facts {
    let withdrawn = known.place.withdrawn;
    Facts {
        now_ms: core.clock.now_ms(),
        deliver_at_ms: record.deliver_at_ms,
        stored: known.place.n.zip(known.place.stored_at_ms),
        cancelled: withdrawn == Some(Withdrawn::Cancelled),
        retracted_at_ms: record
            .withdrawn_at_ms
            .filter(|_at_ms| withdrawn == Some(Withdrawn::Retracted)),
        collapsed_at_ms: known.fate.as_ref().map(|fate| fate.at_ms),
        expires_at_ms: record.expires_at_ms,
        gateways_asked,
    }
}

async fn addressee(
    core: &Core,
    record: &Record,
    all: &[Known],
    user: &str,
) -> Result<Addressee, Problem> {
    let concerns = |known: &&Known| {
        known.place.channel.kind() != Kind::User || known.place.channel.id() == user
    };
    let (stays, asked) = session::of(core, user).await?;
    let mut delivered = Vec::new();
    let mut reasons = Vec::new();
    for known in all.iter().filter(concerns) {
        let channel = &known.place.channel;
        let facts = facts(core, record, known, asked);
        match decide(&facts, channel.kind(), channel.name(), &stays) {
            Verdict::Delivered(deliveries) => delivered.extend(
                deliveries
                    .into_iter()
                    .map(|delivery| shown(known, delivery)),
            ),
            Verdict::Not(reason) => reasons.push(reason),
        }
    }
    // The user's own channel comes first; of the others, one that says something is worth more than one that cannot.
    let told = reasons
        .iter()
        .position(|reason| !matches!(reason, Reason::Unknown { .. }));
    let reason = reasons.into_iter().nth(told.unwrap_or_default());
    let reason = reason.filter(|_reason| delivered.is_empty());
    let acked = ack::by(core, &record.id, user).await?;
    Ok(Addressee {
        user: user.to_owned(),
        delivered,
        not_delivered: reason.map(|reason| NotDelivered {
            code: reason.code(),
            reason: reason.words(),
        }),
        acked_at: acked.map(|acked| Timestamp::from_ms(acked.at_ms)),
        read: is_read(core, all, user).await?,
    })
}

fn shown(known: &Known, delivery: Delivery) -> Delivered {
    let (how, at_ms) = match delivery.how {
        How::Replay { at_ms } => ("replay", Some(at_ms)),
        How::Live => {
            let mut receipts = known.receipts.iter();
            let own = receipts.find(|written| written.node == delivery.node);
            ("live", own.map(|written| written.at_ms))
        }
    };
    Delivered {
        channel: known.place.channel.clone(),
        session: delivery.session,
        node: delivery.node,
        path: delivery.path,
        how,
        at: at_ms.map(Timestamp::from_ms),
    }
}

async fn is_read(core: &Core, all: &[Known], user: &str) -> Result<bool, Problem> {
    let state = store::load(core, user).await?;
    let own = |channel: &Channel| match channel.kind() {
        Kind::User => channel.id() == user,
        Kind::Group | Kind::All => true,
        Kind::Room | Kind::Topic | Kind::System => false,
    };
    Ok(all.iter().any(|known| {
        let channel = &known.place.channel;
        let marks = state.marks(channel, core.handles.log.epoch(channel));
        own(channel) && known.place.n.is_some_and(|n| marks.is_read(n))
    }))
}
