//! One reference for everything a port serves.

use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi};

/// The document of `parts` together.
pub(crate) fn document(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Fanfare")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Real-time notifications for any backend. Errors are RFC 9457 problem documents whose `code` is \
             stable. The WebSocket contract is in proto/README.md.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("Fanfare")).build()))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").build()))
        .build();
    let mut document = OpenApi::new(info, utoipa::openapi::Paths::new());
    for part in parts {
        document.merge(part);
    }
    document
}
