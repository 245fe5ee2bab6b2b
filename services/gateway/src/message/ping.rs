//! `ping` → `pong` with the server's time.

use crate::session::{Refusal, Session, Turn};
use fanfare_proto::{
    Timestamp,
    client::ClientFrame,
    server::{Line, ServerFrame},
    text::Phrase,
};
use serde::Serialize;

#[derive(Serialize)]
struct Pong {
    server_time: Timestamp,
}

pub(super) fn handle(
    session: &mut Session,
    frame: &ClientFrame<'_>,
    turn: &mut Turn<'_>,
) -> Result<(), Refusal> {
    let server_time = turn.now.timestamp();
    let answer = ServerFrame {
        id: frame.id.as_deref(),
        message: Some(Line::Text(session.words(Phrase::Pong))),
        data: Some(Pong { server_time }),
        ..ServerFrame::new("pong", server_time)
    };
    turn.send(answer.encode());
    Ok(())
}
