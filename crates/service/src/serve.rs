//! Answers over the bus. What a service has under way is finished at a shutdown.

use bytes::Bytes;
use fanfare_bus::bus::Responder;
use fanfare_http::Problem;
use fanfare_lifecycle::Tasks;
use fanfare_proto::{
    ErrorCode, channel,
    wire::{Caller, Reply, reply},
};
use prost::Message;
use std::{future::Future, sync::Arc};

/// Answers requests `Q` with what `handle` makes of them, or with its refusal.
pub fn answering<C, Q, A, F>(core: &Arc<C>, tasks: &Tasks, handle: fn(Arc<C>, Q) -> F) -> Responder
where
    C: Send + Sync + 'static,
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: Future<Output = Result<A, Problem>> + Send + 'static,
{
    let (core, tasks) = (Arc::clone(core), tasks.clone());
    Box::new(move |message| {
        let core = Arc::clone(&core);
        Box::pin(tasks.track(async move {
            let answer = match Q::decode(message.payload) {
                Ok(request) => handle(core, request).await,
                Err(_unreadable) => Err(unreadable()),
            };
            let reply = match answer {
                Ok(answer) => Reply::ok(&answer),
                Err(problem) => refusal(&problem),
            };
            reply.encode_to_vec().into()
        }))
    })
}

/// Takes reports `Q`, which nobody waits for.
pub fn taking<C, Q, F>(core: &Arc<C>, tasks: &Tasks, take: fn(Arc<C>, Q) -> F) -> Responder
where
    C: Send + Sync + 'static,
    Q: Message + Default + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (core, tasks) = (Arc::clone(core), tasks.clone());
    Box::new(move |message| {
        let core = Arc::clone(&core);
        Box::pin(tasks.track(async move {
            match Q::decode(message.payload) {
                Ok(told) => take(core, told).await,
                Err(_unreadable) => {
                    tracing::warn!(
                        subject = message.subject,
                        "an unreadable report was dropped"
                    );
                }
            }
            Bytes::new()
        }))
    })
}

/// A problem as an answer over the bus.
fn refusal(problem: &Problem) -> Reply {
    Reply {
        result: Some(reply::Result::Failure(problem.into())),
    }
}

/// What came is no request of this version.
#[must_use]
pub fn unreadable() -> Problem {
    Problem::new(ErrorCode::BadMessage, "the request is unreadable")
}

/// Who asks.
///
/// # Errors
///
/// The request names nobody.
pub fn known(caller: Option<Caller>) -> Result<Caller, Problem> {
    caller
        .filter(|caller| channel::is_id(&caller.user))
        .ok_or_else(unreadable)
}
