use super::*;

const ROOM: &str = "room:lab";

/// A message at ordinal 3 that names ben.
fn message(change: Option<Change>, is_changed: bool) -> Message {
    Message {
        room: ROOM.into(),
        content: "hello".into(),
        n: Some(3),
        mentions: Some("ben".to_owned()),
        change,
        is_changed,
    }
}

/// What is shown of it: its content, its reactions, and how often ben was notified.
fn shown(content: Option<&str>, reactions: &[(&str, u64)], notified: u64) -> Shown {
    let reaction = |(emoji, count): &(&str, u64)| ((*emoji).to_owned(), *count);
    let message = ShownMessage {
        times: 1,
        content: content.map(str::to_owned),
        reactions: reactions.iter().map(reaction).collect(),
    };
    let mut shown = Shown::default();
    shown.messages.insert((ROOM.into(), 3), message);
    if notified > 0 {
        let mentioned = ("ben".to_owned(), mention("lab", 3));
        shown.mentions.insert(mentioned, notified);
    }
    shown
}

fn is_clean(message: &Message, seen: &Seen, shown: &Shown) -> bool {
    effects(std::slice::from_ref(message), seen, shown).is_empty()
}

#[test]
fn what_nobody_changed_is_shown_as_it_was_sent() {
    let (message, seen) = (message(None, false), Seen::new());
    assert!(is_clean(&message, &seen, &shown(Some("hello"), &[], 1)));
    for wrong in [
        shown(Some("bye"), &[], 1),
        shown(None, &[], 1),
        shown(Some("hello"), &[("👍", 1)], 1),
        Shown::default(),
    ] {
        assert!(!is_clean(&message, &seen, &wrong), "{wrong:?}");
    }
}

#[test]
fn an_accepted_change_shows_once() {
    let nobody = Seen::new();
    for (change, right) in [
        (Change::Edit("bye".into()), shown(Some("bye"), &[], 1)),
        (Change::Delete, shown(None, &[], 1)),
        (
            Change::React("👍".into()),
            shown(Some("hello"), &[("👍", 1)], 1),
        ),
    ] {
        let message = message(Some(change), true);
        assert!(is_clean(&message, &nobody, &right), "{right:?}");
        let original = shown(Some("hello"), &[], 1);
        assert!(!is_clean(&message, &nobody, &original), "{message:?}");
    }
    let twice = shown(Some("hello"), &[("👍", 2)], 1);
    let message = message(Some(Change::React("👍".into())), true);
    assert!(!is_clean(&message, &nobody, &twice));
}

#[test]
fn a_change_without_an_answer_may_show_and_must_once_it_was_seen() {
    let change = Change::Edit("bye".into());
    let seen = Seen::from([((ROOM.into(), change.id(3)), 4)]);
    let message = message(Some(change), false);
    let (before, after) = (shown(Some("hello"), &[], 1), shown(Some("bye"), &[], 1));
    assert!(is_clean(&message, &Seen::new(), &before));
    assert!(is_clean(&message, &Seen::new(), &after));
    assert!(is_clean(&message, &seen, &after));
    assert!(!is_clean(&message, &seen, &before));
}

#[test]
fn whoever_is_named_is_notified_once() {
    let (message, seen) = (message(None, false), Seen::new());
    assert!(!is_clean(&message, &seen, &shown(Some("hello"), &[], 0)));
    assert!(!is_clean(&message, &seen, &shown(Some("hello"), &[], 2)));
    let mut strange = shown(Some("hello"), &[], 1);
    strange
        .mentions
        .insert(("eve".to_owned(), mention("lab", 9)), 1);
    assert!(!is_clean(&message, &seen, &strange));
}

#[test]
fn a_message_without_an_answer_counts_once_it_was_seen() {
    let message = Message {
        n: None,
        ..message(None, false)
    };
    assert!(is_clean(&message, &Seen::new(), &Shown::default()));
    let seen = Seen::from([((ROOM.into(), "hello".into()), 3)]);
    assert!(!is_clean(&message, &seen, &Shown::default()));
    assert!(is_clean(&message, &seen, &shown(Some("hello"), &[], 1)));
}

#[test]
fn a_message_that_is_shown_twice_is_wrong() {
    let mut twice = shown(Some("hello"), &[], 1);
    let place = (ROOM.into(), 3);
    if let Some(message) = twice.messages.get_mut(&place) {
        message.times = 2;
    }
    assert!(!is_clean(&message(None, false), &Seen::new(), &twice));
}
