//! `auth` → signs the session in, or gives an open one a fresh token of the same user.

use crate::session::{Refusal, Session, Turn};
use fanfare_proto::{Channel, ErrorCode, client::ClientFrame};
use serde_json::value::RawValue;
use std::collections::HashMap;

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let token = frame
        .token
        .clone()
        .ok_or_else(|| Refusal::new(ErrorCode::BadMessage, "token is missing"))?;
    let resume = frame.since.map_or_else(|| Ok(HashMap::new()), resume)?;
    session.verify(frame.id.clone(), token, resume, turn)
}

/// `since` of an `auth` frame: an object from channels to cursors.
fn resume(since: &RawValue) -> Result<HashMap<Channel, String>, Refusal> {
    serde_json::from_str(since.get()).map_err(|_shape| {
        Refusal::new(
            ErrorCode::BadMessage,
            "since of auth maps channels to cursors",
        )
    })
}
