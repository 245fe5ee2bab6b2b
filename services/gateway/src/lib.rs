//! The gateway: WebSockets in, deliveries out. Holds nothing that a restart loses.
//!
//! A connection: [`accept`] (upgrade, origin, places) with [`handshake`] (token, language, cursors) → its [`shard`], which
//! owns it as a [`connection`]: bytes in through [`frame`], what they mean by its [`session`] (the protocol, pure; its
//! types in [`message`]), effects out → [`call`] for what takes time, in tasks of their own that speak to it as a
//! [`client`]; [`subscribe`] and [`replay`] for what was missed. Most subscriptions have missed nothing, and go straight
//! from the shard to the [`hub`].
//!
//! A delivery: [`hub`] (the one reader of the log; gaps) → [`delivery`] (wire bytes, once) → [`shard`] (fan-out, timer
//! [`wheel`]) → [`link`] (one write, or the [`outbox`] while the socket is blocked).
//!
//! Beside them: [`pace`] of admissions, [`goodbye`], [`registry`] of users' [`seat`]s, [`control`] (revocations, kicks, users
//! who may not read a channel any more, probe), [`fleet`] (the HTTP interface to [`control`] of every node), [`drain`],
//! [`report`] (for the delivery trail), [`presence`], [`system`] figures, [`metrics`], [`trace`].

mod accept;
mod call;
mod calls;
mod channel;
mod client;
mod connection;
mod control;
mod delivery;
mod drain;
mod fleet;
pub mod frame;
mod frames;
mod goodbye;
mod handshake;
mod hub;
mod link;
mod message;
mod metrics;
mod node;
mod outbox;
mod pace;
mod presence;
mod rate;
mod registry;
mod replay;
mod report;
mod seat;
mod session;
mod settings;
mod shard;
mod subscribe;
mod system;
mod trace;
mod traffic;
mod wheel;

use axum::Router;
use fanfare_bus::bus::Serving;
use fanfare_http::OpenApiRouter;
pub use fanfare_service::Deps;
use hub::Hub;
use metrics::Figures;
use node::{Node, Uptime};
use pace::Pace;
use presence::{Keeper, Presence};
use registry::Registry;
use replay::Replays;
use report::Reports;
use session::Terms;
pub use settings::Settings;
use shard::Shard;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize},
    },
    time::Duration,
};
use system::System;
use tokio_util::sync::CancellationToken;

/// A running gateway.
pub struct Gateway {
    node: Arc<Node>,
    _serving: [Serving; 4],
}

impl Gateway {
    /// Starts the gateway's tasks. It accepts once its [`router`](Self::router) is served.
    ///
    /// # Errors
    ///
    /// The text says which part of the bus was not to be had.
    pub async fn start(settings: Settings, deps: Deps) -> Result<Self, String> {
        let Deps {
            handles,
            clock,
            tasks,
            shutdown,
            authority,
            metrics,
            traces,
        } = deps;
        let figures = Arc::new(Figures::new(&metrics));
        let limit = i64::try_from(settings.connections).unwrap_or(i64::MAX);
        figures.connections_limit.set(limit);
        let uptime = Uptime::begin();
        let (reports, reporter) = Reports::new(settings.node.clone(), Arc::clone(&handles.bus));
        tasks.spawn(reporter.run(shutdown.clone()));
        let mut shards = Vec::new();
        let mut sources_of_shards = Vec::new();
        for _ in 0..settings.shards.max(1) {
            let (handle, sources) = Shard::open().map_err(|error| error.to_string())?;
            shards.push(handle);
            sources_of_shards.push(sources);
        }
        let (hub, hub_handle, sources) = Hub::open(
            Arc::clone(&handles.log),
            &*handles.bus,
            shards.clone(),
            clock.clone(),
            (Arc::clone(&figures), traces.clone()),
            settings.ring_bytes,
        )
        .await?;
        tasks.spawn(hub.run(sources, settings.audit_interval, shutdown.clone()));
        let gateways = fanfare_service::gateways::follow(&*handles.bus, &tasks, &shutdown)
            .await
            .map_err(|error| error.to_string())?;
        let (presence, questions) = Presence::new(&settings);
        let node = Arc::new(Node {
            terms: Arc::new(terms(&settings)),
            pace: Pace::new(settings.admissions_per_second),
            system: System::new(settings.node.clone(), clock.clone()),
            settings,
            bus: handles.bus,
            log: handles.log,
            authority,
            hub: hub_handle,
            shards,
            registry: Arc::new(Registry::default()),
            replays: Replays::default(),
            reports,
            presence,
            gateways,
            figures,
            traces,
            clock,
            uptime,
            tasks: tasks.clone(),
            drain_asked: CancellationToken::new(),
            closing: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
        });
        for (index, sources) in (0..).zip(sources_of_shards) {
            tasks.spawn(Shard::run(
                Arc::clone(&node),
                index,
                sources,
                shutdown.clone(),
            ));
        }
        tasks.spawn(control::follow_revocations(
            Arc::clone(&node),
            shutdown.clone(),
        ));
        control::follow_watched(&node, shutdown.clone()).await?;
        let serving = [
            control::serve_sessions(&node).await?,
            control::serve_kicks(&node).await?,
            control::serve_drains(&node).await?,
            control::serve_leaves(&node).await?,
        ];
        let (keeper, sources) = Keeper::open(Arc::clone(&node), questions).await?;
        tasks.spawn(keeper.run(sources, shutdown.clone()));
        tasks.spawn(System::run(Arc::clone(&node), shutdown));
        Ok(Self {
            node,
            _serving: serving,
        })
    }

    /// The WebSocket endpoints.
    pub fn router(&self) -> Router {
        accept::router(Arc::clone(&self.node))
    }

    /// What administrators ask of the fleet.
    #[must_use]
    pub fn api(&self) -> OpenApiRouter {
        fleet::router(Arc::clone(&self.node))
    }

    /// Tells every client to come back elsewhere, and when, and returns when all have gone. From the beginning on the
    /// gateway is not [`ready`](Self::ready); upgrades are refused once the lame-duck time is over. Dropping the call
    /// leaves the sessions that have not been told.
    pub async fn drain(&self) {
        drain::run(&self.node).await;
    }

    /// Resolves once an operator has asked this node, over the bus, to drain. Cancel safe.
    pub async fn drain_asked(&self) {
        self.node.drain_asked.cancelled().await;
    }

    /// Whether the gateway can do its job: keys are there, the log is followed, and a message of its own comes back
    /// through the bus.
    ///
    /// # Errors
    ///
    /// The text says what is missing, for an operator.
    pub async fn ready(&self) -> Result<(), String> {
        if self.node.figures.draining.get() > 0 {
            return Err("draining".to_owned());
        }
        if !self.node.authority.is_ready() {
            return Err("the keys that tokens are checked with are not there".to_owned());
        }
        if self.node.is_deaf() {
            return Err("the part that follows the log has ended".to_owned());
        }
        control::probe(&self.node).await
    }
}

fn terms(settings: &Settings) -> Terms {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Terms {
        node: settings.node.clone(),
        heartbeat_interval_ms: millis(settings.ping_interval),
        auth_timeout_ms: millis(settings.auth_timeout),
        token_notice_ms: i64::try_from(settings.token_notice.as_millis()).unwrap_or(i64::MAX),
        subscriptions: settings.subscriptions,
        frames_per_second: settings.frames_per_second,
        frames_burst: settings.frames_burst,
    }
}
