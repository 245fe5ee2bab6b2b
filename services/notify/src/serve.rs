//! What gateways and other services ask and tell over the bus.

mod notification;

use crate::{
    core::Core,
    fields::Flaw,
    hash,
    inbox::{
        channels, counts,
        mark::{self, Owner},
        state::Mark,
        store,
    },
    problem,
    publication::Publication,
    trail::{ack, receipt, session},
};
use fanfare_bus::{BusError, bus::Serving};
use fanfare_http::Problem;
use fanfare_lifecycle::{Tasks, trace};
use fanfare_proto::{
    Channel, ErrorCode, json, limits, subject,
    wire::{CountsReply, CountsRequest, PublishReply, PublishRequest, ReadReply, ReadRequest},
};
use fanfare_service::serve::{answering, known, taking, unreadable};
use std::sync::Arc;

/// The group all workers serve in: each request reaches one of them.
const GROUP: &str = "notify";

/// Serves every subject of the service. `tasks` wait for what is under way.
pub(crate) async fn all(core: &Arc<Core>, tasks: &Tasks) -> Result<Vec<Serving>, BusError> {
    let subjects = [
        (subject::NOTIFY_PUBLISH, answering(core, tasks, publish)),
        (
            subject::NOTIFY_NOTIFICATION,
            answering(core, tasks, notification::publish),
        ),
        (subject::NOTIFY_READ, answering(core, tasks, read)),
        (subject::NOTIFY_COUNTS, answering(core, tasks, count)),
        (subject::NOTIFY_ACK, taking(core, tasks, ack::take)),
        (subject::NOTIFY_RECEIPTS, taking(core, tasks, receipt::take)),
        (subject::NOTIFY_SESSIONS, taking(core, tasks, session::take)),
    ];
    let mut serving = Vec::with_capacity(subjects.len());
    for (subject, responder) in subjects {
        serving.push(
            core.handles
                .bus
                .serve(subject, Some(GROUP), responder)
                .await?,
        );
    }
    Ok(serving)
}

/// A client's `publish` frame. Its gateway has checked that the client may.
async fn publish(core: Arc<Core>, request: PublishRequest) -> Result<PublishReply, Problem> {
    let caller = known(request.caller)?;
    if request.client_id.len() > limits::IDEMPOTENCY_KEY_BYTES {
        let why = format!("has more than {} bytes", limits::IDEMPOTENCY_KEY_BYTES);
        return Err(Flaw::bad("client_id", why).into());
    }
    let data = String::from_utf8(request.data.into()).map_err(|_bytes| unreadable())?;
    let is_json = json::is_shallow(&data) && json::is_portable(&data);
    if !is_json {
        return Err(Flaw::new(
            ErrorCode::BadJson,
            "data",
            "is not JSON that every client can read, or nested too deeply",
        )
        .into());
    }
    let msg_id = (!request.client_id.is_empty()).then(|| {
        let digest = hash::hex_of(&[caller.user.as_bytes(), request.client_id.as_bytes()]);
        format!("client/{digest}")
    });
    let publication = Publication::new(&request.channel, data)?;
    let traceparent = trace::traceparent();
    let stored = publication.store(&core, &caller.user, msg_id, &traceparent);
    let standing = stored.await?;
    Ok(PublishReply {
        n: standing.n,
        cursor: standing.cursor.to_string(),
    })
}

/// A client's `read` frame: everything of the channel up to there is read.
async fn read(core: Arc<Core>, request: ReadRequest) -> Result<ReadReply, Problem> {
    let caller = known(request.caller)?;
    let channel = Channel::parse(&request.channel)
        .map_err(|error| Flaw::bad("channel", error.to_string()))?;
    if !channels::of(&caller.user, &caller.groups).contains(&channel) {
        return Err(Problem::new(
            ErrorCode::Forbidden,
            "only your own inbox is marked read here: your user channel, your groups and all",
        ));
    }
    let heads = core
        .handles
        .log
        .heads(std::slice::from_ref(&channel))
        .await
        .map_err(problem::of_log)?;
    let head_n = heads.first().map_or(0, |head| head.last.n);
    let n = request.n.min(head_n);
    let owner = Owner {
        user: &caller.user,
        groups: &caller.groups,
    };
    let places = if n == 0 { vec![] } else { vec![(channel, n)] };
    let change = mark::mark(&core, owner, None, places, Mark::ReadUpTo).await?;
    Ok(ReadReply {
        data: serde_json::to_vec(&change).unwrap_or_default().into(),
    })
}

async fn count(core: Arc<Core>, request: CountsRequest) -> Result<CountsReply, Problem> {
    let caller = known(request.caller)?;
    store::remember_groups(&core, &caller.user, &caller.groups).await?;
    let counts = counts::of(&core, &caller.user, &caller.groups).await?;
    Ok(CountsReply {
        data: serde_json::to_vec(&counts).unwrap_or_default().into(),
    })
}
