//! Keys of the bucket `chat`. Ids hold no slash, so they stand in keys as they are.
//!
//! | key | holds |
//! |---|---|
//! | `room/<room>` | [`Room`](crate::room::Room) |
//! | `public/<room>` | that the room is public, for a list of them |
//! | `member/<room>/<user>` | [`Member`](crate::member::Member): what a user is to a room |
//! | `name/<room>/<name>` | which member has this name, for mentions |
//! | `of/<user>/<room>` | that the user is a member, for a list of his rooms |
//! | `mark/<room>/<user>` | [`Mark`](crate::mark::Mark): how far he has read |
//! | `change/<room>/<block>` | [`Block`](crate::overlay::Block): what has come of messages later |
//! | `thread/<room>/<n>` | the replies of a thread |
//! | `once/<digest>` | [`First`](crate::once::First): what a request made that may come again |
//! | `pending/<id>` | entries whose effects are not done yet |
//! | `slow/<room>/<user>` | that he has just sent a message, in slow mode |
//! | `audit/<room>/<time>-<id>` | what moderators did |
//! | `user/<user>` | [`Seen`](crate::seen::Seen): when he was last here, and whether he is to be seen |

/// The one bucket of the service.
pub(crate) const BUCKET: &str = "chat";

pub(crate) const PENDING: &str = "pending/";
pub(crate) const PUBLIC: &str = "public/";
pub(crate) const ROOMS: &str = "room/";

pub(crate) fn room(room: &str) -> String {
    format!("{ROOMS}{room}")
}

pub(crate) fn public(room: &str) -> String {
    format!("{PUBLIC}{room}")
}

pub(crate) fn members(room: &str) -> String {
    format!("member/{room}/")
}

pub(crate) fn member(room: &str, user: &str) -> String {
    format!("member/{room}/{user}")
}

/// `name` is what [`mention::name_key`](crate::mention::name_key) makes of a display name.
pub(crate) fn name(room: &str, name: &str) -> String {
    format!("name/{room}/{name}")
}

pub(crate) fn rooms_of(user: &str) -> String {
    format!("of/{user}/")
}

pub(crate) fn room_of(user: &str, room: &str) -> String {
    format!("of/{user}/{room}")
}

pub(crate) fn mark(room: &str, user: &str) -> String {
    format!("mark/{room}/{user}")
}

pub(crate) fn block(room: &str, block: u64) -> String {
    format!("change/{room}/{block:x}")
}

pub(crate) fn thread(room: &str, n: u64) -> String {
    format!("thread/{room}/{n:x}")
}

/// `id` stands for who asked and the request's `Idempotency-Key`.
pub(crate) fn once(id: &str) -> String {
    format!("once/{id}")
}

pub(crate) fn slow(room: &str, user: &str) -> String {
    format!("slow/{room}/{user}")
}

pub(crate) fn audits(room: &str) -> String {
    format!("audit/{room}/")
}

pub(crate) fn user(user: &str) -> String {
    format!("user/{user}")
}
