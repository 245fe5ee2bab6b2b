//! The services of one process, from their start to their end.

use crate::{
    Failure,
    back_end::BackEnd,
    measure, openapi,
    readiness::{self, Readiness},
};
use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, Method, StatusCode, Uri},
    middleware::{Next, from_fn, from_fn_with_state},
    response::IntoResponse as _,
    routing::get,
};
use fanfare_auth::Auth;
use fanfare_chat::Chat;
use fanfare_gateway::Gateway;
use fanfare_http::{Problem, Requests, TrustedProxies, request_id};
use fanfare_lifecycle::{Clock, Shutdown, Tasks};
use fanfare_notify::Notify;
use fanfare_proto::{ErrorCode, limits};
use fanfare_service::{Deps, traced};
use fanfare_telemetry::{metrics::Metrics, traces::Traces};
use fanfare_tokens::Authority;
use std::{sync::Arc, time::Duration};

/// Largest request body: a whole batch of notifications of a few kilobytes each.
const REQUEST_BYTES: usize = 64 * limits::BODY_BYTES;

/// Longest that what the services have under way may take at the end. With the back end's and the last spans'
/// ([`crate::traces::FINISH`]) this is less than the ten seconds that the chart and compose give after the grace.
const UNDER_WAY: Duration = Duration::from_secs(4);

/// The same for the back end.
const BACK_END: Duration = Duration::from_secs(2);

/// Which services, and what they are told.
pub(crate) struct Settings {
    pub(crate) back_end: BackEnd,
    /// Of this process, among those that share the back end.
    pub(crate) node: String,
    pub(crate) tokens: fanfare_tokens::Settings,
    pub(crate) gateway: Option<fanfare_gateway::Settings>,
    pub(crate) auth: Option<fanfare_auth::Settings>,
    pub(crate) notify: Option<fanfare_notify::Settings>,
    pub(crate) chat: Option<fanfare_chat::Settings>,
}

/// Those that run.
pub(crate) struct Services {
    pub(crate) auth: Option<Auth>,
    notify: Option<Notify>,
    chat: Option<Chat>,
    gateway: Option<Arc<Gateway>>,
    node: String,
    deps: Deps,
    /// The back end ends after all that use it.
    back_end: Life,
}

/// What something runs, and when it ends.
#[derive(Default)]
struct Life {
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Services {
    /// Opens the back end and starts what `settings` name.
    pub(crate) async fn start(
        settings: Settings,
        metrics: &Metrics,
        traces: &Traces,
        readiness: &Readiness,
    ) -> Result<Self, Failure> {
        let clock = Clock::system();
        let back_end = Life::default();
        let (tasks, shutdown) = (&Tasks::new(), &Shutdown::new());
        let handles = settings.back_end.open(
            &settings.node,
            metrics,
            clock.clone(),
            &back_end.tasks,
            &back_end.shutdown,
            readiness,
        );
        let handles = traced(handles.await?, traces);
        let authority =
            Authority::start(settings.tokens, &handles, clock.clone(), tasks, shutdown).await;
        let authority = authority.map_err(Failure::Usage)?;
        measure::authority(metrics, &authority);
        let deps = Deps {
            handles,
            clock,
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
            authority,
            metrics: metrics.clone(),
            traces: traces.clone(),
        };
        let mut services = Self {
            auth: None,
            notify: None,
            chat: None,
            gateway: None,
            node: settings.node,
            deps,
            back_end,
        };
        if let Some(settings) = settings.auth {
            services.start_auth(settings).await?;
        }
        if let Some(settings) = settings.notify {
            let started = fanfare_notify::start(settings, services.deps.clone()).await;
            services.notify = Some(started.map_err(|error| Failure::work(error.to_string()))?);
        }
        if let Some(settings) = settings.chat {
            let started = fanfare_chat::start(settings, services.deps.clone()).await;
            services.chat = Some(started.map_err(|error| Failure::work(error.to_string()))?);
        }
        if let Some(settings) = settings.gateway {
            let started = Gateway::start(settings, services.deps.clone()).await;
            services.gateway = Some(Arc::new(started.map_err(Failure::Work)?));
        }
        Ok(services)
    }

    async fn start_auth(&mut self, settings: fanfare_auth::Settings) -> Result<(), Failure> {
        let has_password = settings.admin_password.is_some();
        let started = fanfare_auth::start(settings, self.deps.clone()).await;
        let auth = started.map_err(|error| Failure::work(error.to_string()))?;
        if has_password && auth.first_run.is_none() {
            tracing::info!(
                "--admin-password has no effect after the first start: there is an administrator already"
            );
        }
        self.auth = Some(auth);
        Ok(())
    }

    /// What must be there for them to do their job.
    pub(crate) fn checks(&self) -> readiness::Checks {
        let writes = self.auth.is_some() || self.notify.is_some() || self.chat.is_some();
        let probe = || readiness::StoreProbe::new(Arc::clone(&self.deps.handles.kv), &self.node);
        readiness::Checks {
            authority: Arc::clone(&self.deps.authority),
            gateway: self.gateway.clone(),
            store: writes.then(probe),
        }
    }

    /// Runs `work` until it is done or the services end.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.deps.shutdown.clone();
        self.deps.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.begun() => {}
                () = work => {}
            }
        });
    }

    /// Everything that they serve on the public port.
    pub(crate) fn router(&self, trusted_proxies: TrustedProxies) -> Router {
        let documented = [
            self.auth.as_ref().map(Auth::router),
            self.notify.as_ref().map(Notify::router),
            self.chat.as_ref().map(Chat::router),
            self.gateway.as_deref().map(Gateway::api),
        ];
        let mut router = Router::new();
        let mut documents = Vec::new();
        for (part, document) in documented
            .into_iter()
            .flatten()
            .map(|part| part.split_for_parts())
        {
            router = router.merge(part);
            documents.push(document);
        }
        if let Some(gateway) = &self.gateway {
            router = router.merge(gateway.router());
        }
        let document = Arc::new(openapi::document(documents));
        let reference = get(async move || Json((*document).clone()));
        let has_console = self.gateway.is_some();
        let not_found = async move |method: Method, uri: Uri, headers: HeaderMap| {
            let console = has_console
                .then(|| fanfare_console::respond(&method, &uri, &headers))
                .flatten();
            console.unwrap_or_else(|| {
                let detail = "there is nothing at this path; see /openapi.json";
                Problem::new(ErrorCode::NotFound, detail).into_response()
            })
        };
        let wrong_method = async || {
            let problem = Problem::new(
                ErrorCode::BadMessage,
                "this path does not take this method; see /openapi.json",
            );
            problem.with_status(StatusCode::METHOD_NOT_ALLOWED.as_u16())
        };
        let requests = Requests::new(&self.deps.metrics);
        let measure =
            from_fn(move |request: Request, next: Next| requests.clone().measure(request, next));
        self.traced(router.route("/openapi.json", reference))
            .fallback(not_found)
            .method_not_allowed_fallback(wrong_method)
            .layer(DefaultBodyLimit::max(REQUEST_BYTES))
            .layer(measure)
            .layer(from_fn(request_id))
            .layer(Extension(trusted_proxies))
    }

    /// Opens a span for each request that has a route, if anybody collects.
    fn traced(&self, router: Router) -> Router {
        let traces = self.deps.traces.clone();
        if traces.is_on() {
            let traced = from_fn_with_state(traces, fanfare_http::traced);
            router.layer(traced)
        } else {
            router
        }
    }

    /// Resolves once an operator has asked, over the bus, for what a signal asks for. Cancel safe.
    pub(crate) async fn drain_asked(&self) {
        match &self.gateway {
            Some(gateway) => gateway.drain_asked().await,
            None => std::future::pending().await,
        }
    }

    /// Goes on for `lame_duck`, then sends every client away.
    pub(crate) async fn drain(&self, lame_duck: Duration) {
        match &self.gateway {
            // Its settings say how long it goes on.
            Some(gateway) => gateway.drain().await,
            None => tokio::time::sleep(lame_duck).await,
        }
    }

    /// Ends them, lets what they have under way finish, and only then ends the back end. Answers how many tasks were
    /// left.
    pub(crate) async fn stop(self) -> usize {
        let Self {
            auth,
            notify,
            chat,
            gateway,
            deps,
            back_end,
            ..
        } = self;
        let Deps {
            tasks, shutdown, ..
        } = deps;
        shutdown.force();
        drop((auth, notify, chat, gateway));
        let left = tasks.wait(UNDER_WAY).await;
        back_end.shutdown.force();
        left + back_end.tasks.wait(BACK_END).await
    }
}
