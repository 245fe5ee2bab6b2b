//! What one process is to run.

use crate::{Failure, back_end::BackEnd, cli, node_name, services, settings};
use fanfare_bus::nats::Role;
use std::path::PathBuf;

/// The services of one process and what they are told. Everything that can be wrong with the command line has been
/// found when there is one.
pub(crate) struct Plan {
    /// What the command calls itself.
    pub(crate) command: &'static str,
    pub(crate) common: cli::Common,
    pub(crate) services: services::Settings,
    /// The directory where this machine's own tools find a key. Only of a store that is here too: on a shared one, every
    /// process would leave a key to everything behind.
    pub(crate) local_key: Option<PathBuf>,
}

impl Plan {
    /// Everything in one process.
    pub(crate) fn standalone(options: cli::Standalone) -> Result<Self, Failure> {
        let data_dir = options.store.data_dir.clone();
        let back_end = BackEnd::either(options.store, options.nats);
        let node = options.sockets.node.as_deref();
        let mut plan = Self::new("standalone", options.common, back_end, node)?;
        plan.local_key = (!plan.services.back_end.is_shared()).then_some(data_dir);
        plan.serve_gateway(&options.sockets)?;
        plan.serve_auth(&options.auth)?;
        plan.serve_notify();
        plan.serve_chat();
        Ok(plan)
    }

    /// A gateway alone.
    pub(crate) fn gateway(options: cli::Gateway) -> Result<Self, Failure> {
        let back_end = BackEnd::shared(options.nats, "gateway", Role::Reader)?;
        let node = options.sockets.node.as_deref();
        let mut plan = Self::new("gateway", options.common, back_end, node)?;
        plan.serve_gateway(&options.sockets)?;
        Ok(plan)
    }

    /// An auth worker alone.
    pub(crate) fn auth(options: cli::Auth) -> Result<Self, Failure> {
        let back_end = BackEnd::shared(options.nats, "auth", Role::Records)?;
        let mut plan = Self::new("auth", options.common, back_end, None)?;
        plan.serve_auth(&options.auth)?;
        Ok(plan)
    }

    /// A notify worker alone.
    pub(crate) fn notify(options: cli::Notify) -> Result<Self, Failure> {
        let back_end = BackEnd::shared(options.nats, "notify", Role::Worker)?;
        let mut plan = Self::new("notify", options.common, back_end, None)?;
        plan.serve_notify();
        Ok(plan)
    }

    /// A chat worker alone.
    pub(crate) fn chat(options: cli::Chat) -> Result<Self, Failure> {
        let back_end = BackEnd::shared(options.nats, "chat", Role::Worker)?;
        let mut plan = Self::new("chat", options.common, back_end, None)?;
        plan.serve_chat();
        Ok(plan)
    }

    /// Nothing yet, on `back_end`.
    fn new(
        command: &'static str,
        common: cli::Common,
        back_end: BackEnd,
        node: Option<&str>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            command,
            services: services::Settings {
                node: node_name::choose(node, back_end.is_shared())?,
                back_end,
                tokens: settings::tokens(&common.issuers)?,
                gateway: None,
                auth: None,
                notify: None,
                chat: None,
            },
            common,
            local_key: None,
        })
    }

    fn serve_gateway(&mut self, options: &cli::Sockets) -> Result<(), Failure> {
        let node = self.services.node.clone();
        let gateway = settings::gateway(options, node, &self.common.shutdown)?;
        self.services.gateway = Some(gateway);
        Ok(())
    }

    fn serve_auth(&mut self, options: &cli::Administrator) -> Result<(), Failure> {
        self.services.auth = Some(settings::auth(options)?);
        Ok(())
    }

    fn serve_notify(&mut self) {
        self.services.notify = Some(settings::notify(&self.services.back_end));
    }

    fn serve_chat(&mut self) {
        self.services.chat = Some(fanfare_chat::Settings::default());
    }
}
