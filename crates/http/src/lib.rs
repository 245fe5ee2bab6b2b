//! The HTTP edge that services share: [`serve()`] (listener and its limits), [`Problem`] (every error), [`Json`] (every
//! body), [`Bearer`], [`Params`], [`idempotency_key()`], [`ClientAddr`], [`SecuritySchemes`], [`request_id()`],
//! [`Requests`] (what is measured) and [`traced()`].
#![warn(missing_docs)]

mod bearer;
mod body;
mod client_addr;
mod idempotency_key;
mod json;
mod method;
mod params;
mod problem;
mod request_id;
mod requests;
mod security;
mod serve;
mod traced;

pub use bearer::Bearer;
pub use body::read_body;
pub use client_addr::{ClientAddr, TrustedProxies};
pub use idempotency_key::idempotency_key;
pub use json::Json;
pub use params::Params;
pub use problem::Problem;
pub use request_id::request_id;
pub use requests::Requests;
pub use security::SecuritySchemes;
pub use serve::{Limits, serve};
pub use traced::traced;
pub use utoipa_axum::router::OpenApiRouter;
