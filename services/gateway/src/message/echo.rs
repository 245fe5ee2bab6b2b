//! `echo` → the content exactly as sent.

use crate::session::{Refusal, Session, Turn};
use fanfare_proto::{
    ErrorCode,
    client::ClientFrame,
    server::{Line, ServerFrame},
};

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let content = frame
        .content
        .ok_or_else(|| Refusal::new(ErrorCode::BadMessage, "content is missing"))?;
    let answer = ServerFrame::<()> {
        id: frame.id.as_deref(),
        message: Some(Line::Json(content)),
        user: session.user(),
        ..ServerFrame::new("echo_response", turn.now.timestamp())
    };
    turn.send(answer.encode());
    Ok(())
}
