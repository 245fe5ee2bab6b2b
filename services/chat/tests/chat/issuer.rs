//! What stands for the auth service: an issuer of tokens, and keys.

use fanfare_bus::{
    Handles,
    bus::{Responder, Serving},
};
use fanfare_proto::{
    ErrorCode, subject,
    wire::{ApiKeyReply, ApiKeyRequest, KeySetReply, Reply},
};
use fanfare_tokens::{ApiKeyText, SigningKey};
use prost::Message;
use serde_json::json;
use std::collections::HashMap;

/// A key with `scopes`, which `keys` then knows.
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
