//! An installation of its own for a row: real processes on loopback addresses, or in network namespaces.

mod cluster;
mod disk;
mod namespaces;
mod service;

pub(crate) use cluster::Cluster;
pub(crate) use disk::Disk;
pub(crate) use namespaces::Namespaces;
pub(crate) use service::Service;

use crate::{
    failure::{Failure, Outcome},
    net::Asker,
};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Of the administrator of every installation here.
const PASSWORD: &str = "correct horse battery staple";

/// The binaries, and where a row keeps what it writes.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) fanfare: PathBuf,
    /// Not needed by rows that run everything in one process.
    pub(crate) nats_server: Option<PathBuf>,
    /// Where each process of a row writes its log.
    pub(crate) logs: PathBuf,
    /// Where each process of a row keeps its data.
    pub(crate) data: PathBuf,
}

/// The processes of a row.
pub(crate) struct Site {
    pub(crate) gateways: Vec<Service>,
    /// Whatever answers the publish API. The processes of a standalone installation are among `gateways` only.
    pub(crate) workers: Vec<Service>,
    /// Whatever answers for rooms, likewise.
    pub(crate) chats: Vec<Service>,
    auth: Option<Service>,
    /// `None`: everything is in one process.
    pub(crate) cluster: Option<Cluster>,
    doors: Doors,
}

/// What clients and publishers are told: addresses that stay the same for the whole row.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    /// `host:port` of each gateway.
    pub(crate) gateways: Vec<String>,
    /// URL of each notify worker.
    pub(crate) workers: Vec<String>,
    /// URL of each chat worker.
    pub(crate) chats: Vec<String>,
    /// URL of who mints tokens.
    pub(crate) auth: String,
    /// A key to everything.
    pub(crate) key: String,
}

impl Site {
    /// Everything in one process, on a store of its own.
    pub(crate) async fn standalone(tools: &Tools) -> Outcome<Self> {
        let data = tools.data.join("standalone").display().to_string();
        let arguments = ["--data-dir", &data, "--admin-password", PASSWORD];
        let service = Service::start(tools, "standalone", "standalone", &arguments).await?;
        let url = service.url();
        let doors = Doors {
            gateways: vec![service.authority().to_owned()],
            workers: vec![url.clone()],
            chats: vec![url.clone()],
            key: make_key(&url).await?,
            auth: url,
        };
        Ok(Self {
            gateways: vec![service],
            workers: Vec::new(),
            chats: Vec::new(),
            auth: None,
            cluster: None,
            doors,
        })
    }

    /// Three NATS servers, an auth worker, two notify workers, two chat workers, and two gateways.
    pub(crate) async fn apart(tools: &Tools, place: Option<Namespaces>) -> Outcome<Self> {
        let cluster = Cluster::start(tools, place).await?;
        let servers = cluster.urls().join(",");
        let on_nats = ["--nats", &servers, "--nats-replicas", "3"];
        let of_auth = [&on_nats[..], &["--admin-password", PASSWORD]].concat();
        let auth = Service::start(tools, "auth", "auth", &of_auth).await?;
        let key = make_key(&auth.url()).await?;
        let mut workers = Vec::new();
        for name in ["notify-1", "notify-2"] {
            workers.push(Service::start(tools, name, "notify", &on_nats).await?);
        }
        let mut chats = Vec::new();
        for name in ["chat-1", "chat-2"] {
            chats.push(Service::start(tools, name, "chat", &on_nats).await?);
        }
        let mut gateways = Vec::new();
        for name in ["gateway-1", "gateway-2"] {
            let options = [&on_nats[..], &["--node", name]].concat();
            gateways.push(Service::start(tools, name, "gateway", &options).await?);
        }
        let authority = |service: &Service| service.authority().to_owned();
        let doors = Doors {
            gateways: gateways.iter().map(authority).collect(),
            workers: workers.iter().map(Service::url).collect(),
            chats: chats.iter().map(Service::url).collect(),
            auth: auth.url(),
            key,
        };
        Ok(Self {
            gateways,
            workers,
            chats,
            auth: Some(auth),
            cluster: Some(cluster),
            doors,
        })
    }

    pub(crate) const fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The NATS servers.
    pub(crate) fn cluster(&mut self) -> Outcome<&mut Cluster> {
        let missing = || Failure::wrong("this row has no NATS servers");
        self.cluster.as_mut().ok_or_else(missing)
    }

    /// An error, when a process has ended that nobody has killed.
    pub(crate) fn all_run(&mut self) -> Outcome<()> {
        let services = self.gateways.iter_mut().chain(&mut self.workers);
        services
            .chain(&mut self.chats)
            .chain(&mut self.auth)
            .try_for_each(Service::is_running)
    }
}

/// Has the administrator make a key to everything.
async fn make_key(auth: &str) -> Outcome<String> {
    let asker = Asker::new()?;
    let login = json!({"username": "admin", "password": PASSWORD});
    let login = asker
        .post(&format!("{auth}/v1/auth/login"), "", &login)
        .await?;
    let token = text(&login, "access_token")?;
    let scopes = [
        "notifications:publish",
        "channels:publish",
        "rooms:manage",
        "tokens:mint",
        "admin",
    ];
    let body = json!({"name": "faults", "scopes": scopes});
    let url = format!("{auth}/v1/auth/api-keys");
    text(&asker.post(&url, &token, &body).await?, "key")
}

/// The text `name` of an answer.
pub(crate) fn text(body: &serde_json::Value, name: &str) -> Outcome<String> {
    let missing = || Failure::wrong(format!("an answer has no {name}"));
    Ok(body[name].as_str().ok_or_else(missing)?.to_owned())
}

/// The log of one process.
fn log_of(tools: &Tools, name: &str) -> PathBuf {
    Path::new(&tools.logs).join(format!("{name}.log"))
}
