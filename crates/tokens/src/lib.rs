//! Who is asking: claims, minting, verification, key sets, revocation, API keys.
//!
//! A service asks its [`Authority`], which keeps key sets and revocations fresh by itself.
#![warn(missing_docs)]

mod authority;
mod identity;
mod revocation;

pub use authority::{ApiKey, Authority, Settings};
pub use identity::{ChannelRight, Identity, TokenError};
pub use revocation::Revocation;
