//! The rooms of a row: made before it begins, and looked at when it is over.

use super::{Plan, tokens};
use crate::{
    failure::Outcome,
    history::{Channel, Id, Shown, ShownMessage, User, mention},
    net::Asker,
    site::Doors,
};
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Longest until what workers left half done is finished: it is taken up when it is 20 s old, every 10 s, and a small
/// machine has been busy before.
const FINISHED: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Items of a page, of a room and of an inbox: the most there can be.
const PAGE: usize = 200;

/// Most pages of one room or inbox: some times what a row stores.
const PAGES: usize = 500;

/// Makes the rooms of `plan`, with all users as members.
pub(super) async fn make(plan: &Plan, doors: &Doors) -> Outcome<()> {
    let asker = Asker::new()?;
    for room in &plan.channels.rooms {
        let url = format!("{}/v1/rooms", doors.chats[0]);
        let body =
            json!({"id": room, "kind": "public", "name": room, "members": plan.channels.users});
        asker.post(&url, &doors.key, &body).await?;
    }
    Ok(())
}

/// Whoever looks at rooms and inboxes.
pub(super) struct Looker {
    asker: Asker,
    doors: Doors,
    rooms: Vec<String>,
    /// A token of each user.
    tokens: Vec<(User, String)>,
}

impl Looker {
    /// Looks at the rooms of `plan`, and at the inboxes of those who are named there.
    pub(super) async fn new(plan: &Plan, doors: &Doors) -> Outcome<Self> {
        let asker = Asker::new()?;
        let mut tokens = Vec::new();
        let users = plan.channels.users.iter();
        for user in users.filter(|_user| !plan.channels.rooms.is_empty()) {
            let token = tokens::mint_one(&asker, doors, user, &[]).await?;
            tokens.push((user.clone(), token));
        }
        Ok(Self {
            asker,
            doors: doors.clone(),
            rooms: plan.channels.rooms.clone(),
            tokens,
        })
    }

    /// Looks until everything is as it must be, or had time enough for that. Answers what was there at last.
    pub(super) async fn until(&self, is_done: impl Fn(&Shown) -> bool) -> Shown {
        let deadline = Instant::now() + FINISHED;
        let mut last = Shown::default();
        // Each worker in turn: all of them show the same.
        for turn in 0.. {
            if let Some(shown) = self.look(turn).await {
                last = shown;
                if is_done(&last) {
                    break;
                }
            }
            if Instant::now() >= deadline {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        last
    }

    /// `None`: somebody did not answer.
    async fn look(&self, turn: usize) -> Option<Shown> {
        let pick = |urls: &[String]| urls[turn % urls.len()].clone();
        let (chat, notify) = (pick(&self.doors.chats), pick(&self.doors.workers));
        let mut shown = Shown::default();
        for room in &self.rooms {
            self.read_room(&chat, room, &mut shown.messages).await?;
        }
        for (user, token) in &self.tokens {
            let mentions = &mut shown.mentions;
            self.read_inbox(&notify, user, token, mentions).await?;
        }
        Some(shown)
    }

    async fn read_room(
        &self,
        chat: &str,
        room: &str,
        messages: &mut HashMap<(Channel, u64), ShownMessage>,
    ) -> Option<()> {
        let mut after = 0;
        let channel = Channel::from(format!("room:{room}"));
        for _page in 0..PAGES {
            let url = format!("{chat}/v1/rooms/{room}/messages?limit={PAGE}&after={after}");
            let page = self.asker.get(&url, &self.doors.key).await?;
            let items = page["items"].as_array()?.iter();
            for item in items.filter(|item| item["type"] == "message") {
                let place = (Channel::clone(&channel), item["n"].as_u64()?);
                let times = messages.get(&place).map_or(0, |known| known.times);
                messages.insert(place, message(&item["data"], times + 1));
            }
            if page["more"] != true {
                return Some(());
            }
            after = page["after"].as_u64()?;
        }
        None
    }

    async fn read_inbox(
        &self,
        notify: &str,
        user: &str,
        token: &str,
        mentions: &mut HashMap<(User, Id), u64>,
    ) -> Option<()> {
        let mut place = String::new();
        for _page in 0..PAGES {
            let url = format!("{notify}/v1/inbox?limit={PAGE}{place}");
            let page = self.asker.get(&url, token).await?;
            let items = page["items"].as_array()?.iter();
            for item in items.filter(|item| item["msg_type"] == "mention") {
                let room = item["extra"]["room"].as_str()?;
                let id = mention(room, item["extra"]["n"].as_u64()?);
                *mentions.entry((user.to_owned(), id)).or_default() += 1;
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => place = format!("&cursor={cursor}"),
                None => return Some(()),
            }
        }
        None
    }
}

fn message(data: &Value, times: u64) -> ShownMessage {
    let reactions = data["reactions"].as_array().into_iter().flatten();
    let reaction = |own: &Value| {
        let emoji = own["emoji"].as_str().unwrap_or_default().to_owned();
        (emoji, own["count"].as_u64().unwrap_or(0))
    };
    let content = data["content"].as_str().map(str::to_owned);
    ShownMessage {
        times,
        content: content.filter(|_content| data["deleted"].is_null()),
        reactions: reactions.map(reaction).collect(),
    }
}
