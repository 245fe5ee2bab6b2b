//! How callers say who they are, for the reference of a service.

use utoipa::{
    Modify,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// Adds the schemes `api_key` and `user_token`, which routes name, to a service's document.
#[derive(Clone, Copy, Debug)]
pub struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = |format: &str, description: &str| {
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format(format)
                    .description(Some(description))
                    .build(),
            )
        };
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme(
            "api_key",
            scheme(
                "ff_…",
                "An API key of a backend, with the scope the route names.",
            ),
        );
        components.add_security_scheme("user_token", scheme("JWT", "A user's access token."));
    }
}
