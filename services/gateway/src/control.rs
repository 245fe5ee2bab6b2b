//! What operators and other services ask of every gateway: end sessions whose token was revoked, remove sessions, take a user
//! out of a channel, drain, say which sessions a user has, answer the node's own probe.

use crate::{
    node::Node,
    seat::Seat,
    session::SessionId,
    shard::{Control, ShardHandle, retry_after_ms},
};
use bytes::Bytes;
use fanfare_bus::{Message, bus::Serving};
use fanfare_lifecycle::Shutdown;
use fanfare_proto::{
    Channel, CloseCode, subject,
    wire::{
        DrainCommand, DrainReply, KickCommand, KickReply, LeaveCommand, LeaveReply, SessionReport,
        SessionsReply, SessionsRequest,
    },
};
use fanfare_tokens::Revocation;
use prost::Message as _;
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio::sync::{broadcast::error::RecvError, oneshot};

/// Longest a message of the node's own may take through the bus and back before the node is not ready.
const PROBE: Duration = Duration::from_secs(2);

/// Most sessions of one listing, a few hundred bytes each.
pub(crate) const LISTED_MAX: usize = 200;

/// Closes the sockets of revoked tokens, as soon as the authority knows.
pub(crate) async fn follow_revocations(node: Arc<Node>, shutdown: Shutdown) {
    let mut revocations = node.authority.revocations();
    loop {
        let revocation = tokio::select! {
            () = shutdown.forced() => return,
            revocation = revocations.recv() => revocation,
        };
        match &revocation {
            Ok(Revocation::User { user, .. }) => {
                for seat in node.registry.of(user) {
                    shard_of(&node, seat)
                        .control(Control::Recheck(Some(seat.key)))
                        .await;
                }
            }
            // Too many at once to have been told each: everybody is asked about.
            Ok(_) | Err(RecvError::Lagged(_)) => node.control_all(|| Control::Recheck(None)).await,
            Err(RecvError::Closed) => return,
        }
    }
}

fn shard_of(node: &Node, seat: Seat) -> &ShardHandle {
    &node.shards[usize::from(seat.shard)]
}

/// Hears that somebody watches the figures of every node.
pub(crate) async fn follow_watched(node: &Arc<Node>, shutdown: Shutdown) -> Result<(), String> {
    let subscription = node.bus.subscribe(subject::GATEWAY_WATCHED).await;
    let mut watched = subscription.map_err(|error| error.to_string())?;
    let own = Arc::clone(node);
    node.tasks.spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.forced() => return,
                told = watched.next() => match told {
                    Some(_) => own.system.told_watched(),
                    None => return,
                },
            }
        }
    });
    Ok(())
}

/// Drains this node when it is the one that an operator names.
pub(crate) async fn serve_drains(node: &Arc<Node>) -> Result<Serving, String> {
    serve(node, subject::GATEWAY_DRAIN, ask_to_drain).await
}

/// Removes the sessions that an operator names.
pub(crate) async fn serve_kicks(node: &Arc<Node>) -> Result<Serving, String> {
    serve(node, subject::GATEWAY_KICK, kick_sessions).await
}

/// Answers which sessions a user has here.
pub(crate) async fn serve_sessions(node: &Arc<Node>) -> Result<Serving, String> {
    serve(node, subject::GATEWAY_SESSIONS, sessions).await
}

/// Takes users out of channels that they may not read any more, and answers when it is done.
pub(crate) async fn serve_leaves(node: &Arc<Node>) -> Result<Serving, String> {
    serve(node, subject::GATEWAY_LEAVE, leave).await
}

async fn serve<F>(
    node: &Arc<Node>,
    subject: &str,
    answer: fn(Arc<Node>, Message) -> F,
) -> Result<Serving, String>
where
    F: Future<Output = Bytes> + Send + 'static,
{
    let own = Arc::clone(node);
    let responder = move |message: Message| -> Pin<Box<dyn Future<Output = Bytes> + Send>> {
        Box::pin(answer(Arc::clone(&own), message))
    };
    node.bus
        .serve(subject, None, Box::new(responder))
        .await
        .map_err(|error| error.to_string())
}

/// Every shard with a session of the user is told before any is waited for. A session that registers later asks for its
/// rights later.
async fn leave(node: Arc<Node>, message: Message) -> Bytes {
    let LeaveCommand { channel, user } = LeaveCommand::decode(message.payload).unwrap_or_default();
    // What is no channel is read by nobody.
    if let Ok(channel) = Channel::parse(&channel) {
        let mut leaving = Vec::new();
        for seat in node.registry.of(&user) {
            let (done, left) = oneshot::channel();
            shard_of(&node, seat)
                .control(Control::Expel(seat.key, channel.clone(), done))
                .await;
            leaving.push(left);
        }
        for left in leaving {
            // A session that has ended meanwhile reads nothing, and says nothing.
            let _ended = left.await;
        }
    }
    let node = node.settings.node.clone();
    LeaveReply { node }.encode_to_vec().into()
}

/// Whoever runs the node drains it and ends it; asking again changes nothing.
async fn ask_to_drain(node: Arc<Node>, message: Message) -> Bytes {
    let asked = DrainCommand::decode(message.payload);
    let drains = asked.is_ok_and(|command| command.node == node.settings.node);
    if drains {
        tracing::info!("asked to drain");
        node.drain_asked.cancel();
    }
    let node = node.settings.node.clone();
    DrainReply { node, drains }.encode_to_vec().into()
}

async fn kick_sessions(node: Arc<Node>, message: Message) -> Bytes {
    let closed = match KickCommand::decode(message.payload) {
        Ok(command) => kick(&node, command).await,
        Err(_garbage) => 0,
    };
    let node = node.settings.node.clone();
    KickReply { node, closed }.encode_to_vec().into()
}

/// Closes them, and answers how many there were.
async fn kick(node: &Node, command: KickCommand) -> u32 {
    let wanted = CloseCode::ALL
        .iter()
        .find(|code| u32::from(code.as_u16()) == command.close_code);
    let code = wanted.copied().unwrap_or(CloseCode::Removed);
    if !command.user.is_empty() {
        let seats = node.registry.of(&command.user);
        for seat in &seats {
            shard_of(node, *seat)
                .control(Control::Close(seat.key, code, retry_after_ms(code)))
                .await;
        }
        return u32::try_from(seats.len()).unwrap_or(u32::MAX);
    }
    let Some(session) = SessionId::parse(&command.session) else {
        return 0;
    };
    for shard in &node.shards {
        let (done, closed) = oneshot::channel();
        shard
            .control(Control::CloseSession(session, code, done))
            .await;
        // A shard that has ended has no connections.
        if closed.await.unwrap_or(false) {
            return 1;
        }
    }
    0
}

async fn sessions(node: Arc<Node>, message: Message) -> Bytes {
    let SessionsRequest { user, newest } =
        SessionsRequest::decode(message.payload).unwrap_or_default();
    let (sessions, total) = if newest > 0 {
        list(&node, &user, newest as usize).await
    } else {
        (reports(&node, &user).await, 0)
    };
    let reply = SessionsReply {
        node: node.settings.node.clone(),
        sessions,
        total,
    };
    reply.encode_to_vec().into()
}

/// The newest sessions of `user`, or of everybody, and how many there are.
async fn list(node: &Node, user: &str, newest: usize) -> (Vec<SessionReport>, u32) {
    let seats = (!user.is_empty()).then(|| node.registry.of(user));
    let of_shard = |index: usize| {
        let seats = seats.as_ref()?.iter();
        let here = seats.filter(|seat| usize::from(seat.shard) == index);
        Some(here.map(|seat| seat.key).collect())
    };
    let newest = newest.min(LISTED_MAX);
    let (mut sessions, mut total) = (Vec::new(), 0);
    for (index, shard) in node.shards.iter().enumerate() {
        let (reply, listing) = oneshot::channel();
        shard
            .control(Control::List(of_shard(index), newest, reply))
            .await;
        // A shard that has ended has no connections.
        let listing = listing.await.unwrap_or_default();
        sessions.extend(listing.sessions);
        total += listing.total;
    }
    sessions.sort_by_key(|session| std::cmp::Reverse(session.connected_at_ms));
    sessions.truncate(newest);
    (sessions, u32::try_from(total).unwrap_or(u32::MAX))
}

/// What each session of `user` was sent.
async fn reports(node: &Node, user: &str) -> Vec<SessionReport> {
    let mut sessions = Vec::new();
    for seat in node.registry.of(user) {
        let (reply, report) = oneshot::channel();
        shard_of(node, seat)
            .control(Control::Report(seat.key, reply))
            .await;
        // A session that has ended meanwhile says nothing.
        sessions.extend(report.await.ok().flatten());
    }
    sessions
}

/// Sends a message of the node's own through the bus and waits for it.
pub(crate) async fn probe(node: &Node) -> Result<(), String> {
    let subject = subject::probe(&node.settings.node);
    let mut own = node
        .bus
        .subscribe(&subject)
        .await
        .map_err(|error| error.to_string())?;
    node.bus
        .publish(&subject, Bytes::new())
        .await
        .map_err(|error| error.to_string())?;
    match tokio::time::timeout(PROBE, own.next()).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("the bus has ended".to_owned()),
        Err(_elapsed) => Err("a message through the bus did not come back".to_owned()),
    }
}
