//! `chat` on the test page → a simulated reply.

use crate::session::{Refusal, Session, Turn};
use fanfare_proto::{
    client::ClientFrame,
    server::{Line, ServerFrame},
    text::Phrase,
};
use serde::Serialize;

#[derive(Serialize)]
struct Reply<'a> {
    user: &'a str,
    original_message: &'a str,
}

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let content = super::text(frame)?;
    let user = session.user().unwrap_or_default();
    let message = format!("{}{content}", session.words(Phrase::ChatReply));
    let answer = ServerFrame {
        id: frame.id.as_deref(),
        message: Some(Line::Text(&message)),
        user: Some(user),
        data: Some(Reply {
            user,
            original_message: &content,
        }),
        ..ServerFrame::new("chat_response", turn.now.timestamp())
    };
    turn.send(answer.encode());
    Ok(())
}
