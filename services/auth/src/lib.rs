//! The auth service: people sign in here, backends get tokens for their own people, and what was given is taken back.
//!
//! A login's way: [`http`](self) `login` → the limits by name and address → [`passwords`] (argon2id on its own few
//! threads) → [`issue`] (a session: an access token and the first token of a refresh [`families`] record). A refresh
//! replaces the family's token; a replaced one that comes again ends the family. [`key_ring`] holds the signing keys,
//! [`revoke`] takes back, [`responder`] answers the other services over the bus.
//!
//! Everything durable is in the bucket `auth`, changed by compare-and-set, so any number of workers may run. What a worker
//! keeps for itself: the login limits, and a copy of the signing keys that a watch keeps fresh.
#![warn(missing_docs)]

mod api_keys;
mod app;
mod families;
mod fault;
mod first_start;
mod http;
mod idempotency;
mod issue;
mod key_ring;
mod login_limits;
mod metrics;
mod password;
mod passwords;
mod rate_limit;
mod responder;
mod revoke;
mod settings;
mod start;
mod store;
mod user;
mod users;

pub use fanfare_service::Deps;
pub use first_start::FirstRun;
pub use password::Password;
pub use settings::{LoginLimits, PasswordCost, Rate, Settings};
pub use start::{Auth, StartError, start};
