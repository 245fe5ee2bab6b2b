//! What a session asks for that takes time. Each call is a task of its own, which speaks to the connection as a
//! [`Client`].

mod history;

use crate::{client::Client, node::Node, presence::Watch, session::Refusal, subscribe};
use bytes::Bytes;
use fanfare_bus::{RequestError, log::Slice};
use fanfare_proto::{
    Channel, ErrorCode, Timestamp,
    server::{Line, ServerFrame},
    subject,
    wire::{
        CountsReply, CountsRequest, Reply, RoomListReply, RoomListRequest, RoomRightsReply,
        RoomRightsRequest,
    },
};
use fanfare_tokens::{Identity, TokenError};
use prost::Message;
use serde_json::value::RawValue;
use std::{sync::Arc, time::Duration};

/// Longest a service may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// One call.
#[derive(Debug)]
pub(crate) enum Call {
    Verify {
        id: Option<String>,
        token: String,
    },
    Subscribe {
        id: Option<String>,
        channel: Channel,
        since: Option<String>,
        /// To be shown to the channel's others, and told who they are.
        presence: bool,
        /// The chat service decides.
        ask: bool,
    },
    /// Who is present in a channel.
    Presence {
        id: Option<String>,
        channel: Channel,
        ask: bool,
    },
    History {
        id: Option<String>,
        channel: Channel,
        slice: Slice,
        limit: usize,
        ask: bool,
    },
    SystemInfo {
        id: Option<String>,
        message: &'static str,
    },
    /// The inbox's counts, pushed.
    Counts,
    /// The rooms this user is a member of.
    Rooms,
    Request(Request),
    /// A message to a service that does not answer.
    Tell {
        subject: String,
        payload: Bytes,
    },
}

impl Call {
    /// The channel of a `subscribe` that nobody has to be asked for, neither a service nor the log.
    pub(crate) fn subscribes_live(&self) -> Option<&Channel> {
        match self {
            Self::Subscribe {
                channel,
                since,
                ask: false,
                ..
            } if since.is_none() || !channel.is_stored() => Some(channel),
            _ => None,
        }
    }
}

/// A request to a service.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: Option<String>,
    pub(crate) subject: String,
    pub(crate) payload: Bytes,
    /// What a timeout means to the client.
    pub(crate) on_timeout: ErrorCode,
    /// Makes the client's frame of the service's answer.
    pub(crate) answer: fn(&Answered<'_>) -> Result<Vec<u8>, Refusal>,
}

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) timestamp: Timestamp,
    bytes: Bytes,
}

impl Answered<'_> {
    /// The answer, or the service's refusal.
    pub(crate) fn read<T: Message + Default>(&self) -> Result<T, Refusal> {
        Reply::read(&self.bytes).map_err(|failure| Refusal {
            code: failure.error_code(),
            message: (!failure.message.is_empty()).then_some(failure.message),
            retry_after_ms: failure.retry_after_ms,
        })
    }

    /// JSON inside an answer. Bytes of another process are not trusted to be JSON.
    pub(crate) fn json(&self, bytes: &Bytes) -> Result<Option<Box<RawValue>>, Refusal> {
        if bytes.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(bytes)
            .map(Some)
            .map_err(|_broken| ErrorCode::Internal.into())
    }
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Completion {
    /// Whatever was to be sent has been sent.
    Sent,
    Answer {
        id: Option<String>,
        outcome: Result<Vec<u8>, Refusal>,
    },
    NotSubscribed {
        id: Option<String>,
        channel: Channel,
        refusal: Refusal,
    },
    Verified {
        id: Option<String>,
        outcome: Result<Arc<Identity>, TokenError>,
    },
    Rooms(Vec<Channel>),
}

/// Carries out one call. Cancel safe in the sense that a dropped call leaves nothing behind but what a service has
/// been asked already.
pub(crate) async fn run(call: Call, client: Client) -> Completion {
    let node = &*client.node;
    match call {
        Call::Verify { id, token } => Completion::Verified {
            id,
            outcome: node.authority.verify(&token).await.map(Arc::new),
        },
        Call::Subscribe {
            id,
            channel,
            since,
            presence,
            ask,
        } => {
            let (frame_id, since) = (id.as_deref(), since.as_deref());
            let outcome = match may_read(&client, &channel, ask).await {
                Ok(watch) => {
                    let watch = if presence { watch } else { Watch::No };
                    subscribe::run(&client, frame_id, &channel, since, watch).await
                }
                Err(refusal) => Err(refusal),
            };
            match outcome {
                Ok(()) => Completion::Sent,
                Err(refusal) => Completion::NotSubscribed {
                    id,
                    channel,
                    refusal,
                },
            }
        }
        Call::History {
            id,
            channel,
            slice,
            limit,
            ask,
        } => {
            let outcome = match may_read(&client, &channel, ask).await {
                Ok(_watch) => history::page(&client, id.as_deref(), &channel, slice, limit).await,
                Err(refusal) => Err(refusal),
            };
            Completion::Answer { id, outcome }
        }
        Call::Presence { id, channel, ask } => {
            match present(&client, id.as_deref(), &channel, ask).await {
                Ok(()) => Completion::Sent,
                Err(refusal) => Completion::Answer {
                    id,
                    outcome: Err(refusal),
                },
            }
        }
        Call::SystemInfo { id, message } => {
            let frame = ServerFrame {
                id: id.as_deref(),
                message: Some(Line::Text(message)),
                data: Some(node.system.info(node.registry.len()).await),
                ..ServerFrame::new("system_info_response", node.timestamp())
            };
            let outcome = Ok(frame.encode());
            Completion::Answer { id, outcome }
        }
        Call::Counts => {
            counts(&client).await;
            Completion::Sent
        }
        Call::Rooms => Completion::Rooms(rooms(&client).await),
        Call::Request(request) => {
            let outcome = ask(node, &request).await;
            Completion::Answer {
                id: request.id,
                outcome,
            }
        }
        Call::Tell { subject, payload } => {
            if let Err(error) = node.bus.publish(&subject, payload).await {
                tracing::debug!(%error, subject, "a message to a service was not sent");
            }
            Completion::Sent
        }
    }
}

async fn ask(node: &Node, request: &Request) -> Result<Vec<u8>, Refusal> {
    let bytes = node
        .bus
        .request(&request.subject, request.payload.clone(), ANSWER)
        .await
        .map_err(|error| match error {
            RequestError::NoResponders | RequestError::Unavailable => ErrorCode::Unavailable,
            RequestError::Timeout => request.on_timeout,
        })?;
    (request.answer)(&Answered {
        id: request.id.as_deref(),
        timestamp: node.timestamp(),
        bytes,
    })
}

/// Asks one service for a `T`.
async fn fetch<T: Message + Default>(
    node: &Node,
    subject: &str,
    request: &impl Message,
) -> Result<T, Refusal> {
    let bytes = node
        .bus
        .request(subject, request.encode_to_vec().into(), ANSWER)
        .await
        .map_err(|_away| Refusal::from(ErrorCode::Unavailable))?;
    let answered = Answered {
        id: None,
        timestamp: node.timestamp(),
        bytes,
    };
    answered.read()
}

/// Asks the chat service, when the token alone did not decide; answers how one who subscribes with presence watches the
/// channel.
async fn may_read(client: &Client, channel: &Channel, ask: bool) -> Result<Watch, Refusal> {
    if !ask {
        return Ok(Watch::Seen);
    }
    let request = RoomRightsRequest {
        caller: client.caller(),
        channel: channel.name().to_owned(),
    };
    let rights: RoomRightsReply = fetch(&client.node, subject::CHAT_RIGHTS, &request).await?;
    match rights {
        // A stranger does not learn whether the room exists.
        RoomRightsReply { read: false, .. } => Err(ErrorCode::Forbidden.into()),
        RoomRightsReply {
            invisible: true, ..
        } => Ok(Watch::Unseen),
        RoomRightsReply { .. } => Ok(Watch::Seen),
    }
}

/// Answers who is present: whoever may read a channel may know.
async fn present(
    client: &Client,
    id: Option<&str>,
    channel: &Channel,
    ask: bool,
) -> Result<(), Refusal> {
    may_read(client, channel, ask).await?;
    let presence = &client.node.presence;
    Ok(presence.answer(client, id, channel).await?)
}

async fn rooms(client: &Client) -> Vec<Channel> {
    let request = RoomListRequest {
        caller: client.caller(),
        after: String::new(),
    };
    match fetch::<RoomListReply>(&client.node, subject::CHAT_ROOMS, &request).await {
        Ok(reply) => reply
            .channels
            .iter()
            .filter_map(|name| Channel::parse(name).ok())
            .collect(),
        Err(refusal) => {
            tracing::debug!(
                code = refusal.code.as_str(),
                "the list of rooms is not to be had"
            );
            Vec::new()
        }
    }
}

/// Pushes `counts`. Best effort: the inbox is there without it.
async fn counts(client: &Client) {
    let node = &*client.node;
    let Some(caller) = client.caller() else {
        return;
    };
    let channel = format!("user:{}", caller.user);
    let request = CountsRequest {
        caller: Some(caller),
    };
    let Ok(reply) = fetch::<CountsReply>(node, subject::NOTIFY_COUNTS, &request).await else {
        return;
    };
    let Ok(data) = serde_json::from_slice::<Box<RawValue>>(&reply.data) else {
        return;
    };
    let frame = ServerFrame {
        channel: Some(&channel),
        data: Some(data),
        ..ServerFrame::new("counts", node.timestamp())
    };
    client.send_text(frame.encode()).await;
}
