//! `reverse`, which exists in tests only: the proof that a type is one file and one line.

use crate::session::{Refusal, Session, Turn};
use fanfare_proto::{
    ErrorCode,
    client::ClientFrame,
    server::{Line, ServerFrame},
};

pub(super) fn handle(
    _session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let content: String = frame
        .content
        .and_then(|content| serde_json::from_str(content.get()).ok())
        .ok_or(ErrorCode::BadMessage)?;
    let reversed: String = content.chars().rev().collect();
    let answer = ServerFrame::<()> {
        id: frame.id.as_deref(),
        message: Some(Line::Text(&reversed)),
        ..ServerFrame::new("reverse_response", turn.now.timestamp())
    };
    turn.send(answer.encode());
    Ok(())
}
