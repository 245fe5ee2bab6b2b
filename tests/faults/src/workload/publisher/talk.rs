//! What publishers say in rooms, and what they do to it afterwards.

use super::{Publisher, request::Request};
use crate::{
    history::{Change, Channel, Id, Message},
    random::Random,
    workload::persona::Plan,
};

/// Messages of a hundred that name a user.
const MENTIONING: usize = 15;

/// Messages of a hundred that something is done to.
const CHANGED: usize = 40;

/// Requests of a hundred that are sent once only: what a worker leaves half done that dies then, no repeated request
/// finishes. So many that a row in which workers die has several.
const CARELESS: usize = 40;

impl Publisher {
    /// Sends a message to a room, and maybe does something to it.
    pub(super) async fn talk(&mut self, content: Id, plan: &Plan) {
        let random = &mut self.random;
        let room = random.pick(&plan.channels.rooms).clone();
        let mentions = random
            .chance(MENTIONING)
            .then(|| random.pick(&plan.channels.users).clone());
        let mut request = Request::message(&room, Id::clone(&content), mentions.as_deref());
        request.is_patient = !random.chance(CARELESS);
        let n = self.publish(&request).await;
        let mut message = Message {
            room: Channel::from(format!("room:{room}")),
            content,
            n,
            mentions,
            change: None,
            is_changed: false,
        };
        if let Some(n) = n
            && self.random.chance(CHANGED)
        {
            let change = draw(&message, &mut self.random);
            let key = format!("{}-change", message.content).into();
            let mut request = Request::change(&message.room, n, &change, key);
            request.is_patient = !self.random.chance(CARELESS);
            message.change = Some(change);
            message.is_changed = self.publish(&request).await.is_some();
        }
        self.published.messages.push(message);
    }
}

fn draw(message: &Message, random: &mut Random) -> Change {
    match random.below(3) {
        0 => Change::Edit(format!("{}-edited", message.content).into()),
        // One that is deleted early mentions nobody any more.
        1 if message.mentions.is_none() => Change::Delete,
        _ => Change::React((*random.pick(&["👍", "🎉", "👀"])).into()),
    }
}
