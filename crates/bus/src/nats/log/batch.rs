//! What is done together: read what is not known, plan, store, and again if something was not so.

use super::{
    attempt::{Attempt, Done},
    claim,
    commit::Committer,
    core::{Patience, is_passing},
    end::End,
    plan::{self, Known, Terms},
    snapshots::SUBJECTS,
    subject,
    work::{Job, Outcome},
};
use crate::nats::{fetch, refusal::Refusal, stored::Stored};
use fanfare_proto::Channel;
use futures_util::{StreamExt as _, stream};
use std::collections::{HashMap, HashSet};

/// Reservations that are under way at a time for one batch.
const RESERVATIONS: usize = 64;

pub(super) struct Batch<'a> {
    committer: &'a Committer,
    jobs: &'a [Job],
    channels: &'a HashSet<Channel>,
    known: Known,
    /// The next thing to do is to ask for certain where everything ends.
    is_doubtful: bool,
    /// What is known was asked for certain.
    is_verified: bool,
    attempt: Option<Attempt>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        committer: &'a Committer,
        jobs: &'a [Job],
        channels: &'a HashSet<Channel>,
        ends: HashMap<Channel, End>,
    ) -> Self {
        let known = Known {
            ends,
            claims: HashMap::new(),
        };
        Self {
            committer,
            jobs,
            channels,
            known,
            is_doubtful: false,
            is_verified: false,
            attempt: None,
        }
    }

    /// Tries until the last job is over its time.
    pub(super) async fn run(&mut self) -> Result<Done, Refusal> {
        let until = self.jobs.iter().map(|job| job.until).max();
        let mut patience = until.map_or_else(Patience::new, Patience::until);
        loop {
            match self.step().await {
                Ok(Some(done)) => return Ok(done),
                Ok(None) if patience.is_over() => return Err(Refusal::Busy),
                Ok(None) => {}
                Err(refusal) if is_passing(refusal) && patience.pause().await => {}
                Err(refusal) => return Err(refusal),
            }
        }
    }

    /// `None` when there is more to do.
    async fn step(&mut self) -> Result<Option<Done>, Refusal> {
        let attempt = match self.attempt.take() {
            Some(attempt) => attempt,
            None => match self.prepare().await? {
                Some(attempt) => attempt,
                None => return Ok(None),
            },
        };
        if attempt.plan.posts.is_empty() {
            return Ok(Some((attempt.plan, attempt.next, 0)));
        }
        match self.committer.store(attempt.plan.posts.clone()).await {
            Ok(base_seq) => Ok(Some(attempt.done(base_seq))),
            Err(Refusal::Conflict) if attempt.is_unknown => self.look(attempt).await,
            Err(Refusal::Conflict) => {
                self.is_doubtful = true;
                Ok(None)
            }
            Err(refusal) if is_passing(refusal) => {
                let is_unknown = attempt.is_unknown || refusal == Refusal::Unknown;
                self.attempt = Some(Attempt {
                    is_unknown,
                    ..attempt
                });
                Err(refusal)
            }
            Err(_refusal) if attempt.is_unknown => Err(Refusal::Unknown),
            Err(refusal) => Err(refusal),
        }
    }

    /// The next attempt; `None` when what is known has to be asked again first.
    async fn prepare(&mut self) -> Result<Option<Attempt>, Refusal> {
        if self.is_doubtful {
            self.verify().await?;
            self.is_doubtful = false;
            self.is_verified = true;
        }
        self.load().await?;
        if let Err(refusal) = self.reserve().await {
            self.is_doubtful = true;
            return match refusal {
                Refusal::Conflict => Ok(None),
                refusal => Err(refusal),
            };
        }
        let core = &self.committer.core;
        let tag = core.tag();
        let terms = Terms {
            shard: self.committer.shard,
            now_ms: core.clock.now_ms(),
            tag: &tag,
        };
        let mut next = self.known.clone();
        let works = self.jobs.iter().map(|job| &job.work);
        let plan = plan::plan(works, &mut next, terms);
        let is_conflict = |outcome: &Outcome| matches!(outcome, Outcome::Conflict { .. });
        if !self.is_verified && plan.outcomes.iter().any(is_conflict) {
            self.is_doubtful = true;
            return Ok(None);
        }
        Ok(Some(Attempt {
            plan,
            next,
            tag,
            is_unknown: false,
        }))
    }

    /// Reads, from whichever replica, where channels end that are not known. What is wrong shows in a conflict.
    async fn load(&mut self) -> Result<(), Refusal> {
        let is_missing = |channel: &&Channel| !self.known.ends.contains_key(*channel);
        let missing: Vec<&Channel> = self.channels.iter().filter(is_missing).collect();
        let stream = subject::stream(self.committer.shard);
        for some in missing.chunks(SUBJECTS) {
            let subjects = self.subjects(some.iter().copied());
            let latest = fetch::latest(&self.committer.core.ctl, &stream, &subjects).await?;
            for channel in some {
                self.known.ends.insert((*channel).clone(), End::default());
            }
            for tip in &latest.messages {
                self.learn(tip);
            }
        }
        Ok(())
    }

    /// Asks for certain where every channel ends and which claims are taken.
    async fn verify(&mut self) -> Result<(), Refusal> {
        let mut subjects = self.subjects(self.channels.iter());
        let wishes = self.jobs.iter().flat_map(|job| job.work.wishes());
        subjects.extend(wishes.flat_map(|wish| wish.claims.iter().cloned()));
        self.known.ends.clear();
        for channel in self.channels {
            self.known.ends.insert(channel.clone(), End::default());
        }
        for some in subjects.chunks(SUBJECTS) {
            let found = self.committer.snapshots.take(some.to_vec()).await?;
            for message in found.iter().flatten() {
                self.learn(message);
            }
        }
        Ok(())
    }

    fn learn(&mut self, message: &Stored) {
        if let Some((_shard, channel)) = subject::channel(&message.subject)
            && message.subject.starts_with("log.")
        {
            if let Some(end) = End::read(message, self.committer.core.kept_from_ms()) {
                self.known.ends.insert(channel, end);
            }
        } else if let Some(claim) = claim::read(message) {
            let taken = (claim.n, claim.place);
            self.known.claims.insert(message.subject.clone(), taken);
        }
    }

    fn subjects<'c>(&self, channels: impl Iterator<Item = &'c Channel>) -> Vec<String> {
        channels
            .map(|channel| subject::log(self.committer.shard, channel))
            .collect()
    }

    /// Reserves ordinals of the channels that have too few.
    async fn reserve(&mut self) -> Result<(), Refusal> {
        let mut wanted: HashMap<&Channel, u64> = HashMap::new();
        let wishes = self.jobs.iter().flat_map(|job| job.work.wishes());
        for wish in wishes {
            *wanted.entry(&wish.append.channel).or_default() += 1;
        }
        let short = wanted.into_iter().filter_map(|(channel, count)| {
            let end = self.known.ends.get(channel).cloned().unwrap_or_default();
            let upto_n = end.n + count;
            (upto_n > end.reserved_n).then(|| (channel.clone(), end, upto_n))
        });
        let committer = self.committer;
        let short: Vec<_> = short.collect();
        let mut reserving = stream::iter(short)
            .map(|(channel, end, upto_n)| async move {
                let reserved = committer.reserve(&channel, end, upto_n).await;
                (channel, reserved)
            })
            .buffer_unordered(RESERVATIONS);
        let mut result = Ok(());
        while let Some((channel, reserved)) = reserving.next().await {
            match reserved {
                Ok(end) => drop(self.known.ends.insert(channel, end)),
                Err(refusal) => result = Err(refusal),
            }
        }
        result
    }

    /// An attempt without an answer may be the one that a later sending of it came into conflict with.
    async fn look(&mut self, attempt: Attempt) -> Result<Option<Done>, Refusal> {
        match self.committer.find(&attempt).await {
            Ok(Some(base_seq)) => Ok(Some(attempt.done(base_seq))),
            Ok(None) => {
                self.is_doubtful = true;
                Ok(None)
            }
            Err(refusal) => {
                self.attempt = Some(attempt);
                Err(refusal)
            }
        }
    }
}
