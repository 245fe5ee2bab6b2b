//! A workload from its begin to its end.

use super::{
    Outage, Phase, Plan,
    publisher::{Published, Publisher},
    room::{self, Looker},
    session::{Client, Progress, Surroundings},
    tokens,
};
use crate::{
    checker,
    failure::{Failure, Outcome},
    history::{Channel, History, Id, Shown},
    random::Random,
    site::Doors,
    stopwatch::Stopwatch,
};
use fanfare_lifecycle::Tasks;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

/// Longest until every client is there at the start.
const ARRIVAL: Duration = Duration::from_secs(60);

/// Longest until the last publications have been heard. Who has a connection and has not heard them then is deaf: every
/// process has been back for seconds before they were sent.
const HEARING: Duration = Duration::from_secs(30);

/// Longest that clients which are away take to be back, when nothing is broken any more.
const RETURN: Duration = Duration::from_secs(20);

/// How long is waited for what comes once too often, after everything has come.
const ECHO: Duration = Duration::from_secs(1);

/// Channels that are probed by one publisher after another.
const PROBERS: usize = 8;

/// A workload that runs.
pub(crate) struct Running {
    plan: Arc<Plan>,
    looker: Looker,
    around: Surroundings,
    phase: watch::Sender<Phase>,
    tasks: Tasks,
    clients: Vec<JoinHandle<crate::history::Session>>,
    publishers: Vec<JoinHandle<Published>>,
    publishing_from_ms: u64,
}

/// What a workload has come to.
pub(crate) struct Done {
    pub(crate) history: History,
    /// Longest time without a 2xx while publishers tried.
    pub(crate) write_outage: Outage,
    /// Publications that were never answered.
    pub(crate) unanswered: u64,
    /// Answers that nothing here should cause.
    pub(crate) refused: Vec<String>,
}

/// Makes the rooms of `plan`, and connects its clients.
pub(crate) async fn start(plan: Plan, doors: &Doors, stopwatch: Stopwatch) -> Outcome<Running> {
    room::make(&plan, doors).await?;
    let tokens = tokens::mint(&plan, doors).await?;
    let looker = Looker::new(&plan, doors).await?;
    let (phase, phases) = watch::channel(Phase::Busy);
    let around = Surroundings {
        doors: Arc::new(doors.clone()),
        stopwatch,
        phase: phases,
        progress: watch::Sender::new(Progress::default()),
        seen: Arc::new(Mutex::default()),
    };
    let tasks = Tasks::new();
    let clients = plan.personas.iter().cloned().zip(tokens);
    let clients = clients
        .map(|(persona, token)| tasks.spawn(Client::new(persona, token, around.clone()).run()));
    Ok(Running {
        clients: clients.collect(),
        plan: Arc::new(plan),
        looker,
        around,
        phase,
        tasks,
        publishers: Vec::new(),
        publishing_from_ms: 0,
    })
}

impl Running {
    /// Waits until `count` clients are subscribed to everything they read.
    pub(crate) async fn live(&self, count: usize) -> Outcome<()> {
        let mut progress = self.around.progress.subscribe();
        let live = progress.wait_for(|progress| progress.live >= count);
        match tokio::time::timeout(ARRIVAL, live).await {
            Ok(Ok(_progress)) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                let live = self.around.progress.borrow().live;
                Err(Failure::Wrong(format!(
                    "{live} of {count} clients are live after {ARRIVAL:?}"
                )))
            }
        }
    }

    /// Waits until clients have been lost, and then until `count` are live again.
    pub(crate) async fn live_again(&self, count: usize) -> Outcome<()> {
        let mut progress = self.around.progress.subscribe();
        let lost = progress.wait_for(|progress| progress.live < count);
        // What is found is locked as long as it is held, and clients go on.
        drop(tokio::time::timeout(ARRIVAL, lost).await);
        self.live(count).await
    }

    /// Lets the publishers begin.
    pub(crate) fn publish(&mut self) -> Outcome<()> {
        self.publishing_from_ms = self.around.stopwatch.now_ms();
        for (index, random) in self.plan.publishers.iter().enumerate() {
            let publisher = self.publisher(format!("p{index}"), random.clone())?;
            let run = publisher.run(Arc::clone(&self.plan), self.around.phase.clone());
            self.publishers.push(self.tasks.spawn(run));
        }
        Ok(())
    }

    fn publisher(&self, name: String, random: Random) -> Outcome<Publisher> {
        let doors = Arc::clone(&self.around.doors);
        Publisher::new(name, doors, self.around.stopwatch, random)
    }

    /// Ends the publishing, waits until what it asked for is done, sends the last publication to each channel, and waits
    /// until everybody has heard it; each time no longer than that may take.
    pub(crate) async fn finish(mut self) -> Outcome<Done> {
        self.phase.send_replace(Phase::Settling);
        let mut published = Published::default();
        for publisher in self.publishers.drain(..) {
            merge(&mut published, join(publisher.await)?);
        }
        let write_outage = Outage::longest(
            self.publishing_from_ms,
            self.around.stopwatch.now_ms(),
            &mut published.answered_ms,
        );
        // Before the last publications: what a late effect makes is to be heard too.
        self.look(&published).await;
        // Who comes later than the last publications is not sent them. Who does not come at all is found by the checker.
        let stay = self.clients.iter().filter(|own| !own.is_finished()).count();
        let mut progress = self.around.progress.subscribe();
        let live = progress.wait_for(|progress| progress.live >= stay);
        // What is found is locked as long as it is held, and clients go on.
        drop(tokio::time::timeout(RETURN, live).await);
        let probes = self.probe(&mut published).await?;
        self.phase
            .send_replace(Phase::Probed(Arc::new(probes.clone())));
        let heard = progress.wait_for(|progress| progress.heard >= stay);
        drop(tokio::time::timeout(HEARING, heard).await);
        tokio::time::sleep(ECHO).await;
        let shown = self.look(&published).await;
        self.phase.send_replace(Phase::Over);
        let mut sessions = Vec::new();
        for client in self.clients {
            sessions.push(join(client.await)?);
        }
        Ok(Done {
            history: History {
                accepted: published.accepted,
                sessions,
                probes,
                messages: published.messages,
                shown,
            },
            write_outage,
            unanswered: published.unanswered,
            refused: published.refused,
        })
    }

    /// What rooms and inboxes hold, once that is what it must be, or had time enough.
    async fn look(&self, published: &Published) -> Shown {
        let is_done = |shown: &Shown| {
            let seen = self.around.seen();
            checker::effects(&published.messages, &seen, shown).is_empty()
        };
        self.looker.until(is_done).await
    }

    /// Sends the last publication to each channel.
    async fn probe(&self, published: &mut Published) -> Outcome<HashMap<Channel, Id>> {
        let channels = channels(&self.plan);
        let mut probers = Vec::new();
        let parts = channels.chunks(channels.len().div_ceil(PROBERS));
        for (index, channels) in parts.enumerate() {
            let random = Random::new(index as u64);
            let prober = self.publisher(format!("probe{index}"), random)?;
            let channels = channels.to_vec();
            let probe = async move { prober.probe(&channels).await };
            probers.push(self.tasks.spawn(probe));
        }
        let mut probes: HashMap<Channel, Id> = HashMap::new();
        for prober in probers {
            let own = join(prober.await)?;
            if own.unanswered > 0 {
                return Err(Failure::wrong("a last publication was never answered"));
            }
            let places = own.accepted.iter();
            probes.extend(places.map(|own| (Channel::clone(&own.channel), Id::clone(&own.id))));
            merge(published, own);
        }
        Ok(probes)
    }
}

fn join<T>(ended: Result<T, tokio::task::JoinError>) -> Outcome<T> {
    ended.map_err(|error| Failure::wrong(format!("a part of the workload ended early: {error}")))
}

fn merge(all: &mut Published, one: Published) {
    all.accepted.extend(one.accepted);
    all.messages.extend(one.messages);
    all.answered_ms.extend(one.answered_ms);
    all.refused.extend(one.refused);
    all.unanswered += one.unanswered;
}

fn channels(plan: &Plan) -> Vec<String> {
    let channels = &plan.channels;
    let name = |kind: &str, ids: &[String]| -> Vec<String> {
        ids.iter().map(|id| format!("{kind}:{id}")).collect()
    };
    [
        name("user", &channels.users),
        name("group", &channels.groups),
        name("topic", &channels.topics),
        name("room", &channels.rooms),
        vec!["all".to_owned()],
    ]
    .concat()
}
