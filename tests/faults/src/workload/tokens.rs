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
    let url = format!("{}/v1/auth/tokens", doors.auth);
    let mut tokens = Vec::with_capacity(plan.personas.len());
    for persona in &plan.personas {
        let body = json!({
            "user": persona.user,
            "groups": persona.groups,
            "channels": {"topic:*": "r"},
            "ttl_seconds": LIFE_SECONDS,
        });
        let answer = asker.post(&url, &doors.key, &body).await?;
        tokens.push(text(&answer, "access_token")?);
    }
    Ok(tokens)
}
