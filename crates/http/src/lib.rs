//! The HTTP edge that services share: [`serve()`] (listener and its limits), [`Problem`] (every error), [`Json`] (every
//! body), [`Bearer`], [`ClientAddr`] and [`request_id()`].
#![warn(missing_docs)]

mod bearer;
mod body;
mod client_addr;
mod json;
mod problem;
mod request_id;
mod serve;

pub use bearer::Bearer;
pub use body::read_body;
pub use client_addr::{ClientAddr, TrustedProxies};
pub use json::Json;
pub use problem::Problem;
pub use request_id::request_id;
pub use serve::{Limits, serve};
pub use utoipa_axum::router::OpenApiRouter;
