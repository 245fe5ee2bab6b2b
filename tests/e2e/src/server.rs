//! One whole Fanfare on free ports, with a data directory of its own.

use crate::{Api, Process, Upgrade};
use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
};
use tempfile::TempDir;

const ANY_PORT: &str = "127.0.0.1:0";

/// How to start a server.
#[derive(Clone, Debug, Default)]
pub struct Options {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Options {
    /// Adds a setting by its variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds arguments after `standalone`.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }
}

/// A running `fanfare standalone`. It and its data are gone when it is dropped.
pub struct Server {
    options: Options,
    process: Process,
    api: Api,
    // The process is dropped, and so ended, before its directory is.
    dir: TempDir,
}

impl Server {
    /// The password of `admin`.
    pub const ADMIN_PASSWORD: &str = "correct horse battery staple";

    /// Starts a server with the defaults and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts a server with `options` and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    pub async fn start_with(options: Options) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let (process, api) = run(&dir.path().join("data"), &options, ANY_PORT).await;
        Self {
            options,
            process,
            api,
            dir,
        }
    }

    /// Its HTTP interface, with its own API key.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// Where it keeps its data.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Begins a WebSocket to `path`.
    #[must_use]
    pub fn upgrade(&self, path: &str) -> Upgrade {
        Upgrade::to(&format!("{}{path}", self.api.url()))
    }

    /// `host:port` of the public port.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.api.url().trim_start_matches("http://")
    }

    /// Kills it without warning.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same data, on other ports, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    pub async fn start_again(&mut self) {
        self.start_again_at(ANY_PORT).await;
    }

    /// Starts it again on the same data, at the public address it had, for clients that come back by themselves.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    pub async fn start_again_there(&mut self) {
        let listen = self.authority().to_owned();
        self.start_again_at(&listen).await;
    }

    async fn start_again_at(&mut self, listen: &str) {
        let (process, api) = run(&self.data_dir(), &self.options, listen).await;
        self.process = process;
        self.api = api;
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits for it to end.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// What it wrote to stdout so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// What it wrote to stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.process.stderr()
    }
}

async fn run(data_dir: &Path, options: &Options, listen: &str) -> (Process, Api) {
    let data = data_dir.display().to_string();
    let mut arguments: Vec<String> = [
        "standalone",
        "--listen",
        listen,
        "--admin-listen",
        ANY_PORT,
        "--data-dir",
        &data,
    ]
    .map(str::to_owned)
    .into();
    arguments.extend(options.arguments.iter().cloned());
    let mut variables = vec![("FANFARE_ADMIN_PASSWORD", Server::ADMIN_PASSWORD)];
    variables.extend(
        options
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    let process = Process::start(&arguments, &variables);
    let (url, admin_url) = process.wait_for("its two addresses", addresses).await;
    let key = std::fs::read_to_string(data_dir.join("api-key"))
        .expect("the server has written its API key before it prints its addresses");
    let api = Api::new(url, admin_url, key.trim().to_owned());
    api.until_ready().await;
    (process, api)
}

/// The public and the admin URL in what a process printed, once both are there.
pub(crate) fn addresses(stdout: &str) -> Option<(String, String)> {
    let mut authorities = stdout.split_whitespace().filter_map(|word| {
        let rest = word
            .strip_prefix("http://")
            .or_else(|| word.strip_prefix("ws://"))?;
        rest.split('/').next()
    });
    let public = authorities.next()?;
    let admin = authorities.find(|authority| *authority != public)?;
    Some((format!("http://{public}"), format!("http://{admin}")))
}
