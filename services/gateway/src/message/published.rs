//! `published`, the answer to every frame that has appended an entry.

use crate::{call::Answered, session::Refusal};
use fanfare_proto::{server::ServerFrame, wire::PublishReply};
use serde::Serialize;

#[derive(Serialize)]
struct Published<'a> {
    n: u64,
    cursor: &'a str,
}

pub(super) fn answer(answered: &Answered<'_>) -> Result<Vec<u8>, Refusal> {
    let reply: PublishReply = answered.read()?;
    let frame = ServerFrame {
        id: answered.id,
        data: Some(Published {
            n: reply.n,
            cursor: &reply.cursor,
        }),
        n: Some(reply.n),
        ..ServerFrame::new("published", answered.timestamp)
    };
    Ok(frame.encode())
}
