//! What a listener listens to, and from where on.

use crate::{Failure, cli};
use fanfare_proto::{Channel, channel::Kind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where each channel stands.
pub(super) type Cursors = BTreeMap<String, String>;

/// Where to begin, of every channel that `--since` names.
pub(super) fn cursors(options: &cli::Listen) -> Result<Cursors, Failure> {
    let mut cursors = Cursors::new();
    for since in &options.since {
        let (channel, cursor) = since.split_once('~').ok_or_else(|| {
            Failure::usage(format!("--since takes CHANNEL~CURSOR, not {since:?}"))
        })?;
        if !is_listened_to(options, channel) {
            return Err(Failure::usage(format!(
                "--since names {channel:?}, which is not listened to: the inbox does not hold it, so add it with \
                 --channel or --room (or its group with --groups)"
            )));
        }
        cursors.insert(channel.to_owned(), cursor.to_owned());
    }
    Ok(cursors)
}

/// Whether `channel` is asked for, or of the inbox. Whose inbox a given token opens is the server's to say.
fn is_listened_to(options: &cli::Listen, channel: &str) -> bool {
    if options.channel.iter().any(|own| own == channel) {
        return true;
    }
    let Ok(channel) = Channel::parse(channel) else {
        return false;
    };
    match (channel.kind(), &options.user) {
        (Kind::User, Some(user)) => user == channel.id(),
        (Kind::User, None) => true,
        (Kind::Room, _) => options.chat || options.room.iter().any(|own| own == channel.id()),
        (Kind::All | Kind::Group, _) if options.chat => false,
        (Kind::All, _) | (Kind::Group, None) => true,
        (Kind::Group, Some(_)) => options.groups.iter().any(|own| own == channel.id()),
        (Kind::Topic | Kind::System, _) => false,
    }
}

/// The frames that subscribe what the path does not subscribe by itself, or not as it is wanted.
pub(super) fn subscriptions(
    options: &cli::Listen,
    cursors: &Cursors,
) -> Result<Vec<Value>, Failure> {
    let mut frames: Vec<Value> = options
        .channel
        .iter()
        .map(|channel| json!({"type": "subscribe", "channel": channel}))
        .collect();
    for id in &options.room {
        let channel = Channel::new(Kind::Room, id)
            .map_err(|error| Failure::usage(format!("--room {id:?}: {error}")))?;
        frames.push(json!({"type": "subscribe", "channel": channel, "presence": true}));
    }
    for frame in &mut frames {
        if let Some(cursor) = frame["channel"].as_str().and_then(|own| cursors.get(own)) {
            frame["since"] = json!(cursor);
        }
    }
    Ok(frames)
}

/// The endpoint, with the cursors of what it subscribes by itself.
pub(super) fn address(options: &cli::Listen, base: &str, cursors: &Cursors) -> String {
    let base = base.trim_end_matches('/').replacen("http", "ws", 1);
    let path = if options.chat {
        "chat"
    } else {
        "notifications"
    };
    let since: Vec<String> = cursors
        .iter()
        .filter(|(channel, _)| !options.channel.contains(channel))
        .map(|(channel, cursor)| format!("{channel}~{cursor}"))
        .collect();
    format!("{base}/ws/{path}/?lang=en&since={}", since.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::listen::tests::options;

    #[test]
    fn a_cursor_must_be_of_a_channel_that_is_listened_to() {
        for fine in [
            "alice --since user:alice~c",
            "alice --since all~c",
            "alice --groups ops --since group:ops~c",
            "alice --channel topic:prices --since topic:prices~c",
            "alice --room lobby --since room:lobby~c",
            "alice --chat --since room:lobby~c",
            "--token x --since user:alice~c --since group:ops~c",
        ] {
            assert!(cursors(&options(fine)).is_ok(), "{fine}");
        }
        for wrong in [
            "alice --since user:bob~c",
            "alice --since group:ops~c",
            "alice --since topic:prices~c",
            "alice --since nonsense~c",
            "alice --since user:alice",
            "alice --since room:lobby~c",
            "alice --chat --since all~c",
            "--token x --since topic:prices~c",
        ] {
            let refused = cursors(&options(wrong));
            assert!(matches!(refused, Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn a_room_is_subscribed_with_presence_from_its_newest_on_and_then_from_where_it_stood() {
        let options = options("alice --room lobby --channel topic:x");
        let none = Cursors::new();
        let expected = [
            json!({"type": "subscribe", "channel": "topic:x"}),
            json!({"type": "subscribe", "channel": "room:lobby", "presence": true}),
        ];
        assert_eq!(subscriptions(&options, &none).unwrap(), expected);
        let stood = Cursors::from([("room:lobby".to_owned(), "c".to_owned())]);
        assert_eq!(subscriptions(&options, &stood).unwrap()[1]["since"], "c");
    }

    #[test]
    fn what_is_no_room_is_told_by_its_option() {
        let refused = subscriptions(&options("alice --room a/b"), &Cursors::new());
        assert!(matches!(refused, Err(Failure::Usage(text)) if text.contains("--room \"a/b\"")));
    }

    #[test]
    fn a_path_is_told_where_its_own_channels_stood() {
        let stood = |channel: &str| (channel.to_owned(), "c".to_owned());
        let cursors = Cursors::from([stood("user:alice"), stood("topic:x")]);
        let inbox = options("alice --channel topic:x");
        assert_eq!(
            address(&inbox, "http://127.0.0.1:8000/", &cursors),
            "ws://127.0.0.1:8000/ws/notifications/?lang=en&since=user:alice~c"
        );
        let chat = options("alice --chat");
        assert_eq!(
            address(&chat, "https://x.example", &Cursors::new()),
            "wss://x.example/ws/chat/?lang=en&since="
        );
    }
}
