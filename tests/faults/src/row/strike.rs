//! What is done to the processes of a row, and undone.

use super::Row;
use crate::{
    failure::Outcome,
    site::{Disk, Site},
};
use std::time::Duration;

/// How long a killed process is away: longer than clients and publishers need to find another.
const AWAY: Duration = Duration::from_secs(6);

/// How often each chat worker is killed: a few requests of each time are stored and not answered.
const ROUNDS: usize = 6;
const ROUNDS_SHORT: usize = 3;

/// How long it is back before the next one is killed, so that it has requests under way again.
const BACK: Duration = Duration::from_millis(700);

/// How long a server is stopped: longer than an election takes, so that it wakes up deposed.
const STOPPED: Duration = Duration::from_secs(10);

/// How long a server is cut off: as long as the measurements took that the design follows from.
const CUT: Duration = Duration::from_secs(15);

/// How long a disk stays full.
const FULL: Duration = Duration::from_secs(8);

impl Row {
    pub(super) async fn strike(
        self,
        site: &mut Site,
        disks: &[Disk],
        is_short: bool,
    ) -> Outcome<()> {
        match self {
            Self::None | Self::Takeover => tokio::time::sleep(AWAY).await,
            Self::GatewayKill | Self::StandaloneKill => {
                site.gateways[0].kill();
                tokio::time::sleep(AWAY).await;
                site.gateways[0].resume().await?;
            }
            Self::WorkerKill => {
                site.workers[0].kill();
                tokio::time::sleep(AWAY).await;
                site.workers[0].resume().await?;
            }
            Self::ChatKill => {
                let rounds = if is_short { ROUNDS_SHORT } else { ROUNDS };
                for _round in 0..rounds {
                    for worker in &mut site.chats {
                        worker.kill();
                        worker.resume().await?;
                        tokio::time::sleep(BACK).await;
                    }
                }
            }
            Self::RollingRestart => {
                for gateway in &mut site.gateways {
                    gateway.drain().await?;
                    gateway.resume().await?;
                }
            }
            Self::LeaderKill => {
                let cluster = site.cluster()?;
                let leader = cluster.leader().await?;
                cluster.kill(leader);
                tokio::time::sleep(AWAY).await;
                cluster.resume(leader).await?;
            }
            Self::ServersInTurn => {
                let cluster = site.cluster()?;
                for index in 0..cluster.len() {
                    cluster.kill(index);
                    cluster.resume(index).await?;
                }
            }
            Self::ServerPause => {
                let cluster = site.cluster()?;
                let leader = cluster.leader().await?;
                cluster.pause(leader)?;
                tokio::time::sleep(STOPPED).await;
                cluster.go_on(leader)?;
                cluster.ready(leader).await?;
            }
            Self::Partition => {
                let cluster = site.cluster()?;
                let leader = cluster.leader().await?;
                cluster.namespaces()?.cut(leader)?;
                tokio::time::sleep(CUT).await;
                cluster.namespaces()?.heal(leader)?;
                cluster.ready(leader).await?;
            }
            Self::FullDisk => {
                let leader = site.cluster()?.leader().await?;
                fill(site, disks, leader..leader + 1).await?;
            }
            Self::FullDisks => fill(site, disks, 0..disks.len()).await?,
            Self::StandaloneFullDisk => {
                disks[0].fill()?;
                tokio::time::sleep(FULL).await;
                disks[0].relieve()?;
            }
        }
        Ok(())
    }
}

/// Fills the disks of some servers, then gives the room back. A server that met a full disk writes nothing more until it
/// is started again, as whoever operates it must.
async fn fill(site: &mut Site, disks: &[Disk], servers: std::ops::Range<usize>) -> Outcome<()> {
    for disk in &disks[servers.clone()] {
        disk.fill()?;
    }
    tokio::time::sleep(FULL).await;
    let cluster = site.cluster()?;
    for index in servers.clone() {
        disks[index].relieve()?;
        cluster.kill(index);
        cluster.begin(index)?;
    }
    // One that is alone stays unhealthy, so all of them are started before any is waited for.
    for index in servers {
        cluster.ready(index).await?;
    }
    Ok(())
}
