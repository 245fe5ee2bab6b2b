//! Everything in one process, on the embedded store.

use crate::{Failure, admin, banner::Banner, cli, local_key, openapi, settings, signals::Signals};
use axum::{Extension, Json, Router, extract::DefaultBodyLimit, http::StatusCode, routing::get};
use fanfare_auth::{Auth, Password};
use fanfare_bus::{Handles, embedded};
use fanfare_gateway::Gateway;
use fanfare_http::{Problem, TrustedProxies, request_id, serve};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_notify::Notify;
use fanfare_proto::{ErrorCode, limits};
use fanfare_telemetry::{logs, metrics::Metrics};
use fanfare_tokens::Authority;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpSocket};

/// Largest request body: a whole batch of notifications of a few kilobytes each.
const REQUEST_BYTES: usize = 64 * limits::BODY_BYTES;

/// Longest that requests under way may take once every client has left.
const REQUESTS: Duration = Duration::from_secs(10);

/// The scopes of the local tools' key: everything.
const LOCAL_SCOPES: [&str; 4] = [
    "notifications:publish",
    "channels:publish",
    "tokens:mint",
    "admin",
];

/// Serves until a signal, then drains.
pub(crate) async fn run(options: cli::Serve) -> Result<(), Failure> {
    let format = match options.log_format {
        cli::LogFormat::Text => logs::Format::Text,
        cli::LogFormat::Json => logs::Format::Json,
    };
    logs::init(&options.log, format).map_err(Failure::Usage)?;
    let tokens = settings::tokens(&options.issuers)?;
    settings::check(&options)?;
    let listen = settings::address(&options.listen, "--listen").await?;
    let admin_listen = settings::address(&options.admin_listen, "--admin-listen").await?;
    let mut signals = Signals::catch().map_err(|error| Failure::work(error.to_string()))?;
    let listener = bind(listen, "--listen")?;
    let admin_listener = bind(admin_listen, "--admin-listen")?;
    let parts = Parts::start(&options, tokens).await?;
    if options.admin_password.is_some() && parts.auth.first_run.is_none() {
        tracing::info!(
            "--admin-password has no effect after the first start: there is an administrator already"
        );
    }
    keep_local_key(&parts.auth, &options.data_dir).await?;
    let grace = Duration::from_secs(options.shutdown.grace_seconds);
    let admin_router = admin::router(Arc::clone(&parts.gateway), parts.metrics.clone());
    let banner = Banner {
        listen: local_addr(&listener)?,
        admin_listen: local_addr(&admin_listener)?,
        data_dir: &options.data_dir,
        admin_password: parts
            .auth
            .first_run
            .as_ref()
            .and_then(|first_run| first_run.admin_password.as_deref()),
    };
    let edges = Edges::open(&parts, options.edge, listener, admin_listener, admin_router);
    banner.print();
    signals.next().await;
    tracing::info!("stopping; a second signal stops at once");
    let ended = tokio::select! {
        ended = parts.stop(edges, grace) => ended,
        () = signals.next() => Err(Failure::work("stopped at once, as asked")),
    };
    tracing::info!("stopped");
    ended
}

/// The services of this process.
struct Parts {
    auth: Auth,
    notify: Notify,
    gateway: Arc<Gateway>,
    tasks: Tasks,
    shutdown: Shutdown,
    metrics: Metrics,
}

/// The open ports.
struct Edges {
    /// Ends before the services do.
    public: Shutdown,
    /// Ends last: probes answer while the node drains.
    admin: Shutdown,
    tasks: Tasks,
}

impl Parts {
    async fn start(
        options: &cli::Serve,
        tokens: fanfare_tokens::Settings,
    ) -> Result<Self, Failure> {
        let clock = Clock::system();
        let tasks = Tasks::new();
        let shutdown = Shutdown::new();
        let metrics = Metrics::new();
        let store = embedded::Settings {
            cache_bytes: options.store_cache_mib as usize * 1024 * 1024,
            ..embedded::Settings::new(&options.data_dir)
        };
        let handles: Handles = embedded::open(store, clock.clone(), &tasks, &shutdown)
            .await
            .map_err(|error| Failure::work(error.to_string()))?;
        let authority = Authority::start(tokens, &handles, clock.clone(), &tasks, &shutdown)
            .await
            .map_err(Failure::Usage)?;
        let auth = fanfare_auth::start(
            fanfare_auth::Settings {
                admin_password: options.admin_password.clone().map(Password::new),
                ..fanfare_auth::Settings::default()
            },
            fanfare_auth::Deps {
                handles: handles.clone(),
                clock: clock.clone(),
                tasks: tasks.clone(),
                shutdown: shutdown.clone(),
                authority: Arc::clone(&authority),
                metrics: metrics.clone(),
            },
        )
        .await
        .map_err(|error| Failure::work(error.to_string()))?;
        let notify = fanfare_notify::start(
            fanfare_notify::Settings::default(),
            fanfare_notify::Deps {
                handles: handles.clone(),
                clock: clock.clone(),
                tasks: tasks.clone(),
                shutdown: shutdown.clone(),
                authority: Arc::clone(&authority),
                metrics: metrics.clone(),
            },
        )
        .await
        .map_err(|error| Failure::work(error.to_string()))?;
        let gateway = Gateway::start(
            settings::gateway(options),
            fanfare_gateway::Deps {
                handles,
                clock,
                tasks: tasks.clone(),
                shutdown: shutdown.clone(),
                authority,
                metrics: metrics.clone(),
            },
        )
        .await
        .map_err(Failure::Work)?;
        Ok(Self {
            auth,
            notify,
            gateway: Arc::new(gateway),
            tasks,
            shutdown,
            metrics,
        })
    }

    fn router(&self, edge: cli::Edge) -> Router {
        let (auth, auth_doc) = self.auth.router().split_for_parts();
        let (notify, notify_doc) = self.notify.router().split_for_parts();
        let document = Arc::new(openapi::document([auth_doc, notify_doc]));
        let reference = get(async move || Json((*document).clone()));
        let not_found = async || {
            Problem::new(
                ErrorCode::NotFound,
                "there is nothing at this path; see /openapi.json",
            )
        };
        let wrong_method = async || {
            let problem = Problem::new(
                ErrorCode::BadMessage,
                "this path does not take this method; see /openapi.json",
            );
            (StatusCode::METHOD_NOT_ALLOWED, problem)
        };
        auth.merge(notify)
            .merge(self.gateway.router())
            .route("/openapi.json", reference)
            .fallback(not_found)
            .method_not_allowed_fallback(wrong_method)
            .layer(DefaultBodyLimit::max(REQUEST_BYTES))
            .layer(axum::middleware::from_fn(request_id))
            .layer(Extension(TrustedProxies(edge.trusted_proxies.into())))
    }

    /// Sends every client away, finishes requests, then stops the services. What takes longer than `grace` is dropped.
    async fn stop(self, edges: Edges, grace: Duration) -> Result<(), Failure> {
        let late = tokio::time::timeout(grace, async {
            self.gateway.drain().await;
            edges.public.begin();
            edges.tasks.wait(REQUESTS).await
        })
        .await
        .is_err();
        edges.public.force();
        self.shutdown.begin();
        self.shutdown.force();
        drop((self.auth, self.notify, self.gateway));
        let left = self.tasks.wait(REQUESTS).await;
        edges.admin.force();
        if late || left > 0 {
            return Err(Failure::work(
                "some clients or tasks did not end in time and were dropped",
            ));
        }
        Ok(())
    }
}

impl Edges {
    fn open(
        parts: &Parts,
        edge: cli::Edge,
        listener: TcpListener,
        admin_listener: TcpListener,
        admin_router: Router,
    ) -> Self {
        let public = Shutdown::new();
        let admin = Shutdown::new();
        let tasks = Tasks::new();
        let limits = fanfare_http::Limits::default();
        let router = parts.router(edge);
        tasks.spawn(serve(
            listener,
            router,
            limits,
            tasks.clone(),
            public.clone(),
        ));
        let own = Tasks::new();
        own.spawn(serve(
            admin_listener,
            admin_router,
            limits,
            own.clone(),
            admin.clone(),
        ));
        Self {
            public,
            admin,
            tasks,
        }
    }
}

/// Connections that wait in the kernel to be accepted, as far as it allows: in a storm of clients that come back, those
/// beyond are dropped and try again after a second, then two, then four.
const BACKLOG: u32 = 65_535;

fn bind(address: std::net::SocketAddr, option: &str) -> Result<TcpListener, Failure> {
    listen(address).map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
            format!("; something else listens there: choose another with {option}")
        } else {
            String::new()
        };
        Failure::work(format!("cannot listen on {address}: {error}{hint}"))
    })
}

fn listen(address: std::net::SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A server that is started again must not wait for the connections of the one before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn local_addr(listener: &TcpListener) -> Result<std::net::SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::work(error.to_string()))
}

/// Makes the local tools' key, unless there is a good one.
async fn keep_local_key(auth: &Auth, data_dir: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::work(format!(
            "the API key's file {}: {error}",
            local_key::path(data_dir).display()
        ))
    };
    let existing = local_key::read(data_dir).map_err(failed)?;
    let key = auth
        .ensure_local_key("tools", &LOCAL_SCOPES, existing.as_deref())
        .await
        .map_err(|error| Failure::work(error.to_string()))?;
    if existing.as_deref() == Some(key.as_str()) {
        return Ok(());
    }
    local_key::write(data_dir, &key).map_err(failed)
}
