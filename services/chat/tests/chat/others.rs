//! Stands for the services around: auth, notify and a gateway.

use bytes::Bytes;
use fanfare_bus::{
    Handles,
    bus::{Responder, Serving},
};
use fanfare_proto::{
    ErrorCode, subject,
    wire::{
        ApiKeyReply, ApiKeyRequest, KeySetReply, LeaveCommand, LeaveReply, NotifyReply,
        NotifyRequest, Reply,
    },
};
use fanfare_tokens::{ApiKeyText, SigningKey};
use prost::Message as _;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// What other services were told.
#[derive(Clone, Default)]
pub(crate) struct Others {
    /// The notify service refuses for now.
    pub(crate) notify_away: Arc<AtomicBool>,
    /// By their keys; the same one again is the same notification.
    notifications: Arc<Mutex<HashMap<String, Value>>>,
    left: Arc<Mutex<Vec<(String, String)>>>,
}

/// A key with these scopes, which [`issue`] knows.
pub(crate) fn key(scopes: &[&str], keys: &mut HashMap<Vec<u8>, ApiKeyReply>) -> String {
    let text = ApiKeyText::generate().unwrap();
    let reply = ApiKeyReply {
        id: format!("key-{}", keys.len()),
        name: "test".into(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
    };
    keys.insert(text.digest().to_vec(), reply);
    text.expose().to_owned()
}

/// What the auth service answers, from a key of the test's own.
pub(crate) async fn issue(
    handles: &Handles,
    signing: &SigningKey,
    keys: HashMap<Vec<u8>, ApiKeyReply>,
) -> Vec<Serving> {
    let jwks = json!({ "keys": [signing.jwk()] }).to_string();
    let key_set: Responder = Box::new(move |_message| {
        let reply = KeySetReply {
            issuer: "fanfare".into(),
            jwks: jwks.clone().into(),
        };
        Box::pin(async move { Reply::ok(&reply).encode_to_vec().into() })
    });
    let api_key: Responder = Box::new(move |message| {
        let request = ApiKeyRequest::decode(message.payload).unwrap();
        let reply = match keys.get(request.digest.as_ref()) {
            Some(key) => Reply::ok(key),
            None => Reply::failure(ErrorCode::Unauthorized, "unknown key"),
        };
        Box::pin(async move { reply.encode_to_vec().into() })
    });
    let bus = &handles.bus;
    let key_set = bus.serve(subject::AUTH_KEY_SET, Some("auth"), key_set);
    let api_key = bus.serve(subject::AUTH_API_KEY, Some("auth"), api_key);
    vec![key_set.await.unwrap(), api_key.await.unwrap()]
}

impl Others {
    /// Stands for the notify service and for a gateway.
    pub(crate) async fn serve(&self, handles: &Handles) -> Vec<Serving> {
        let own = self.clone();
        let notify: Responder = Box::new(move |message| {
            let reply = own.notify(&message.payload);
            Box::pin(async move { reply.encode_to_vec().into() })
        });
        let left = Arc::clone(&self.left);
        let gateway: Responder = Box::new(move |message| {
            let command = LeaveCommand::decode(message.payload).unwrap();
            left.lock().unwrap().push((command.channel, command.user));
            let reply = LeaveReply {
                node: "test".to_owned(),
            };
            Box::pin(async move { reply.encode_to_vec().into() })
        });
        let bus = &handles.bus;
        let notify = bus.serve(subject::NOTIFY_NOTIFICATION, Some("notify"), notify);
        let gateway = bus.serve(subject::GATEWAY_LEAVE, None, gateway);
        vec![notify.await.unwrap(), gateway.await.unwrap()]
    }

    fn notify(&self, payload: &Bytes) -> Reply {
        if self.notify_away.load(Ordering::SeqCst) {
            return Reply::failure(ErrorCode::Unavailable, "the store is away");
        }
        let request = NotifyRequest::decode(payload.clone()).unwrap();
        let notification: Value = serde_json::from_slice(&request.notification).unwrap();
        let mut known = self.notifications.lock().unwrap();
        let first = known.entry(request.idempotency_key.clone());
        assert_eq!(first.or_insert(notification.clone()), &notification);
        Reply::ok(&NotifyReply {
            id: request.idempotency_key,
        })
    }

    /// Whom notifications were sent to, and their `data`.
    pub(crate) fn notified(&self) -> Vec<(Value, Value)> {
        let known = self.notifications.lock().unwrap();
        let mut notified: Vec<(Value, Value)> = known
            .values()
            .map(|told| (told["to"]["users"][0].clone(), told["data"].clone()))
            .collect();
        notified.sort_by_key(|(user, data)| format!("{data}{user}"));
        notified
    }

    /// Which channels gateways took which users out of.
    pub(crate) fn left(&self) -> Vec<(String, String)> {
        self.left.lock().unwrap().clone()
    }
}
