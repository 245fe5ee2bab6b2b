//! A token for each client.

use super::Plan;
use crate::{
    failure::Outcome,
    net::Asker,
    site::{Doors, text},
};
use serde_json::json;

/// Life of a token: no token ends within a row.
const LIFE_SECONDS: u64 = 3_600;

/// Has the auth service mint one token for each persona, in their order.
pub(super) async fn mint(plan: &Plan, doors: &Doors) -> Outcome<Vec<String>> {
    let asker = Asker::new()?;
    let mut tokens = Vec::with_capacity(plan.personas.len());
    for persona in &plan.personas {
        tokens.push(mint_one(&asker, doors, &persona.user, &persona.groups).await?);
    }
    Ok(tokens)
}

/// Has it mint one for `user`, who is in `groups`.
pub(super) async fn mint_one(
    asker: &Asker,
    doors: &Doors,
    user: &str,
    groups: &[String],
) -> Outcome<String> {
    let url = format!("{}/v1/auth/tokens", doors.auth);
    let body = json!({
        "user": user,
        "groups": groups,
        "channels": {"topic:*": "r"},
        "ttl_seconds": LIFE_SECONDS,
    });
    text(&asker.post(&url, &doors.key, &body).await?, "access_token")
}
