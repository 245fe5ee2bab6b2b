//! A notification as its publisher sent it, checked.

use super::address;
use crate::{
    fields::{Fields, Flaw},
    settings::StoredAs,
};
use fanfare_proto::{Channel, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

/// Longest title, in characters. It is the line of a system notification.
const TITLE_CHARS: usize = 256;
/// Longest content, in characters. The whole body is bounded besides.
const CONTENT_CHARS: usize = 32 * 1024;
/// Longest key, type or name, in characters.
const NAME_CHARS: usize = 128;
/// Longest address, in characters, as browsers take them.
const LINK_CHARS: usize = 2_048;
/// What a notification centre shows in one row.
const ACTIONS: usize = 3;
/// Longest time to live and farthest schedule: a year.
const AHEAD_SECONDS: u64 = 366 * 24 * 3_600;

const LEVELS: [&str; 4] = ["info", "success", "warning", "error"];
const ACKS: [&str; 3] = ["accepted", "replicated", "durable"];

/// What a reader may do with a notification.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Action {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// Who did what is told.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Actor {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
}

/// A notification that may be published.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) channels: Vec<Channel>,
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) level: &'static str,
    pub(crate) priority: u8,
    pub(crate) msg_type: Option<String>,
    pub(crate) link_type: Option<String>,
    pub(crate) link_id: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) actions: Vec<Action>,
    pub(crate) actor: Option<Actor>,
    pub(crate) thread_key: Option<String>,
    pub(crate) collapse_key: Option<String>,
    pub(crate) extra: Option<Box<RawValue>>,
    pub(crate) ttl_ms: Option<u64>,
    /// Later than when it was checked.
    pub(crate) deliver_at_ms: Option<i64>,
}

impl Draft {
    /// Checks what a publisher sent. Fields nobody knows are ignored.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub(crate) fn parse(text: &str, now_ms: i64, stored_as: StoredAs) -> Result<Self, Flaw> {
        let fields = Fields::parse(text)?;
        let channels = address::channels(&fields)?;
        let title = fields.text("title", TITLE_CHARS)?.unwrap_or_default();
        let content = fields.text("content", CONTENT_CHARS)?.unwrap_or_default();
        let extra = fields.value("data")?.map(ToOwned::to_owned);
        if title.is_empty() && content.is_empty() && extra.is_none() {
            return Err(Flaw::bad("title", "give a title, content or data"));
        }
        let priority = fields.integer("priority", 1..=5)?.unwrap_or(3);
        let draft = Self {
            channels,
            title,
            content,
            level: LEVELS[fields.one_of("level", &LEVELS)?.unwrap_or_default()],
            priority: u8::try_from(priority).unwrap_or(3),
            msg_type: fields.key("msg_type", NAME_CHARS)?,
            link_type: fields.key("link_type", NAME_CHARS)?,
            link_id: fields.key("link_id", NAME_CHARS)?,
            link: fields.link("link", LINK_CHARS)?,
            actions: actions(&fields)?,
            actor: actor(&fields)?,
            thread_key: fields.key("thread_key", NAME_CHARS)?,
            collapse_key: fields.key("collapse_key", NAME_CHARS)?,
            extra,
            ttl_ms: fields
                .integer("ttl_seconds", 1..=AHEAD_SECONDS)?
                .map(|seconds| seconds * 1_000),
            deliver_at_ms: deliver_at(&fields, now_ms)?,
        };
        check_ack(&fields, stored_as)?;
        Ok(draft)
    }

    /// When it is shown, for one published at `at_ms`.
    pub(crate) fn due_ms(&self, at_ms: i64) -> i64 {
        self.deliver_at_ms.unwrap_or(at_ms)
    }

    /// When it vanishes, for one published at `at_ms`. The time to live begins when it is due.
    pub(crate) fn expires_at_ms(&self, at_ms: i64) -> Option<i64> {
        let ttl_ms = i64::try_from(self.ttl_ms?).ok()?;
        Some(self.due_ms(at_ms).saturating_add(ttl_ms))
    }
}

fn actions(fields: &Fields<'_>) -> Result<Vec<Action>, Flaw> {
    let list = fields.list("actions", ACTIONS)?;
    let read = |(index, raw): (usize, &RawValue)| {
        let action = fields.entry("actions", index, raw)?;
        let missing = |name| Flaw::bad(format!("actions[{index}].{name}"), "is missing");
        Ok(Action {
            id: action.key("id", NAME_CHARS)?,
            label: action
                .text("label", NAME_CHARS)?
                .ok_or_else(|| missing("label"))?,
            link: action.link("link", LINK_CHARS)?,
        })
    };
    list.iter()
        .map(AsRef::as_ref)
        .enumerate()
        .map(read)
        .collect()
}

fn actor(fields: &Fields<'_>) -> Result<Option<Actor>, Flaw> {
    let Some(actor) = fields.object("actor")? else {
        return Ok(None);
    };
    Ok(Some(Actor {
        id: actor.key("id", NAME_CHARS)?,
        name: actor.text("name", NAME_CHARS)?,
        avatar: actor.link("avatar", LINK_CHARS)?,
    }))
}

/// A time that is over means now, as absent does.
fn deliver_at(fields: &Fields<'_>, now_ms: i64) -> Result<Option<i64>, Flaw> {
    let Some(text) = fields.text("deliver_at", 64)? else {
        return Ok(None);
    };
    let at_ms = Timestamp::parse(&text)
        .ok_or_else(|| {
            Flaw::bad(
                "deliver_at",
                "must be a time like 2026-01-31T12:00:00Z (RFC 3339)",
            )
        })?
        .as_ms();
    let ahead_ms = i64::try_from(AHEAD_SECONDS * 1_000).unwrap_or(i64::MAX);
    if at_ms > now_ms.saturating_add(ahead_ms) {
        return Err(Flaw::bad("deliver_at", "is more than a year ahead"));
    }
    Ok((at_ms > now_ms).then_some(at_ms))
}

/// A publisher may ask for a guarantee; one that the store does not give is refused rather than claimed.
fn check_ack(fields: &Fields<'_>, stored_as: StoredAs) -> Result<(), Flaw> {
    let Some(index) = fields.one_of("ack", &ACKS)? else {
        return Ok(());
    };
    let asked = [StoredAs::Accepted, StoredAs::Replicated, StoredAs::Durable][index];
    if asked > stored_as {
        return Err(Flaw::bad(
            "ack",
            format!("the store here guarantees {} at most", stored_as.as_str()),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_392_000_000;

    fn parse(rest: &str) -> Result<Draft, String> {
        let text = format!(r#"{{"to":{{"users":["7"]}}{rest}}}"#);
        Draft::parse(&text, NOW_MS, StoredAs::Replicated).map_err(|flaw| flaw.detail())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let draft = parse(r#","title":"t","later_field":{}"#).unwrap();
        assert_eq!((draft.level, draft.priority), ("info", 3));
        assert_eq!(draft.expires_at_ms(NOW_MS), None);
    }

    #[test]
    fn a_flaw_says_which_field_and_why() {
        let long = format!(r#","title":"{}""#, "x".repeat(257));
        for (rest, detail) in [
            ("", "title: give a title, content or data"),
            (r#","title":7"#, "title: must be a text"),
            (long.as_str(), "title: has more than 256 characters"),
            (
                r#","title":"t","level":"fatal""#,
                "level: must be one of info, success, warning, error",
            ),
            (
                r#","title":"t","priority":6"#,
                "priority: must be a whole number from 1 to 5",
            ),
            (
                r#","title":"t","priority":2.5"#,
                "priority: must be a whole number from 1 to 5",
            ),
            (
                r#","title":"t","actions":[{},{},{},{}]"#,
                "actions: has more than 3 entries",
            ),
            (
                r#","title":"t","actions":[{"label":"a"},{}]"#,
                "actions[1].label: is missing",
            ),
            (
                r#","title":"t","actions":[7]"#,
                "actions[0]: must be a JSON object",
            ),
            (
                r#","title":"t","link":"javascript:x""#,
                "link: must begin with https://, http:// or a single / (a page of your own site)",
            ),
            (
                r#","title":"t","actor":"me""#,
                "actor: must be a JSON object",
            ),
            (
                r#","title":"t","deliver_at":"soon""#,
                "deliver_at: must be a time like 2026-01-31T12:00:00Z (RFC 3339)",
            ),
            (
                r#","title":"t","deliver_at":"2999-01-01T00:00:00Z""#,
                "deliver_at: is more than a year ahead",
            ),
            (
                r#","title":"t","ttl_seconds":0"#,
                "ttl_seconds: must be a whole number from 1 to 31622400",
            ),
            (
                r#","title":"t","ack":"durable""#,
                "ack: the store here guarantees replicated at most",
            ),
            (
                r#","title":"t","collapse_key":"a\nb""#,
                "collapse_key: must not hold control characters",
            ),
        ] {
            assert_eq!(parse(rest).unwrap_err(), detail);
        }
    }

    #[test]
    fn the_time_to_live_begins_when_it_is_due() {
        let draft =
            parse(r#","title":"t","ttl_seconds":60,"deliver_at":"2026-11-23T00:01:00Z""#).unwrap();
        let due_ms = draft.deliver_at_ms.unwrap();
        assert!(due_ms > NOW_MS);
        assert_eq!(draft.expires_at_ms(NOW_MS), Some(due_ms + 60_000));
    }

    #[test]
    fn a_time_that_is_over_means_now() {
        let draft = parse(r#","title":"t","deliver_at":"2020-01-01T00:00:00Z""#).unwrap();
        assert_eq!(draft.deliver_at_ms, None);
    }
}
