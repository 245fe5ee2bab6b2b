//! What the log holds of a notification.

use super::draft::{Action, Actor, Draft};
use crate::fields::Flaw;
use fanfare_proto::{
    ErrorCode, Timestamp, limits,
    text::{Lang, Phrase},
    wire::{Entry, EntryType},
};
use serde::Serialize;
use serde_json::value::RawValue;

/// The object of `data`, without `n`. What existing front ends read is always there.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    title: &'a str,
    content: &'a str,
    level: &'a str,
    priority: u8,
    msg_type: Option<&'a str>,
    link_type: Option<&'a str>,
    link_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    actions: &'a [Action],
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collapse_key: Option<&'a str>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'a RawValue>,
}

/// The entry of `draft`, published at `at_ms` as `id`. The time on it is when it is due.
///
/// # Errors
///
/// `too_large` when its body is over the contract's bound.
pub(crate) fn entry(draft: &Draft, id: &str, at_ms: i64, traceparent: &str) -> Result<Entry, Flaw> {
    let created_at_ms = draft.due_ms(at_ms);
    let expires_at_ms = draft.expires_at_ms(at_ms);
    let body = Body {
        id,
        title: &draft.title,
        content: &draft.content,
        level: draft.level,
        priority: draft.priority,
        msg_type: draft.msg_type.as_deref(),
        link_type: draft.link_type.as_deref(),
        link_id: draft.link_id.as_deref(),
        link: draft.link.as_deref(),
        actions: &draft.actions,
        actor: draft.actor.as_ref(),
        thread_key: draft.thread_key.as_deref(),
        collapse_key: draft.collapse_key.as_deref(),
        created_at: Timestamp::from_ms(created_at_ms),
        expires_at: expires_at_ms.map(Timestamp::from_ms),
        extra: draft.extra.as_deref(),
    };
    // Serialising fails only for maps with keys that are no strings, and none of ours is a map.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    if body.len() > limits::BODY_BYTES {
        return Err(Flaw::new(
            ErrorCode::TooLarge,
            "",
            format!(
                "the notification has {} bytes as JSON; {} are the most",
                body.len(),
                limits::BODY_BYTES
            ),
        ));
    }
    let message = if draft.title.is_empty() {
        Lang::Zh.words(Phrase::Notification).to_owned()
    } else {
        draft.title.clone()
    };
    Ok(Entry {
        r#type: EntryType::Notification.into(),
        id: id.to_owned(),
        created_at_ms,
        expires_at_ms: expires_at_ms.unwrap_or_default(),
        body: body.into(),
        message,
        priority: u32::from(draft.priority),
        collapse_key: draft.collapse_key.clone().unwrap_or_default(),
        traceparent: traceparent.to_owned(),
        trail: true,
        ..Entry::default()
    })
}

/// The entry that takes back notification `id`, which stood at `n`.
pub(crate) fn retraction(id: &str, n: u64, at_ms: i64) -> Entry {
    #[derive(Serialize)]
    struct Retracted<'a> {
        id: &'a str,
        n: u64,
    }
    let body = serde_json::to_vec(&Retracted { id, n }).unwrap_or_default();
    Entry {
        r#type: EntryType::Retraction.into(),
        id: id.to_owned(),
        created_at_ms: at_ms,
        body: body.into(),
        ..Entry::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::StoredAs;

    fn published(text: &str) -> Result<Entry, Flaw> {
        let draft = Draft::parse(text, 0, StoredAs::Durable)?;
        entry(&draft, "x", 0, "")
    }

    #[test]
    fn the_body_has_what_front_ends_read() {
        let entry =
            published(r#"{"to":{"all":true},"content":"c","data":{"k": [1,  2]},"ttl_seconds":1}"#)
                .unwrap();
        assert_eq!(entry.message, "新消息");
        assert_eq!(
            std::str::from_utf8(&entry.body).unwrap(),
            r#"{"id":"x","title":"","content":"c","level":"info","priority":3,"msg_type":null,"link_type":null,"link_id":null,"created_at":"1970-01-01T00:00:00.000Z","expires_at":"1970-01-01T00:00:01.000Z","extra":{"k": [1,  2]}}"#
        );
    }

    #[test]
    fn a_body_over_the_bound_is_refused() {
        let with = |bytes: usize| {
            published(&format!(
                r#"{{"to":{{"all":true}},"data":"{}"}}"#,
                "x".repeat(bytes)
            ))
        };
        assert!(with(limits::BODY_BYTES - 300).is_ok());
        let flaw = with(limits::BODY_BYTES).unwrap_err();
        assert_eq!(flaw.code, ErrorCode::TooLarge);
        assert!(flaw.detail().contains("65536"), "{}", flaw.detail());
    }
}
