//! Which messages do a batch of work, as far as one knows where the channels end. Pure: the stream decides whether that
//! was true.

use super::{
    alive::NEVER_MS,
    claim,
    end::End,
    place::Place,
    stamp::{self, STAMP},
    subject::{self, PAGE},
    work::{Before, Change, Granted, Outcome, Wish, Work, meets},
};
use crate::nats::{header, publish::Post};
use async_nats::HeaderMap;
use bytes::Bytes;
use fanfare_proto::Channel;
use std::collections::{HashMap, HashSet};

/// What is known before, and what will be so once the posts stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) ends: HashMap<Channel, End>,
    /// Claims that are taken, with the ordinal and the place of what took them.
    pub(super) claims: HashMap<String, (u64, Place)>,
}

/// The messages, and what each job gets when they stand.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) posts: Vec<Post>,
    pub(super) outcomes: Vec<Outcome>,
    /// Entries for the page indexes: subjects and the places they point to.
    pub(super) pages: Vec<(String, Place)>,
    /// Marks that outlive every record and are no longer needed then.
    pub(super) superseded: Vec<u64>,
}

/// Under which circumstances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) shard: u16,
    pub(super) now_ms: i64,
    /// What this attempt is called: no other has the same.
    pub(super) tag: &'a str,
}

/// Plans `works` in their order. `known` holds every channel of them, and is what will be so afterwards. A job that would
/// break an expectation, also of a record before it, is left out as a whole.
pub(super) fn plan<'a>(
    works: impl Iterator<Item = &'a Work>,
    known: &mut Known,
    terms: Terms<'_>,
) -> Plan {
    let mut plan = Plan::default();
    let mut draft = Draft {
        known,
        terms,
        marks: HashSet::new(),
        begun: HashSet::new(),
    };
    for work in works {
        let outcome = match work {
            Work::Append { wishes, .. } => draft.append(wishes, &mut plan),
            Work::Mark {
                channel, change, ..
            } => draft.change(channel, change, &mut plan),
        };
        plan.outcomes.push(outcome);
    }
    draft.mark_all(&mut plan);
    plan
}

/// Where a mark stands, if there is one.
pub(super) fn seq_of(mark: Place) -> Option<u64> {
    (mark.seq() > 0).then_some(mark.seq())
}

/// A mark that reserves ordinals of a channel up to `upto_n` and a page beyond. It outlives every record.
pub(super) fn reserve(channel: &Channel, end: &mut End, upto_n: u64, terms: Terms<'_>) -> Post {
    let expected = end.tip;
    end.tip = Place::Post(0);
    end.reserve = Place::Post(0);
    end.reserved_n = (upto_n / PAGE + 1) * PAGE;
    if end.n == 0 {
        end.born_at_ms = terms.now_ms;
    }
    let mut headers = HeaderMap::new();
    headers.insert(STAMP, stamp::of_mark(end, 0, terms.tag));
    headers.insert(header::TTL, "never");
    expect(&mut headers, expected);
    Post {
        subject: subject::log(terms.shard, channel),
        headers,
        payload: Bytes::new(),
    }
}

pub(super) fn expect(headers: &mut HeaderMap, tip: Place) {
    let name = header::EXPECTED_LAST_SUBJECT_SEQUENCE;
    headers.insert(name, tip.seq().to_string());
}

struct Draft<'a> {
    known: &'a mut Known,
    terms: Terms<'a>,
    /// Channels that need a mark if nothing comes after.
    marks: HashSet<Channel>,
    /// Channels with a post. What stood there before is expected of the first.
    begun: HashSet<Channel>,
}

impl Draft<'_> {
    fn append(&mut self, wishes: &[Wish], plan: &mut Plan) -> Outcome {
        if let Some(head_n) = self.conflict(wishes) {
            return Outcome::Conflict { head_n };
        }
        let granted = wishes.iter().map(|wish| self.grant(wish, plan));
        Outcome::Appended(granted.collect())
    }

    /// The head that would break the first expectation, each record seeing those before it.
    fn conflict(&self, wishes: &[Wish]) -> Option<u64> {
        let mut heads: HashMap<&Channel, u64> = HashMap::new();
        let mut claims: HashSet<&String> = HashSet::new();
        for wish in wishes {
            let mut all = wish.claims.iter();
            if all.any(|claim| self.known.claims.contains_key(claim) || claims.contains(claim)) {
                continue;
            }
            claims.extend(&wish.claims);
            let channel = &wish.append.channel;
            let head_n = heads
                .entry(channel)
                .or_insert_with(|| self.known.ends.get(channel).map_or(0, |end| end.n));
            if !meets(wish.append.expect, *head_n) {
                return Some(*head_n);
            }
            *head_n += 1;
        }
        None
    }

    fn grant(&mut self, wish: &Wish, plan: &mut Plan) -> Granted {
        let mut taken = wish.claims.iter();
        if let Some(&(n, place)) = taken.find_map(|claim| self.known.claims.get(claim)) {
            return Granted {
                n,
                place,
                duplicate: true,
            };
        }
        let append = &wish.append;
        let own = plan.posts.len() + wish.claims.len();
        let mut end = self.end(&append.channel);
        let expected = end.tip;
        let prev = end.alive.last(self.terms.now_ms);
        let expires_at_ms = stamp::expires_at(self.terms.now_ms, append.ttl_ms);
        let place = Place::Post(own);
        end.append(place, expires_at_ms.unwrap_or(NEVER_MS), self.terms.now_ms);
        for (index, claim) in wish.claims.iter().enumerate() {
            let ahead = wish.claims.len() - index;
            plan.posts
                .push(claim::post(claim, end.n, ahead, self.terms.tag));
            self.known.claims.insert(claim.clone(), (end.n, place));
        }
        let mut headers = HeaderMap::new();
        let stamp = stamp::of_record(&end, own, prev, append.ttl_ms, self.terms.tag);
        headers.insert(STAMP, stamp);
        if let Some(ttl_ms) = append.ttl_ms {
            headers.insert(header::TTL, seconds(ttl_ms));
        }
        header::put_trace(&mut headers, append.trace);
        self.begin(&append.channel, expected, &mut headers);
        plan.posts.push(Post {
            subject: subject::log(self.terms.shard, &append.channel),
            headers,
            payload: append.payload.clone(),
        });
        if end.n.is_multiple_of(PAGE) {
            let page = subject::page(self.terms.shard, &append.channel, end.n / PAGE);
            plan.pages.push((page, place));
        }
        let n = end.n;
        self.known.ends.insert(append.channel.clone(), end);
        if append.ttl_ms.is_some() {
            self.marks.insert(append.channel.clone());
        } else {
            self.marks.remove(&append.channel);
        }
        Granted {
            n,
            place,
            duplicate: false,
        }
    }

    fn change(&mut self, channel: &Channel, change: &Change, plan: &mut Plan) -> Outcome {
        let mut end = self.end(channel);
        match *change {
            Change::Trim { first_n, kept_seq } => {
                end.first_n = end.first_n.max(first_n.min(end.n + 1));
                end.alive.cut(kept_seq);
            }
            Change::Forget { seq, before } => match before {
                Before::Is(before) => end.alive.forget(seq, before),
                Before::Unknown if end.alive.is_oldest(seq) => return Outcome::Unsure,
                Before::Unknown => end.alive.forget(seq, None),
            },
        }
        self.known.ends.insert(channel.clone(), end);
        self.marks.remove(channel);
        Outcome::Marked(self.mark(channel, true, plan))
    }

    fn mark_all(&mut self, plan: &mut Plan) {
        for channel in std::mem::take(&mut self.marks) {
            self.mark(&channel, false, plan);
        }
    }

    fn mark(&mut self, channel: &Channel, outlives: bool, plan: &mut Plan) -> Place {
        let own = plan.posts.len();
        let mut end = self.end(channel);
        let expected = end.tip;
        end.tip = Place::Post(own);
        let mut headers = HeaderMap::new();
        if outlives {
            plan.superseded.extend(seq_of(end.reserve));
            end.reserve = end.tip;
            end.reserved_n = end.reserved_n.max(end.n);
            headers.insert(header::TTL, "never");
        }
        headers.insert(STAMP, stamp::of_mark(&end, own, self.terms.tag));
        self.begin(channel, expected, &mut headers);
        plan.posts.push(Post {
            subject: subject::log(self.terms.shard, channel),
            headers,
            payload: Bytes::new(),
        });
        self.known.ends.insert(channel.clone(), end);
        Place::Post(own)
    }

    fn end(&self, channel: &Channel) -> End {
        self.known.ends.get(channel).cloned().unwrap_or_default()
    }

    fn begin(&mut self, channel: &Channel, expected: Place, headers: &mut HeaderMap) {
        if self.begun.insert(channel.clone()) {
            expect(headers, expected);
        }
    }
}

/// A time to live as servers take it: whole seconds, one at least.
pub(super) fn seconds(ttl_ms: u64) -> String {
    format!("{}s", ttl_ms.div_ceil(1_000).max(1))
}
