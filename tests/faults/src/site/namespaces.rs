//! A network of its own for each server, so that one can be cut off. Nothing touches the host's own network: even the
//! bridge between them is in a namespace.

use super::cluster::SERVERS;
use crate::failure::{During as _, Failure, Outcome};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::{fs::File, os::fd::AsFd as _, process::Command};

/// Where `ip netns` keeps what it makes.
const NAMED: &str = "/run/netns";

/// The namespaces of a row. Removed when they are dropped; whatever runs in them must have ended.
pub(crate) struct Namespaces {
    bridge: String,
    /// Of the servers, then of everybody else.
    members: Vec<String>,
}

impl Namespaces {
    /// Makes a namespace for each server and one for everybody else, all joined by one bridge.
    ///
    /// # Errors
    ///
    /// [`Failure::Unfit`] where the host does not allow it.
    pub(crate) fn make() -> Outcome<Self> {
        let own = std::process::id();
        let namespaces = Self {
            bridge: format!("fanfare-{own}-bridge"),
            members: (0..=SERVERS)
                .map(|index| format!("fanfare-{own}-{index}"))
                .collect(),
        };
        // What was made is removed by the drop, should a later step fail.
        namespaces
            .build()
            .map_err(|failure| Failure::Unfit(failure.to_string()))?;
        Ok(namespaces)
    }

    fn build(&self) -> Outcome<()> {
        let bridge = &*self.bridge;
        ip(&["netns", "add", bridge])?;
        ip(&["-n", bridge, "link", "add", "bridge", "type", "bridge"])?;
        ip(&["-n", bridge, "link", "set", "bridge", "up"])?;
        for (index, member) in self.members.iter().enumerate() {
            let (port, address) = (port(index), format!("{}/24", Self::address(index)));
            ip(&["netns", "add", member])?;
            ip(&["-n", member, "link", "set", "lo", "up"])?;
            ip(&[
                "-n", bridge, "link", "add", &port, "type", "veth", "peer", "name", "eth0",
                "netns", member,
            ])?;
            ip(&["-n", bridge, "link", "set", &port, "master", "bridge"])?;
            ip(&["-n", bridge, "link", "set", &port, "up"])?;
            ip(&["-n", member, "addr", "add", &address, "dev", "eth0"])?;
            ip(&["-n", member, "link", "set", "eth0", "up"])?;
        }
        Ok(())
    }

    /// The namespace of a server.
    pub(super) fn of_server(&self, index: usize) -> &str {
        &self.members[index]
    }

    /// The address of a member.
    pub(super) fn address(index: usize) -> String {
        format!("10.77.0.{}", index + 1)
    }

    /// Moves this thread, and what it starts from now on, into the namespace of those who are no servers.
    pub(crate) fn enter(&self) -> Outcome<()> {
        let during = "entering a network namespace";
        let file = File::open(format!("{NAMED}/{}", self.members[SERVERS])).during(during)?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).during(during)
    }

    /// Cuts a server off from everybody.
    pub(crate) fn cut(&self, index: usize) -> Outcome<()> {
        ip(&["-n", &self.bridge, "link", "set", &port(index), "nomaster"])
    }

    /// Joins it again.
    pub(crate) fn heal(&self, index: usize) -> Outcome<()> {
        ip(&[
            "-n",
            &self.bridge,
            "link",
            "set",
            &port(index),
            "master",
            "bridge",
        ])
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in self.members.iter().chain([&self.bridge]) {
            // One that was never made cannot be removed.
            let _missing = ip(&["netns", "del", name]);
        }
    }
}

fn port(index: usize) -> String {
    format!("port-{index}")
}

fn ip(arguments: &[&str]) -> Outcome<()> {
    let output = Command::new("ip").args(arguments).output();
    let output = output.during("running ip(8)")?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Wrong(format!(
        "ip {}: {}",
        arguments.join(" "),
        complaint.trim()
    )))
}
