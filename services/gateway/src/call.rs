//! What a session asks for that takes time. Each call is a task of its own, which speaks to the connection as a
//! [`Client`].

mod history;
mod room;

use crate::{
    client::Client,
    node::Node,
    presence::Watch,
    session::{Refusal, RoomPage},
    subscribe,
};
use bytes::Bytes;
use fanfare_bus::{RequestError, log::Slice};
use fanfare_proto::{
    Channel, ErrorCode, Timestamp,
    server::{Line, ServerFrame},
    subject,
    wire::{CountsReply, CountsRequest, Reply},
};
use fanfare_telemetry::traces::{Kind, Span};
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
    },
    SystemInfo {
        id: Option<String>,
        message: &'static str,
    },
    /// The inbox's counts, pushed.
    Counts,
    /// The rooms this user is a member of: the page that begins here; empty: the first.
    Rooms {
        after: String,
    },
    /// The room's others are told, if this client reads it.
    Typing {
        id: Option<String>,
        channel: Channel,
        on: bool,
    },
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
    /// The channel of which it asks for a page, which is large: one at a time, for each connection.
    pub(crate) page_of: Option<Channel>,
    /// What a timeout means to the client.
    pub(crate) on_timeout: ErrorCode,
    /// Makes the client's frame of the service's answer.
    pub(crate) answer: fn(&Answered<'_>) -> Result<Vec<u8>, Refusal>,
}

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) id: Option<&'a str>,
    /// As in the request.
    pub(crate) page_of: Option<&'a Channel>,
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
    Subscribed(Channel),
    NotSubscribed {
        id: Option<String>,
        channel: Channel,
        refusal: Refusal,
    },
    Verified {
        id: Option<String>,
        outcome: Result<Arc<Identity>, TokenError>,
    },
    Rooms(Result<RoomPage, Refusal>),
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
            let outcome = match room::may_read(&client, &channel, ask).await {
                Ok(watch) => {
                    let watch = if presence { watch } else { Watch::No };
                    subscribe::run(&client, frame_id, &channel, since, watch).await
                }
                Err(refusal) => Err(refusal),
            };
            match outcome {
                Ok(()) => Completion::Subscribed(channel),
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
        } => {
            let outcome = history::page(&client, id.as_deref(), &channel, slice, limit).await;
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
        Call::Rooms { after } => room::list(&client, after).await,
        Call::Typing { channel, on, .. } => {
            room::tell_typing(&client, &channel, on).await;
            Completion::Sent
        }
        Call::Request(request) => {
            let _turn = match request.page_of {
                Some(_) => Some(client.replay_turn.lock().await),
                None => None,
            };
            let outcome = span(node, &request.subject)
                .around(ask(node, &request))
                .await;
            Completion::Answer {
                id: request.id,
                outcome,
            }
        }
        Call::Tell { subject, payload } => {
            let told = tell(node, &subject, payload);
            span(node, &subject).around(told).await;
            Completion::Sent
        }
    }
}

/// A client's frame that a service is asked or told for: a trace begins with it.
fn span(node: &Node, subject: &str) -> Span {
    let mut span = node.traces.enter(Kind::Server, "frame", None);
    span.messaging("frame", "receive", subject);
    span
}

async fn tell(node: &Node, subject: &str, payload: impl Into<Bytes>) {
    if let Err(error) = node.bus.publish(subject, payload.into()).await {
        tracing::debug!(%error, subject, "a message to a service was not sent");
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
        page_of: request.page_of.as_ref(),
        timestamp: node.timestamp(),
        bytes,
    })
}

/// Asks one service.
async fn fetch(
    node: &Node,
    subject: &str,
    request: &impl Message,
) -> Result<Answered<'static>, Refusal> {
    let bytes = node
        .bus
        .request(subject, request.encode_to_vec().into(), ANSWER)
        .await
        .map_err(|_away| Refusal::from(ErrorCode::Unavailable))?;
    Ok(Answered {
        id: None,
        page_of: None,
        timestamp: node.timestamp(),
        bytes,
    })
}

/// Answers who is present: whoever may read a channel may know.
async fn present(
    client: &Client,
    id: Option<&str>,
    channel: &Channel,
    ask: bool,
) -> Result<(), Refusal> {
    room::may_read(client, channel, ask).await?;
    let presence = &client.node.presence;
    Ok(presence.answer(client, id, channel).await?)
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
    let Ok(answered) = fetch(node, subject::NOTIFY_COUNTS, &request).await else {
        return;
    };
    let counts = answered.read::<CountsReply>();
    let Ok(data @ Some(_)) = counts.and_then(|counts| answered.json(&counts.data)) else {
        return;
    };
    let frame = ServerFrame {
        channel: Some(&channel),
        data,
        ..ServerFrame::new("counts", node.timestamp())
    };
    client.send_text(frame.encode()).await;
}
