//! The endpoints: from an HTTP upgrade to a session on its shard.

use crate::{
    goodbye::goodbye,
    handshake::Handshake,
    node::Node,
    registry::Place,
    session::{Endpoint, Session, SessionId},
    shard::{Arrival, Input, retry_after_ms},
};
use axum::{
    Router,
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get},
};
use fanfare_http::{ClientAddr, Problem};
use fanfare_proto::{CloseCode, ErrorCode};
use fanfare_tokens::{Identity, TokenError};
use fastwebsockets::upgrade::{IncomingUpgrade, UpgradeFut};
use hyper_util::{rt::TokioIo, server::conn::auto::upgrade::downcast};
use socket2::SockRef;
use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{net::TcpStream, time::Instant};

/// Unsent bytes the kernel keeps for one socket. Without it a stalled reader pins 4 MiB before anybody notices.
const NOTSENT_LOWAT_BYTES: u32 = 16 * 1024;

/// Longest from the answer to the upgrade until the socket is ours.
const HANDOVER: Duration = Duration::from_secs(10);

/// The gateway's routes.
pub(crate) fn router(node: Arc<Node>) -> Router {
    let endpoints = [
        ("/ws/test", Endpoint::Test),
        ("/ws/notifications", Endpoint::Notifications),
        ("/ws/notification", Endpoint::Notifications),
        ("/ws/chat", Endpoint::Chat),
        ("/ws", Endpoint::Plain),
    ];
    endpoints
        .into_iter()
        .fold(Router::new(), |router, (path, endpoint)| {
            router
                .route(path, route(endpoint))
                .route(&format!("{path}/"), route(endpoint))
        })
        .with_state(node)
}

fn route(endpoint: Endpoint) -> MethodRouter<Arc<Node>> {
    get(
        async move |State(node): State<Arc<Node>>, request: Request| {
            upgrade(node, endpoint, request).await
        },
    )
}

async fn upgrade(node: Arc<Node>, endpoint: Endpoint, request: Request) -> Response {
    if node.closing.load(Ordering::Acquire) {
        return Problem::new(
            ErrorCode::Unavailable,
            "this node is restarting; another one takes you",
        )
        .retry_after_ms(1_000)
        .into_response();
    }
    let begun = Instant::now();
    let (mut parts, _body) = request.into_parts();
    let handshake = Handshake::read(&parts, &node.settings);
    let ClientAddr(address) = ClientAddr::of(&parts.extensions, &parts.headers);
    let upgrade = match IncomingUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(incoming) => incoming.upgrade(),
        Err(_status) => return not_an_upgrade(),
    };
    let Ok((response, socket)) = upgrade else {
        return not_an_upgrade();
    };
    let mut response = response.into_response();
    if let Some(subprotocol) = &handshake.subprotocol {
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol.clone());
    }
    let extensions = handshake
        .agreement
        .and_then(|agreement| HeaderValue::from_str(&agreement.answer()).ok());
    if let Some(extensions) = extensions {
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_EXTENSIONS, extensions);
    }
    let tasks = node.tasks.clone();
    // Boxed: the handshake's state is large, and would stay with the connection for its life.
    tasks.spawn(Box::pin(async move {
        let figures = Arc::clone(&node.figures);
        if take_over(node, endpoint, handshake, address, socket).await {
            figures.handshake.observe(begun.elapsed().as_secs_f64());
            figures.opened.of(endpoint).inc();
        }
    }));
    response
}

fn not_an_upgrade() -> Response {
    let mut response = Problem::new(
        ErrorCode::BadMessage,
        "this is a WebSocket endpoint: connect with a WebSocket client, version 13",
    )
    .into_response();
    *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
    response
        .headers_mut()
        .insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response
}

/// Whether it has become a session.
async fn take_over(
    node: Arc<Node>,
    endpoint: Endpoint,
    handshake: Handshake,
    address: IpAddr,
    socket: UpgradeFut,
) -> bool {
    let Ok(Some((stream, first))) = tokio::time::timeout(HANDOVER, raw(socket)).await else {
        return false;
    };
    let admitted = match admit(&node, &handshake, address) {
        Ok(place) => identify(&node, &handshake)
            .await
            .map(|identity| (place, identity))
            .map_err(|code| (code, retry_after_ms(code))),
        Err(refusal) => Err(refusal),
    };
    let (place, identity) = match admitted {
        Ok(admitted) => admitted,
        // A browser cannot read the status of a refused upgrade, so refusals are closes.
        Err((code, retry_after_ms)) => {
            node.figures.refused(code);
            goodbye(stream, code, retry_after_ms, node.timestamp()).await;
            return false;
        }
    };
    let stream = match stream.into_std() {
        Ok(stream) => mio::net::TcpStream::from_std(stream),
        Err(error) => {
            tracing::warn!(%error, "a socket was lost between two polls");
            return false;
        }
    };
    let session = Session::new(
        SessionId::random(),
        endpoint,
        handshake.lang,
        handshake.resume,
        Arc::clone(&node.terms),
        node.now(),
    );
    let arrival = Arrival {
        stream,
        session,
        place,
        agreement: handshake.agreement,
        identity,
        first,
    };
    node.next_shard()
        .tell(Input::Arrive(Box::new(arrival)))
        .await;
    true
}

/// A place for the connection, or with which code and hint it is closed.
fn admit(node: &Node, handshake: &Handshake, address: IpAddr) -> Result<Place, (CloseCode, u64)> {
    let refused = |code| (code, retry_after_ms(code));
    if !handshake.origin_allowed {
        return Err(refused(CloseCode::Forbidden));
    }
    let settings = &node.settings;
    let place = node
        .registry
        .admit(
            address,
            settings.connections,
            settings.connections_per_address,
        )
        .map_err(refused)?;
    // A drain that began after the upgrade was accepted has either seen the place, or is seen here.
    if node.closing.load(Ordering::Acquire) {
        return Err(refused(CloseCode::Restart));
    }
    node.pace
        .admit(node.uptime.millis())
        .map_err(|retry_after_ms| (CloseCode::TryLater, retry_after_ms))?;
    Ok(place)
}

/// Who the handshake's token names; `None` when it brought none.
async fn identify(node: &Node, handshake: &Handshake) -> Result<Option<Arc<Identity>>, CloseCode> {
    let Some(token) = &handshake.token else {
        return Ok(None);
    };
    match node.authority.verify(token).await {
        Ok(identity) => Ok(Some(Arc::new(identity))),
        Err(error) => {
            tracing::debug!(reason = %error, "a token was refused");
            Err(match error {
                TokenError::Unavailable => CloseCode::TryLater,
                _ => CloseCode::Unauthorized,
            })
        }
    }
}

/// Takes the socket out of HTTP, with what the client has sent already.
async fn raw(socket: UpgradeFut) -> Option<(TcpStream, Vec<u8>)> {
    let websocket = socket.await.ok()?;
    let upgraded = websocket.into_inner().into_inner();
    let parts = downcast::<TokioIo<TcpStream>>(upgraded).ok()?;
    let stream = parts.io.into_inner();
    let socket = SockRef::from(&stream);
    if let Err(error) = socket.set_tcp_nodelay(true) {
        tracing::debug!(%error, "a socket keeps Nagle's delay");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket.set_tcp_notsent_lowat(NOTSENT_LOWAT_BYTES) {
        tracing::debug!(%error, "a socket keeps the kernel's send buffer");
    }
    Some((stream, parts.read_buf.to_vec()))
}
