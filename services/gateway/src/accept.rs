//! The endpoints: from an HTTP upgrade to a session on its shard.

use crate::{
    connection::Connection,
    goodbye::goodbye,
    handshake::Handshake,
    link::Link,
    member::Member,
    node::Node,
    registry::Place,
    session::{Endpoint, Session},
    shard::Input,
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
use fastwebsockets::upgrade::{IncomingUpgrade, UpgradeFut};
use hyper_util::{rt::TokioIo, server::conn::auto::upgrade::downcast};
use socket2::SockRef;
use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{net::TcpStream, sync::oneshot};

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
    let (mut parts, _body) = request.into_parts();
    let handshake = Handshake::read(&parts, &node.settings.allowed_origins);
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
    let tasks = node.tasks.clone();
    // Boxed: the handshake's state is large, and would stay with the connection for its life.
    tasks.spawn(Box::pin(take_over(
        node, endpoint, handshake, address, socket,
    )));
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

async fn take_over(
    node: Arc<Node>,
    endpoint: Endpoint,
    handshake: Handshake,
    address: IpAddr,
    socket: UpgradeFut,
) {
    let Ok(Some((stream, first))) = tokio::time::timeout(HANDOVER, raw(socket)).await else {
        return;
    };
    let link = Link::new(
        stream,
        node.bounds(),
        node.clock.clone(),
        node.uptime.seconds(),
    );
    if link.writable().await.is_err() {
        return;
    }
    let link = Arc::new(link);
    // A browser cannot read the status of a refused upgrade, so refusals are closes.
    let place = match admit(&node, &handshake, address, &link) {
        Ok(place) => place,
        Err(code) => return refuse(&node, &link, code).await,
    };
    let identity = match &handshake.token {
        None => None,
        Some(token) => match node.authority.verify(token).await {
            Ok(identity) => Some(Arc::new(identity)),
            Err(error) => {
                tracing::debug!(reason = %error, "a token was refused");
                let code = match error {
                    fanfare_tokens::TokenError::Unavailable => CloseCode::TryLater,
                    _ => CloseCode::Unauthorized,
                };
                return refuse(&node, &link, code).await;
            }
        },
    };
    let shard = node.next_shard();
    let (reply, key) = oneshot::channel();
    node.shards[shard]
        .tell(Input::Insert(Arc::clone(&link), reply))
        .await;
    let Ok(key) = key.await else {
        return;
    };
    let now = node.now();
    let terms = Arc::clone(&node.terms);
    let session = Session::new(
        session_id(),
        endpoint,
        handshake.lang,
        handshake.resume,
        terms,
        now,
    );
    let member = Member::new(session.id.clone(), endpoint, now.wall_ms, link, shard, key);
    let connection = Connection::new(Arc::clone(&node), Arc::new(member), session, place);
    let tasks = node.tasks.clone();
    tasks.spawn(connection.run(identity, first));
}

fn admit(
    node: &Node,
    handshake: &Handshake,
    address: IpAddr,
    link: &Arc<Link>,
) -> Result<Place, CloseCode> {
    if !handshake.origin_allowed {
        return Err(CloseCode::Forbidden);
    }
    let settings = &node.settings;
    let link = Arc::downgrade(link);
    let place = node.registry.admit(
        address,
        link,
        settings.connections,
        settings.connections_per_address,
    )?;
    // A drain that began after the upgrade was accepted has either seen the place, or is seen here.
    if node.closing.load(Ordering::Acquire) {
        return Err(CloseCode::Restart);
    }
    Ok(place)
}

async fn refuse(node: &Node, link: &Link, code: CloseCode) {
    node.figures.refused.inc();
    node.close(link, code);
    goodbye(link).await;
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

/// 96 random bits in hex: unique in a fleet, and nobody guesses another's.
fn session_id() -> String {
    let mut bytes = [0; 12];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("there is no randomness: session ids are not unique");
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
