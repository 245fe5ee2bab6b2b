//! The parameters behind the `?`.

use crate::Problem;
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use fanfare_proto::ErrorCode;
use serde::de::DeserializeOwned;

/// Takes them; what is no `T` is `bad_message`.
#[derive(Clone, Copy, Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(params) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::new(ErrorCode::BadMessage, error.body_text()))?;
        Ok(Self(params))
    }
}
