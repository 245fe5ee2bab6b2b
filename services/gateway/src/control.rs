//! What operators and other services ask of every gateway: end sessions whose token was revoked, remove sessions, take a user
//! out of a channel, drain, say which sessions a user has, answer the node's own probe.

use crate::{
    node::Node,
    seat::Seat,
    shard::{Control, ShardHandle, retry_after_ms},
};
use bytes::Bytes;
use fanfare_bus::{
    Message,
    bus::{Received, Serving},
};
use fanfare_lifecycle::Shutdown;
use fanfare_proto::{
    Channel, CloseCode, subject,
    wire::{DrainCommand, KickCommand, LeaveCommand, LeaveReply, SessionsReply, SessionsRequest},
};
use fanfare_tokens::Revocation;
use prost::Message as _;
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio::sync::{broadcast::error::RecvError, oneshot};

/// Longest a message of the node's own may take through the bus and back before the node is not ready.
const PROBE: Duration = Duration::from_secs(2);

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

/// Does what an operator commands: removes the sessions that he names, drains this node.
pub(crate) async fn follow_commands(node: Arc<Node>, shutdown: Shutdown) -> Result<(), String> {
    let listen = async |subject| {
        let subscription = node.bus.subscribe(subject).await;
        subscription.map_err(|error| error.to_string())
    };
    let mut kicks = listen(subject::GATEWAY_KICK).await?;
    let mut drains = listen(subject::GATEWAY_DRAIN).await?;
    let mut watched = listen(subject::GATEWAY_WATCHED).await?;
    let tasks = node.tasks.clone();
    tasks.spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.forced() => return,
                told = watched.next() => match told {
                    Some(_) => node.system.told_watched(),
                    None => return,
                },
                drain = drains.next() => match drain {
                    Some(Received::Message(message)) => ask_to_drain(&node, message),
                    Some(Received::Lagged) => {}
                    None => return,
                },
                kick = kicks.next() => match kick {
                    Some(Received::Message(message)) => kick_sessions(&node, message).await,
                    // Commands were lost; who sent them sees the sessions still there, and repeats.
                    Some(Received::Lagged) => {}
                    None => return,
                },
            }
        }
    });
    Ok(())
}

/// Whoever runs the node drains it and ends it; asking again changes nothing.
fn ask_to_drain(node: &Node, message: Message) {
    let asked = DrainCommand::decode(message.payload);
    if asked.is_ok_and(|command| command.node == node.settings.node) {
        tracing::info!("asked to drain");
        node.drain_asked.cancel();
    }
}

async fn kick_sessions(node: &Node, message: Message) {
    let Ok(command) = KickCommand::decode(message.payload) else {
        return;
    };
    let wanted = CloseCode::ALL
        .iter()
        .find(|code| u32::from(code.as_u16()) == command.close_code);
    let code = wanted.copied().unwrap_or(CloseCode::Removed);
    if command.user.is_empty() {
        node.control_all(|| Control::CloseSession(command.session.clone(), code))
            .await;
        return;
    }
    for seat in node.registry.of(&command.user) {
        shard_of(node, seat)
            .control(Control::Close(seat.key, code, retry_after_ms(code)))
            .await;
    }
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

async fn sessions(node: Arc<Node>, message: Message) -> Bytes {
    let user = SessionsRequest::decode(message.payload)
        .unwrap_or_default()
        .user;
    let mut sessions = Vec::new();
    for seat in node.registry.of(&user) {
        let (reply, report) = oneshot::channel();
        shard_of(&node, seat)
            .control(Control::Report(seat.key, reply))
            .await;
        // A session that has ended meanwhile says nothing.
        sessions.extend(report.await.ok().flatten());
    }
    let reply = SessionsReply {
        node: node.settings.node.clone(),
        sessions,
    };
    reply.encode_to_vec().into()
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
