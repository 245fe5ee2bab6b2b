//! Three NATS servers that keep every stream three times.

mod server;

use super::{Namespaces, Tools};
use crate::{
    failure::{Failure, Outcome},
    net::{Asker, free_port, until},
};
use rustix::process::Signal;
use server::{Place, Server};
use std::time::Duration;

/// How many servers there are: the fewest that survive the loss of one.
pub(crate) const SERVERS: usize = 3;

/// Longest until the servers have found each other and chosen who leads: an election takes up to 9 s, and a machine that
/// does other things is slower.
const READY: Duration = Duration::from_secs(60);

/// The cluster of a row.
pub(crate) struct Cluster {
    servers: Vec<Server>,
    asker: Asker,
    // The servers are dropped, and so ended, before the namespaces they are in.
    namespaces: Option<Namespaces>,
}

impl Cluster {
    /// Starts the servers and waits until they are one cluster.
    pub(crate) async fn start(tools: &Tools, namespaces: Option<Namespaces>) -> Outcome<Self> {
        let places = (0..SERVERS)
            .map(|index| place(index, namespaces.as_ref()))
            .collect::<Outcome<Vec<Place>>>()?;
        let routes: Vec<String> = places.iter().map(Place::route).collect();
        let binary = tools.nats_server.as_ref();
        let binary = binary.ok_or_else(|| {
            Failure::wrong("this row needs a NATS server: name one with --nats-server")
        })?;
        let mut servers = Vec::new();
        for (index, place) in places.into_iter().enumerate() {
            let name = format!("nats-{}", index + 1);
            servers.push(Server::start(tools, &name, binary, place, &routes)?);
        }
        let mut cluster = Self {
            servers,
            asker: Asker::new()?,
            namespaces,
        };
        for index in 0..SERVERS {
            cluster.ready(index).await?;
        }
        cluster.leader_of_all().await?;
        Ok(cluster)
    }

    /// Where clients connect.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.servers.iter().map(Server::url).collect()
    }

    /// How many servers there are.
    pub(crate) const fn len(&self) -> usize {
        self.servers.len()
    }

    /// Ends a server without warning.
    pub(crate) fn kill(&mut self, index: usize) {
        self.servers[index].kill();
    }

    /// Starts it again, with what it had stored, and waits until it has caught up.
    pub(crate) async fn resume(&mut self, index: usize) -> Outcome<()> {
        self.begin(index)?;
        self.ready(index).await
    }

    /// Starts it again, and does not wait.
    pub(crate) fn begin(&mut self, index: usize) -> Outcome<()> {
        self.servers[index].resume()
    }

    /// Stops a server, as a machine does that swaps: its sockets stay open.
    pub(crate) fn pause(&self, index: usize) -> Outcome<()> {
        self.servers[index].signal(Signal::STOP)
    }

    /// Lets a stopped server go on.
    pub(crate) fn go_on(&self, index: usize) -> Outcome<()> {
        self.servers[index].signal(Signal::CONT)
    }

    /// The network of a server, when each has one of its own.
    pub(crate) fn namespaces(&self) -> Outcome<&Namespaces> {
        let missing = || Failure::wrong("the servers share a network");
        self.namespaces.as_ref().ok_or_else(missing)
    }

    /// Waits until a server says that it and all it stores are up to date.
    pub(crate) async fn ready(&mut self, index: usize) -> Outcome<()> {
        let asker = self.asker.clone();
        let server = &mut self.servers[index];
        let url = format!("{}/healthz", server.monitor());
        let what = format!("NATS server {} is healthy", index + 1);
        until(&what, READY, async || {
            server.is_running()?;
            Ok(asker.is_fine(&url).await.then_some(()))
        })
        .await
    }

    /// The server that leads the most streams of the log.
    pub(crate) async fn leader(&self) -> Outcome<usize> {
        until("some server leads a stream of the log", READY, async || {
            let mut counts = [0; SERVERS];
            for (index, server) in self.servers.iter().enumerate() {
                let url = format!("{}/jsz?accounts=true&streams=true", server.monitor());
                let Some(status) = self.asker.json(&url).await else {
                    continue;
                };
                counts[index] = streams_led(&status, server.name());
            }
            let most = (0..SERVERS).max_by_key(|index| counts[*index]);
            Ok(most.filter(|index| counts[*index] > 0))
        })
        .await
    }

    /// Waits until a leader of the cluster is chosen: without one no stream can be made.
    async fn leader_of_all(&self) -> Outcome<()> {
        let url = format!("{}/jsz", self.servers[0].monitor());
        until("the NATS servers have a leader", READY, async || {
            let status = self.asker.json(&url).await.unwrap_or_default();
            let leader = status["meta_cluster"]["leader"].as_str();
            Ok(leader.filter(|leader| !leader.is_empty()).map(|_| ()))
        })
        .await
    }
}

/// How many streams of the log the server `name` leads, as it says itself.
fn streams_led(status: &serde_json::Value, name: &str) -> usize {
    let accounts = status["account_details"].as_array().into_iter().flatten();
    let streams = accounts.filter_map(|account| account["stream_detail"].as_array());
    streams
        .flatten()
        .filter(|stream| {
            let is_log = stream["name"]
                .as_str()
                .is_some_and(|own| own.starts_with("LOG_"));
            is_log && stream["cluster"]["leader"] == name
        })
        .count()
}

/// Where a server stands: on a loopback address of its own, or in a namespace of its own.
fn place(index: usize, namespaces: Option<&Namespaces>) -> Outcome<Place> {
    let Some(namespaces) = namespaces else {
        let host = format!("127.0.77.{}", index + 1);
        return Ok(Place {
            client: free_port(&host)?,
            route: free_port(&host)?,
            monitor: free_port(&host)?,
            namespace: None,
            host,
        });
    };
    // Nobody else is in the namespace, so the usual ports are free.
    Ok(Place {
        client: 4222,
        route: 6222,
        monitor: 8222,
        namespace: Some(namespaces.of_server(index).to_owned()),
        host: Namespaces::address(index),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_streams_of_the_log_that_it_leads_itself_count() {
        let stream = |name: &str, leader: &str| serde_json::json!({"name": name, "cluster": {"leader": leader}});
        let streams = [
            stream("LOG_0", "nats-1"),
            stream("LOG_1", "nats-2"),
            stream("KV_users", "nats-1"),
            stream("LOG_2", "nats-1"),
        ];
        let status = serde_json::json!({"account_details": [{"stream_detail": streams}]});
        assert_eq!(streams_led(&status, "nats-1"), 2);
        assert_eq!(streams_led(&status, "nats-3"), 0);
        assert_eq!(streams_led(&serde_json::Value::Null, "nats-1"), 0);
    }
}
