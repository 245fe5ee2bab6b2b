//! What operators and other services ask of every gateway: end sessions whose token was revoked, remove sessions, say
//! which sessions a user has, answer the node's own probe.

use crate::node::Node;
use bytes::Bytes;
use fanfare_bus::{
    Message,
    bus::{Received, Serving},
};
use fanfare_lifecycle::Shutdown;
use fanfare_proto::{
    CloseCode, subject,
    wire::{KickCommand, SessionsReply, SessionsRequest},
};
use fanfare_tokens::Revocation;
use prost::Message as _;
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::error::RecvError;

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
        let members = match &revocation {
            Ok(Revocation::User { user, .. }) => node.registry.of(user),
            // Too many at once to have been told each: everybody is asked about.
            Ok(_) | Err(RecvError::Lagged(_)) => node.registry.all(),
            Err(RecvError::Closed) => return,
        };
        for member in members {
            if member
                .identity()
                .is_some_and(|identity| node.authority.is_revoked(&identity))
            {
                member.link.close(CloseCode::Unauthorized, 0);
            }
        }
    }
}

/// Removes the sessions that an operator names.
pub(crate) async fn follow_kicks(node: Arc<Node>, shutdown: Shutdown) -> Result<(), String> {
    let mut kicks = node
        .bus
        .subscribe(subject::GATEWAY_KICK)
        .await
        .map_err(|error| error.to_string())?;
    let mut watched = node
        .bus
        .subscribe(subject::GATEWAY_WATCHED)
        .await
        .map_err(|error| error.to_string())?;
    let tasks = node.tasks.clone();
    tasks.spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.forced() => return,
                told = watched.next() => match told {
                    Some(_) => node.system.told_watched(),
                    None => return,
                },
                kick = kicks.next() => match kick {
                    Some(Received::Message(message)) => kick_sessions(&node, message),
                    // Commands were lost; who sent them sees the sessions still there, and repeats.
                    Some(Received::Lagged) => {}
                    None => return,
                },
            }
        }
    });
    Ok(())
}

fn kick_sessions(node: &Node, message: Message) {
    let Ok(command) = KickCommand::decode(message.payload) else {
        return;
    };
    let members = if command.user.is_empty() {
        node.registry
            .all()
            .into_iter()
            .filter(|member| member.session == command.session)
            .collect()
    } else {
        node.registry.of(&command.user)
    };
    let wanted = CloseCode::ALL
        .iter()
        .find(|code| u32::from(code.as_u16()) == command.close_code);
    let code = wanted.copied().unwrap_or(CloseCode::Removed);
    for member in members {
        node.close(&member.link, code);
    }
}

/// Answers which sessions a user has here.
pub(crate) async fn serve_sessions(node: &Arc<Node>) -> Result<Serving, String> {
    let own = Arc::clone(node);
    let responder =
        move |message: Message| -> std::pin::Pin<Box<dyn Future<Output = Bytes> + Send>> {
            let reply = sessions(&own, message);
            Box::pin(std::future::ready(reply))
        };
    node.bus
        .serve(subject::GATEWAY_SESSIONS, None, Box::new(responder))
        .await
        .map_err(|error| error.to_string())
}

fn sessions(node: &Node, message: Message) -> Bytes {
    let user = SessionsRequest::decode(message.payload)
        .unwrap_or_default()
        .user;
    let sessions = node
        .registry
        .of(&user)
        .iter()
        .map(|member| member.report(&node.settings.node, 0, 0))
        .collect();
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
