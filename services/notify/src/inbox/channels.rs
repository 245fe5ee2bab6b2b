//! Which logs make a user's inbox.

use fanfare_proto::{Channel, Kind};

/// Most groups that are merged. A token has room for hardly more; the first ones count.
const GROUPS_MAX: usize = 128;

/// The user's own channel, his groups' and `all`. Of one notification on several of them the first counts.
pub(crate) fn of(user: &str, groups: &[String]) -> Vec<Channel> {
    let own = Channel::new(Kind::User, user).ok();
    let groups = groups
        .iter()
        .take(GROUPS_MAX)
        .filter_map(|group| Channel::new(Kind::Group, group).ok());
    let mut channels: Vec<Channel> = Vec::new();
    for channel in own.into_iter().chain(groups).chain([Channel::all()]) {
        if !channels.contains(&channel) {
            channels.push(channel);
        }
    }
    channels
}
