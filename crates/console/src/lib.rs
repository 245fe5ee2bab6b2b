//! The console, as a browser gets it from the server.
//!
//! [`respond()`] answers what is the console's and nothing else: an [`asset`] by its path, in the encoding that the browser
//! takes; else, for a person who opens an address, the [`page`], with its [`policy`]. The build script puts the files of
//! `web/console/dist` into the binary; without them the page says how to build them.
#![warn(missing_docs)]

mod asset;
mod page;
mod policy;
mod respond;

pub use respond::respond;

/// Whether the console itself is in this binary, and not the page that says how to build it.
#[must_use]
pub fn is_built() -> bool {
    !asset::ASSETS.is_empty()
}
