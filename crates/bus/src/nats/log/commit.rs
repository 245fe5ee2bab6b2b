//! Storing batches of one shard, and finding out what happened when no answer came.

use super::{
    attempt::Attempt,
    batch::Batch,
    claim,
    core::Core,
    end::End,
    plan::{self, Plan, Terms},
    snapshots::Snapshots,
    stamp::Stamp,
    subject,
    work::Job,
};
use crate::{
    error::LogError,
    nats::{
        fetch, header,
        publish::{self, Post},
        refusal::Refusal,
        stored::number,
    },
};
use async_nats::HeaderMap;
use bytes::Bytes;
use fanfare_proto::Channel;
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use tokio::time;

/// Looks for what an attempt without an answer has done, on replicas that may be behind.
const LOOKS: u32 = 8;
const LOOK_PAUSE: Duration = Duration::from_millis(25);

/// What a batch has left behind.
pub(super) struct Committed {
    /// Every channel of it.
    pub(super) channels: HashSet<Channel>,
    /// Where those end that are known for sure.
    pub(super) ends: HashMap<Channel, End>,
}

/// Commits batches of one shard, any number at a time, as long as they share no channel.
pub(super) struct Committer {
    pub(super) core: Arc<Core>,
    pub(super) shard: u16,
    pub(super) snapshots: Snapshots,
}

impl Committer {
    /// Does `jobs` and answers them; `ends` is what is known of their channels. Tries until the last of them is over its
    /// time.
    pub(super) async fn commit(
        self: Arc<Self>,
        jobs: Vec<Job>,
        ends: HashMap<Channel, End>,
    ) -> Committed {
        let channels: HashSet<Channel> = jobs
            .iter()
            .flat_map(|job| job.work.channels().cloned())
            .collect();
        let mut batch = Batch::new(&self, &jobs, &channels, ends);
        let ends = match batch.run().await {
            Ok((plan, known, base_seq)) => {
                for (job, outcome) in jobs.into_iter().zip(&plan.outcomes) {
                    job.work.answer(outcome, base_seq);
                }
                self.tidy(plan, base_seq).await;
                known.ends
            }
            Err(refusal) => {
                for job in jobs {
                    job.work.refuse(LogError::from(refusal));
                }
                HashMap::new()
            }
        };
        Committed { channels, ends }
    }

    /// What is good to have and may be lost: a page without an entry is found from the one before.
    async fn tidy(&self, plan: Plan, base_seq: u64) {
        for (page, place) in plan.pages {
            let seq = place.settled(base_seq).seq().to_string();
            let sent = self.core.ctl.send(page, None, HeaderMap::new(), seq.into());
            let _lost = sent.await;
        }
        for seq in plan.superseded {
            self.drop_mark(seq).await;
        }
    }

    async fn drop_mark(&self, seq: u64) {
        let subject = format!("$JS.API.STREAM.MSG.DELETE.{}", subject::stream(self.shard));
        let request = Bytes::from(json!({ "seq": seq, "no_erase": true }).to_string());
        let sent = self.core.ctl.send(subject, None, HeaderMap::new(), request);
        let _lost = sent.await;
    }

    /// Reserves ordinals of `channel` up to `upto_n`; where it ends then.
    pub(super) async fn reserve(
        &self,
        channel: &Channel,
        mut end: End,
        upto_n: u64,
    ) -> Result<End, Refusal> {
        let tag = self.core.tag();
        let terms = Terms {
            shard: self.shard,
            now_ms: self.core.clock.now_ms(),
            tag: &tag,
        };
        let before = plan::seq_of(end.reserve);
        let post = plan::reserve(channel, &mut end, upto_n, terms);
        let seq = publish::publish(&self.core.ctl, post).await?;
        end.settle(seq);
        if let Some(before) = before {
            self.drop_mark(before).await;
        }
        Ok(end)
    }

    /// Where an attempt's posts begin, if they stand.
    pub(super) async fn find(&self, attempt: &Attempt) -> Result<Option<u64>, Refusal> {
        let stream = subject::stream(self.shard);
        let posts = &attempt.plan.posts;
        let expected = |post: &Post| {
            number(&post.headers, header::EXPECTED_LAST_SUBJECT_SEQUENCE)
                .filter(|_expected| post.subject.starts_with("log."))
        };
        let first = posts
            .iter()
            .enumerate()
            .find_map(|(index, post)| Some((index, &post.subject, expected(post)?)));
        let Some((index, subject, tip_seq)) = first else {
            return Ok(None);
        };
        for _look in 0..LOOKS {
            let ctl = &self.core.ctl;
            let following = fetch::following(ctl, &stream, subject, tip_seq + 1, 1).await?;
            if let Some(taker) = following.messages.first() {
                let is_ours = Stamp::read(taker).is_some_and(|stamp| stamp.tag == attempt.tag);
                return Ok(is_ours.then(|| taker.seq - index as u64));
            }
            time::sleep(LOOK_PAUSE).await;
        }
        self.find_claim(attempt).await
    }

    /// The same, where the record is gone already and a claim is not.
    async fn find_claim(&self, attempt: &Attempt) -> Result<Option<u64>, Refusal> {
        let mut posts = attempt.plan.posts.iter().enumerate();
        let Some((index, post)) = posts.find(|(_index, post)| post.subject.starts_with("claim."))
        else {
            return Ok(None);
        };
        let (stream, subjects) = (subject::stream(self.shard), [post.subject.clone()]);
        let latest = fetch::latest(&self.core.ctl, &stream, &subjects).await?;
        let ours = latest
            .messages
            .first()
            .filter(|message| claim::read(message).is_some_and(|claim| claim.tag == attempt.tag));
        Ok(ours.map(|message| message.seq - index as u64))
    }

    /// Stores `posts`; the sequence of the first.
    pub(super) async fn store(&self, posts: Vec<Post>) -> Result<u64, Refusal> {
        let count = posts.len() as u64;
        let began = time::Instant::now();
        let last_seq = match <[Post; 1]>::try_from(posts) {
            Ok([post]) => publish::publish(&self.core.ctl, post).await?,
            Err(posts) => publish::publish_all(&self.core.ctl, posts).await?,
        };
        self.core.ctl.observer().appended(began.elapsed());
        Ok(last_seq + 1 - count)
    }
}
