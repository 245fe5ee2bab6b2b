//! Another process that answers for rooms: only as much of one as the gateway's own promises need.

use crate::harness::{PATIENCE, World};
use bytes::Bytes;
use fanfare_bus::{Message, bus::Serving};
use fanfare_proto::{
    subject,
    wire::{Reply, RoomRightsReply},
};
use prost::Message as _;
use std::{pin::Pin, sync::Arc};
use tokio::sync::{Mutex, Notify, mpsc};

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

/// Decides on its answers when it is asked, and gives each away when it is told to.
pub(crate) struct Slow {
    asked: Mutex<mpsc::Receiver<()>>,
    go: Arc<Notify>,
    _serving: Serving,
}

impl Slow {
    pub(crate) async fn serve(
        world: &World,
        subject: &str,
        answer: impl Fn(Bytes) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (ask, asked) = mpsc::channel(64);
        let go = Arc::new(Notify::new());
        let going = Arc::clone(&go);
        let responder = move |message: Message| -> Pin<Box<dyn Future<Output = Bytes> + Send>> {
            let reply = answer(message.payload).encode_to_vec();
            let (ask, going) = (ask.clone(), Arc::clone(&going));
            Box::pin(async move {
                ask.send(()).await.unwrap();
                going.notified().await;
                reply.into()
            })
        };
        let bus = &world.handles.bus;
        let serving = bus.serve(subject, Some("chat"), Box::new(responder));
        Self {
            asked: Mutex::new(asked),
            go,
            _serving: serving.await.unwrap(),
        }
    }

    /// Waits until it is asked.
    pub(crate) async fn asked(&self) {
        let mut asked = self.asked.lock().await;
        let asked = tokio::time::timeout(PATIENCE, asked.recv());
        asked.await.expect("nobody asked").unwrap();
    }

    /// Gives one answer away.
    pub(crate) fn go(&self) {
        self.go.notify_one();
    }
}
