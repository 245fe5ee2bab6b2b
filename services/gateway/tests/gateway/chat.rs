//! Another process that answers for rooms: only as much of one as the gateway's own promises need.

use crate::harness::World;
use bytes::Bytes;
use fanfare_bus::{Message, bus::Serving};
use fanfare_proto::{
    subject,
    wire::{Reply, RoomRightsReply},
};
use prost::Message as _;
use std::pin::Pin;

/// Answers requests on `subject`.
pub(crate) async fn serve(
    world: &World,
    subject: &str,
    answer: impl Fn(Bytes) -> Reply + Send + Sync + 'static,
) -> Serving {
    let responder = move |message: Message| -> Pin<Box<dyn Future<Output = Bytes> + Send>> {
        let reply = answer(message.payload).encode_to_vec();
        Box::pin(std::future::ready(reply.into()))
    };
    let bus = &world.handles.bus;
    bus.serve(subject, Some("chat"), Box::new(responder))
        .await
        .unwrap()
}

/// Everybody may read every room.
pub(crate) async fn let_in(world: &World) -> Serving {
    serve(world, subject::CHAT_RIGHTS, |_request| rights(true)).await
}

pub(crate) fn rights(read: bool) -> Reply {
    Reply::ok(&RoomRightsReply {
        read,
        ..RoomRightsReply::default()
    })
}
