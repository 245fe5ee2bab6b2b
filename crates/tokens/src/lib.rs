//! Who is asking: claims, minting, verification, key sets, revocation, API keys.
//!
//! A service asks its [`Authority`], which keeps key sets and revocations fresh by itself. A token's way through it:
//! [`Unverified`] splits it → the configured issuer's [`KeySet`] gives the key → the signature → [`claims`] → the
//! revocations. Nothing in a token chooses a URL or an algorithm: the issuer is one that was configured, its key is found
//! by `kid` in that issuer's set alone, and the algorithm is the one of the key's own type.
//!
//! The auth service signs with a [`SigningKey`] and takes back with [`Revocation::publish`].
#![warn(missing_docs)]

mod api_key;
mod api_keys;
mod authority;
pub mod claims;
mod follower;
mod identity;
mod issuers;
mod key_set;
mod key_source;
mod packed;
mod public_key;
mod revocation;
mod revocations;
mod settings;
mod signing_key;
mod unverified;

pub use api_key::{ApiKey, ApiKeyText, random_base62};
pub use authority::Authority;
pub use identity::{ChannelRight, Identity, TokenError};
pub use key_set::{KeySet, KeySetError};
pub use packed::PackedIdentity;
pub use public_key::{Algorithm, PublicKey};
pub use revocation::{Revocation, revoke_user, revoked_until_ms};
pub use settings::{Issuer, KeySource, Secret, Settings};
pub use signing_key::{KeyError, MintError, SigningKey};
pub use unverified::{TOKEN_BYTES, Unverified};
