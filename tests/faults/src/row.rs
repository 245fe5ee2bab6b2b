//! One row: a site, a workload on it, and what is done to the site meanwhile.

mod strike;
mod takeover;

use crate::{
    checker::{self, Verdict},
    failure::{During as _, Failure, Outcome},
    random::Random,
    site::{Disk, Namespaces, Site, Tools},
    stopwatch::Stopwatch,
    workload::{self, Done, Outage},
};
use std::{fs, time::Duration};
pub(crate) use takeover::Takeover;

/// What is done to the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Nothing.
    None,
    GatewayKill,
    WorkerKill,
    ChatKill,
    LeaderKill,
    ServersInTurn,
    ServerPause,
    Partition,
    RollingRestart,
    FullDisk,
    FullDisks,
    Takeover,
    StandaloneKill,
    StandaloneFullDisk,
}

/// The time before what is done, and after it, with publishers publishing.
const BEFORE: Duration = Duration::from_secs(5);
const AFTER: Duration = Duration::from_secs(8);
const SHORT_BEFORE: Duration = Duration::from_secs(2);
const SHORT_AFTER: Duration = Duration::from_secs(3);

/// Longest that a whole row takes.
const LIMIT: Duration = Duration::from_secs(300);

/// What a row has come to.
pub(crate) struct Result {
    pub(crate) row: Row,
    pub(crate) verdict: Verdict,
    pub(crate) write_outage: Outage,
    /// Publications that were never answered with a 2xx, although they were tried for a minute.
    pub(crate) unanswered: u64,
    /// Answers of the publish API that nothing here should cause.
    pub(crate) refused: Vec<String>,
    pub(crate) takeover: Option<Takeover>,
}

impl Result {
    /// Whether every promise was kept.
    pub(crate) fn is_clean(&self) -> bool {
        self.verdict.is_clean()
            && self.refused.is_empty()
            && self.verdict.accepted > 0
            && self.met_its_fault()
    }

    /// Whether the row was what it is called: of chat workers that are killed, some must have stored what they did not
    /// answer any more.
    pub(crate) fn met_its_fault(&self) -> bool {
        self.row != Row::ChatKill || self.verdict.answered_again > 0
    }
}

impl Row {
    /// All of them, in the order of the table.
    pub(crate) const ALL: [Self; 14] = [
        Self::None,
        Self::GatewayKill,
        Self::WorkerKill,
        Self::ChatKill,
        Self::LeaderKill,
        Self::ServersInTurn,
        Self::ServerPause,
        Self::Partition,
        Self::RollingRestart,
        Self::FullDisk,
        Self::FullDisks,
        Self::Takeover,
        Self::StandaloneKill,
        Self::StandaloneFullDisk,
    ];

    /// Those that run everywhere and at every change.
    pub(crate) const SHORT: [Self; 3] = [Self::GatewayKill, Self::LeaderKill, Self::StandaloneKill];

    /// As it is asked for.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::GatewayKill => "gateway-kill",
            Self::WorkerKill => "worker-kill",
            Self::ChatKill => "chat-kill",
            Self::LeaderKill => "leader-kill",
            Self::ServersInTurn => "servers-in-turn",
            Self::ServerPause => "server-pause",
            Self::Partition => "partition",
            Self::RollingRestart => "rolling-restart",
            Self::FullDisk => "full-disk",
            Self::FullDisks => "full-disks",
            Self::Takeover => "takeover",
            Self::StandaloneKill => "standalone-kill",
            Self::StandaloneFullDisk => "standalone-full-disk",
        }
    }

    /// As the table says it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::GatewayKill => "kill -9 of a gateway",
            Self::WorkerKill => "kill -9 of a notify worker",
            Self::ChatKill => "kill -9 of both chat workers in turn",
            Self::LeaderKill => "kill -9 of the leading NATS server",
            Self::ServersInTurn => "kill -9 of all NATS servers in turn",
            Self::ServerPause => "SIGSTOP of a NATS server for 10 s",
            Self::Partition => "the leading NATS server cut off for 15 s",
            Self::RollingRestart => "rolling restart of both gateways",
            Self::FullDisk => "a full disk at the leading NATS server",
            Self::FullDisks => "full disks at all NATS servers",
            Self::Takeover => "kill -9 of a gateway under 2,000 sessions",
            Self::StandaloneKill => "kill -9 of standalone",
            Self::StandaloneFullDisk => "a full disk at standalone",
        }
    }

    const fn is_standalone(self) -> bool {
        matches!(self, Self::StandaloneKill | Self::StandaloneFullDisk)
    }

    /// Runs it. Everything that it starts has ended when this returns, or is dropped.
    pub(crate) async fn run(self, tools: &Tools, seed: u64, is_short: bool) -> Outcome<Result> {
        let run = tokio::time::timeout(LIMIT, self.run_unbounded(tools, seed, is_short));
        let late = |_elapsed| Failure::wrong(format!("it was not done after {LIMIT:?}"));
        run.await.map_err(late)?
    }

    async fn run_unbounded(self, tools: &Tools, seed: u64, is_short: bool) -> Outcome<Result> {
        for directory in [&tools.logs, &tools.data] {
            fs::create_dir_all(directory).during(&format!("making {}", directory.display()))?;
        }
        // Unmounted once the processes that use them have ended, so before them in this function.
        let disks = self.disks(tools)?;
        let mut site = self.site(tools).await?;
        let random = Random::named(seed, self.name());
        if self == Self::Takeover {
            return takeover::run(site, random).await;
        }
        let (before, after) = match is_short {
            true => (SHORT_BEFORE, SHORT_AFTER),
            false => (BEFORE, AFTER),
        };
        let doors = site.doors().clone();
        let plan = match self {
            Self::ChatKill => workload::chat(random),
            _ => workload::plan(random),
        };
        let mut running = workload::start(plan, &doors, Stopwatch::begin()).await?;
        running.publish()?;
        tokio::time::sleep(before).await;
        self.strike(&mut site, &disks, is_short).await?;
        tokio::time::sleep(after).await;
        let done = running.finish().await?;
        site.all_run()?;
        Ok(self.result(done, None))
    }

    fn disks(self, tools: &Tools) -> Outcome<Vec<Disk>> {
        let names: &[&str] = match self {
            Self::FullDisk | Self::FullDisks => &["nats-1", "nats-2", "nats-3"],
            Self::StandaloneFullDisk => &["standalone"],
            _ => &[],
        };
        names
            .iter()
            .map(|name| Disk::mount(&tools.data.join(name)))
            .collect()
    }

    async fn site(self, tools: &Tools) -> Outcome<Site> {
        if self.is_standalone() {
            return Site::standalone(tools).await;
        }
        let namespaces = match self {
            Self::Partition => Some(Namespaces::make()?),
            _ => None,
        };
        if let Some(namespaces) = &namespaces {
            namespaces.enter()?;
        }
        Site::apart(tools, namespaces).await
    }

    fn result(self, done: Done, takeover: Option<Takeover>) -> Result {
        Result {
            row: self,
            verdict: checker::check(&done.history),
            write_outage: done.write_outage,
            unanswered: done.unanswered,
            refused: done.refused,
            takeover,
        }
    }
}
