//! `POST /v1/auth/keys/rotate`

use super::caller::{Caller, Right};
use crate::{app::Shared, fault::Fault};
use axum::extract::State;
use fanfare_http::{Json, Problem};
use fanfare_proto::ErrorCode;
use serde::Serialize;

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Rotated {
    /// The key that signs from now on.
    kid: String,
}

/// Makes the next signing key sign.
///
/// It has been in the key set all along. The one before stays there until the last token it signed has expired.
#[utoipa::path(
    post,
    path = "/v1/auth/keys/rotate",
    tag = "auth",
    security(("bearer" = [])),
    responses(
        (status = 200, body = Rotated),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 409, description = "Too many keys are waiting for their tokens to expire", body = Problem),
    )
)]
pub(crate) async fn rotate_keys(
    State(app): State<Shared>,
    caller: Caller,
) -> Result<Json<Rotated>, Problem> {
    caller.require(Right::Admin)?;
    let ring = match app.key_ring.rotate().await {
        Ok(ring) => ring,
        Err(Fault::Conflict) => {
            return Err(Problem::new(
                ErrorCode::Conflict,
                "the keys were rotated too often within a day, try again tomorrow",
            ));
        }
        Err(fault) => return Err(fault.into()),
    };
    tracing::info!(
        caller = caller.label(),
        kid = ring.current.kid(),
        "signing key rotated"
    );
    Ok(Json(Rotated {
        kid: ring.current.kid().to_owned(),
    }))
}
