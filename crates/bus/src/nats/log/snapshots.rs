//! What is last on some subjects, for sure.
//!
//! An append to a fence subject of one's own is answered with a sequence that is higher than that of everything answered
//! before it was sent. An answer about the subjects that reaches this far, from whichever replica, has all of that in it.
//! Asking the leader would be one trip less, and wrong while an old leader does not know that there is a new one.
//!
//! One fence and one read serve everybody who asked before the fence was sent.

use super::{
    core::{Core, Patience, is_passing},
    plan::seconds,
};
use crate::nats::{
    connection::Connection,
    fetch::{self, FETCH_MESSAGES},
    header,
    publish::{self, Post},
    refusal::Refusal,
    stored::Stored,
};
use async_nats::HeaderMap;
use bytes::Bytes;
use fanfare_lifecycle::Tasks;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::{mpsc, oneshot};

/// Most subjects of one question: the fence's own goes beside them.
pub(super) const SUBJECTS: usize = FETCH_MESSAGES - 1;

/// Questions that wait for the round under way.
const QUESTIONS: usize = 1_024;

/// How long a fence is kept when its process does not come back. Each one replaces the one before it.
const FENCE_TTL_MS: u64 = 60_000;

type Answer = Result<Vec<Option<Stored>>, Refusal>;

struct Question {
    subjects: Vec<String>,
    answer: oneshot::Sender<Answer>,
}

/// Of one stream. Clones share the rounds.
#[derive(Clone)]
pub(super) struct Snapshots(mpsc::Sender<Question>);

impl Snapshots {
    /// Of `stream`, which captures what is published to `fence`.
    pub(super) fn start(core: &Arc<Core>, stream: String, fence: String, tasks: &Tasks) -> Self {
        let (sender, questions) = mpsc::channel(QUESTIONS);
        let ended = core.ctl.ended();
        let rounds = Rounds {
            core: Arc::clone(core),
            stream,
            fence,
        };
        tasks.spawn(async move {
            tokio::select! {
                () = rounds.run(questions) => {}
                () = ended.cancelled() => {}
            }
        });
        Self(sender)
    }

    /// The last message on each of `subjects` (at most [`SUBJECTS`]), in their order, all as of one moment after this was
    /// called.
    ///
    /// # Errors
    ///
    /// [`Refusal`], after trying for a while.
    pub(super) async fn take(&self, subjects: Vec<String>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let question = Question { subjects, answer };
        self.0
            .send(question)
            .await
            .map_err(|_ended| Refusal::Busy)?;
        answered.await.map_err(|_ended| Refusal::Busy)?
    }
}

/// Appends to `fence`, the process's own; the sequence, which is above that of everything that was answered before.
pub(super) async fn append_fence(connection: &Connection, fence: &str) -> Result<u64, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ROLLUP, "sub");
    headers.insert(header::TTL, seconds(FENCE_TTL_MS));
    let post = Post {
        subject: fence.to_owned(),
        headers,
        payload: Bytes::new(),
    };
    publish::publish(connection, post).await
}

struct Rounds {
    core: Arc<Core>,
    stream: String,
    fence: String,
}

impl Rounds {
    async fn run(&self, mut questions: mpsc::Receiver<Question>) {
        let mut left = None;
        loop {
            let first = match left.take() {
                Some(first) => first,
                None => match questions.recv().await {
                    Some(first) => first,
                    None => return,
                },
            };
            let mut round = vec![first];
            let mut count = round[0].subjects.len();
            while let Ok(next) = questions.try_recv() {
                if count + next.subjects.len() > SUBJECTS {
                    left = Some(next);
                    break;
                }
                count += next.subjects.len();
                round.push(next);
            }
            self.answer(round).await;
        }
    }

    async fn answer(&self, round: Vec<Question>) {
        let mut subjects: Vec<String> = round
            .iter()
            .flat_map(|question| question.subjects.iter().cloned())
            .collect();
        subjects.sort_unstable();
        subjects.dedup();
        let mut patience = Patience::new();
        let found = loop {
            match self.read(&subjects).await {
                Err(refusal) if is_passing(refusal) && patience.pause().await => {}
                result => break result,
            }
        };
        for question in round {
            let answer = found.as_ref().map_err(|refusal| *refusal).map(|found| {
                let one = |subject| found.get(subject).cloned();
                question.subjects.iter().map(one).collect()
            });
            // Whoever asked may have gone.
            let _gone = question.answer.send(answer);
        }
    }

    async fn read(&self, subjects: &[String]) -> Result<HashMap<String, Stored>, Refusal> {
        let fence_seq = append_fence(&self.core.ctl, &self.fence).await?;
        let mut asked = subjects.to_vec();
        // Something is always found then, and the answer says how far it reaches.
        asked.push(self.fence.clone());
        let latest = fetch::latest(&self.core.ctl, &self.stream, &asked).await?;
        if latest.reach_seq < fence_seq {
            return Err(Refusal::Busy);
        }
        let messages = latest.messages.into_iter();
        Ok(messages
            .map(|message| (message.subject.clone(), message))
            .collect())
    }
}
