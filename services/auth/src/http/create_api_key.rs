//! `POST /v1/auth/api-keys`

use super::{
    bad,
    caller::{Caller, Right},
    tokens::Secret,
};
use crate::{
    api_keys::{NewApiKey, SCOPES},
    app::Shared,
    fault::Fault,
    idempotency::{IdempotencyKey, Once},
    user,
};
use axum::{extract::State, http::StatusCode};
use fanfare_http::{Json, Problem};
use fanfare_proto::ErrorCode;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize, utoipa::ToSchema)]
pub(crate) struct CreateApiKey {
    /// For people: who uses it.
    #[schema(example = "shop backend")]
    name: String,
    /// Any of `notifications:publish`, `channels:publish`, `rooms:manage`, `tokens:mint`, `admin`.
    #[schema(example = json!(["notifications:publish"]))]
    scopes: Vec<String>,
}

/// A new key.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedApiKey {
    id: String,
    /// The key's text. It is shown now and never again.
    #[schema(example = "ff_…")]
    key: String,
}

/// Makes an API key.
///
/// The key is stored as a digest only, so a repeated `Idempotency-Key` cannot show it again: it gets `conflict` with the
/// id of the key that was made. When its text is lost, delete it and make another.
#[utoipa::path(
    post,
    path = "/v1/auth/api-keys",
    tag = "auth",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes no second key within 24 h")),
    request_body = CreateApiKey,
    responses(
        (status = 201, body = CreatedApiKey),
        (status = 400, body = Problem),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, description = "This Idempotency-Key has made a key already", body = Problem),
    )
)]
pub(crate) async fn create_api_key(
    State(app): State<Shared>,
    caller: Caller,
    idempotency: IdempotencyKey,
    Json(request): Json<CreateApiKey>,
) -> Result<(StatusCode, Secret<CreatedApiKey>), Problem> {
    caller.require(Right::Admin)?;
    if request.name.trim().is_empty() {
        return Err(bad("name says who uses the key"));
    }
    user::check_name(&request.name).map_err(bad)?;
    check_scopes(&request.scopes)?;
    let once = idempotency.once(&caller.label(), "api-key", &request)?;
    if let Some(once) = &once {
        refuse_repeat(&app, once).await?;
    }
    let new = NewApiKey {
        name: request.name,
        scopes: request.scopes,
        created_by: caller.label(),
        now_ms: app.clock.now_ms(),
    };
    let made = app.api_keys.create(new, once.as_ref()).await;
    if let (Err(Fault::Conflict), Some(once)) = (&made, &once) {
        refuse_repeat(&app, once).await?;
    }
    let (record, text) = made?;
    tracing::info!(caller = caller.label(), key = record.id, scopes = ?record.scopes, "API key made");
    let created = CreatedApiKey {
        id: record.id,
        key: text.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Secret(created)))
}

async fn refuse_repeat(app: &Shared, once: &Once) -> Result<(), Problem> {
    match once.made(&app.store).await? {
        None => Ok(()),
        Some(id) => Err(Problem::new(
            ErrorCode::Conflict,
            format!(
                "this Idempotency-Key made the API key {id} already, whose text was shown then; \
                 if it is lost, delete that key and make another with a new Idempotency-Key"
            ),
        )),
    }
}

/// # Errors
///
/// Which scope is unknown, or that there is none.
pub(crate) fn check_scopes(scopes: &[String]) -> Result<(), Problem> {
    let is_known = |scope: &String| SCOPES.contains(&scope.as_str());
    if scopes.is_empty() || scopes.len() > SCOPES.len() || !scopes.iter().all(is_known) {
        return Err(bad(format!(
            "scopes are one or more of {}",
            SCOPES.join(", ")
        )));
    }
    Ok(())
}
