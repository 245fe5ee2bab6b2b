//! One NATS server.

use super::Tools;
use crate::{
    failure::{During as _, Outcome},
    process::Process,
    site::log_of,
};
use rustix::process::Signal;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Its addresses.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) client: u16,
    pub(super) route: u16,
    pub(super) monitor: u16,
    /// Its network namespace, when it has one of its own.
    pub(super) namespace: Option<String>,
}

/// A server, running or not.
pub(super) struct Server {
    name: String,
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
    place: Place,
    process: Option<Process>,
}

impl Place {
    /// Where the other servers connect.
    pub(super) fn route(&self) -> String {
        format!("nats://{}:{}", self.host, self.route)
    }
}

impl Server {
    /// Starts one of the servers that are connected by `routes`.
    pub(super) fn start(
        tools: &Tools,
        name: &str,
        binary: &Path,
        place: Place,
        routes: &[String],
    ) -> Outcome<Self> {
        let store = tools.data.join(name);
        let config = tools.data.join(format!("{name}.conf"));
        fs::create_dir_all(&store).during("making the store of a NATS server")?;
        let text = configuration(name, &place, &store, routes);
        fs::write(&config, text).during("writing the configuration of a NATS server")?;
        let mut server = Self {
            name: name.to_owned(),
            binary: binary.to_owned(),
            config,
            log: log_of(tools, name),
            place,
            process: None,
        };
        server.resume()?;
        Ok(server)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where clients connect.
    pub(super) fn url(&self) -> String {
        format!("nats://{}:{}", self.place.host, self.place.client)
    }

    /// Where it tells how it is.
    pub(super) fn monitor(&self) -> String {
        format!("http://{}:{}", self.place.host, self.place.monitor)
    }

    pub(super) fn kill(&mut self) {
        self.process = None;
    }

    pub(super) fn resume(&mut self) -> Outcome<()> {
        let mut command = match &self.place.namespace {
            None => Command::new(&self.binary),
            Some(namespace) => {
                // It becomes the server, so the process id is the server's.
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(&self.binary);
                command
            }
        };
        command.arg("-c").arg(&self.config);
        let process = Process::start(&self.name, &self.log, &mut command)?;
        self.process = Some(process);
        Ok(())
    }

    pub(super) fn signal(&self, signal: Signal) -> Outcome<()> {
        self.process
            .as_ref()
            .map_or(Ok(()), |own| own.signal(signal))
    }

    pub(super) fn is_running(&mut self) -> Outcome<()> {
        self.process.as_mut().map_or(Ok(()), Process::is_running)
    }
}

/// Every write is on disk before it is answered, as we recommend for production.
fn configuration(name: &str, place: &Place, store: &Path, routes: &[String]) -> String {
    let Place {
        host,
        client,
        route,
        monitor,
        ..
    } = place;
    format!(
        "server_name: {name}\n\
         listen: \"{host}:{client}\"\n\
         http: \"{host}:{monitor}\"\n\
         jetstream {{ store_dir: {store:?}, sync_interval: always, max_mem: 256M, max_file: 4G }}\n\
         cluster {{ name: faults, listen: \"{host}:{route}\", pool_size: 3, routes: {routes:?} }}\n"
    )
}
