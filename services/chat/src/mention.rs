//! Whom a message mentions: `@id` or `@name` of a member.

use crate::{core::Core, key, member::Member};
use fanfare_http::Problem;
use fanfare_proto::channel;
use futures_util::future::try_join_all;
use std::collections::BTreeSet;

/// Most users that one message mentions; each gets a notification.
pub(crate) const MENTIONS: usize = 20;

/// What stands behind an `@`, at most [`MENTIONS`] different ones. An `@` inside a word is none: it is an address.
pub(crate) fn candidates(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|before| before.is_alphanumeric() || before == '@') {
            continue;
        }
        let is_part = |part: &char| part.is_alphanumeric() || "_-.@:".contains(*part);
        let name: String = text[at + 1..].chars().take_while(is_part).collect();
        let name = name.trim_end_matches(['.', ':', '-', '@']);
        let is_name = !name.is_empty() && !name.starts_with('@');
        if is_name && !found.iter().any(|other| other == name) {
            found.push(name.to_owned());
        }
        if found.len() == MENTIONS {
            break;
        }
    }
    found
}

/// A display name as a key; `None` when no `@` can stand for it.
pub(crate) fn name_key(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let is_part = |part: char| part.is_alphanumeric() || "_-.@:".contains(part);
    let fits = (1..=64).contains(&name.len()) && name.chars().all(is_part);
    fits.then(|| fanfare_proto::token::encode(&name))
}

/// The members of `room` among `candidates`, without `sender`.
pub(crate) async fn members(
    core: &Core,
    room: &str,
    sender: Option<&str>,
    candidates: &[String],
) -> Result<Vec<String>, Problem> {
    let found = candidates
        .iter()
        .map(|candidate| member(core, room, candidate));
    let found: BTreeSet<String> = try_join_all(found).await?.into_iter().flatten().collect();
    Ok(found
        .into_iter()
        .filter(|user| Some(user.as_str()) != sender)
        .collect())
}

async fn member(core: &Core, room: &str, candidate: &str) -> Result<Option<String>, Problem> {
    if channel::is_id(candidate) && is_member(core, room, candidate).await? {
        return Ok(Some(candidate.to_owned()));
    }
    let Some(name) = name_key(candidate) else {
        return Ok(None);
    };
    let user: Option<String> = core.records.get(&key::name(room, &name)).await?;
    match user {
        Some(user) if is_member(core, room, &user).await? => Ok(Some(user)),
        _ => Ok(None),
    }
}

async fn is_member(core: &Core, room: &str, user: &str) -> Result<bool, Problem> {
    let member: Option<Member> = core.records.get(&key::member(room, user)).await?;
    Ok(member.is_some_and(|member| member.role.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_at_begins_a_name() {
        for (text, names) in [
            ("@bob hi", vec!["bob"]),
            ("hi @bob, and (@eve).", vec!["bob", "eve"]),
            ("@bob @bob", vec!["bob"]),
            ("mail a@b.example", vec![]),
            ("@a@b.example: look", vec!["a@b.example"]),
            ("@ and @@x", vec![]),
            ("@José!", vec!["José"]),
        ] {
            assert_eq!(candidates(text), names, "{text}");
        }
        let many: String = (0..99).map(|index| format!("@u{index} ")).collect();
        assert_eq!(candidates(&many).len(), MENTIONS);
    }

    #[test]
    fn a_name_is_found_in_any_case_unless_it_has_blanks() {
        assert_eq!(name_key("Bob"), name_key("bob"));
        assert_eq!(name_key("Bob B"), None);
        assert_eq!(name_key(""), None);
    }
}
