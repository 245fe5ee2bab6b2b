//! Answers to the other services, over the bus.

use crate::app::App;
use bytes::Bytes;
use fanfare_bus::{
    Bus, BusError,
    bus::{Responder, Serving},
};
use fanfare_lifecycle::Tasks;
use fanfare_proto::{
    ErrorCode, subject,
    wire::{ApiKeyReply, ApiKeyRequest, KeySetReply, Reply},
};
use prost::Message as _;
use std::{future::Future, sync::Arc};

/// Any one worker answers.
const GROUP: &str = "auth";

/// Serves the key set and the API keys for as long as the guards live. `tasks` wait for what is under way.
pub(crate) async fn serve(
    app: &Arc<App>,
    bus: &dyn Bus,
    tasks: &Tasks,
) -> Result<Vec<Serving>, BusError> {
    let key_set = responder(
        app,
        tasks,
        |app, _request| async move { key_set(&app).await },
    );
    let api_key = responder(app, tasks, |app, request| async move {
        api_key(&app, &request).await
    });
    Ok(vec![
        bus.serve(subject::AUTH_KEY_SET, Some(GROUP), key_set)
            .await?,
        bus.serve(subject::AUTH_API_KEY, Some(GROUP), api_key)
            .await?,
    ])
}

fn responder<F>(
    app: &Arc<App>,
    tasks: &Tasks,
    answer: impl Fn(Arc<App>, Bytes) -> F + Send + Sync + 'static,
) -> Responder
where
    F: Future<Output = Reply> + Send + 'static,
{
    let (app, tasks) = (Arc::clone(app), tasks.clone());
    Box::new(move |message| {
        let reply = answer(Arc::clone(&app), message.payload);
        Box::pin(tasks.track(async move { reply.await.encode_to_vec().into() }))
    })
}

/// From the store, not from memory: who asks has just heard that the keys changed, maybe sooner than this worker.
async fn key_set(app: &App) -> Reply {
    match app.key_ring.fresh().await {
        Ok(ring) => Reply::ok(&KeySetReply {
            issuer: app.settings.issuer.clone(),
            jwks: ring.document.clone(),
        }),
        Err(fault) => fault.into(),
    }
}

async fn api_key(app: &App, request: &[u8]) -> Reply {
    let Ok(request) = ApiKeyRequest::decode(request) else {
        return Reply::failure(ErrorCode::BadMessage, "the request is unreadable");
    };
    match app.api_keys.by_digest(&request.digest).await {
        Ok(Some(key)) => Reply::ok(&ApiKeyReply {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
        }),
        Ok(None) => Reply::failure(ErrorCode::Unauthorized, "this API key is not known"),
        Err(fault) => fault.into(),
    }
}
