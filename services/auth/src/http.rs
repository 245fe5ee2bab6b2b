//! The endpoints, one file each.

mod caller;
mod change_password;
mod create_api_key;
mod create_user;
mod delete_api_key;
mod delete_user;
mod get_user;
mod jwks;
mod list_api_keys;
mod list_users;
mod login;
mod logout;
mod mint;
mod page;
mod refresh;
mod revoke;
mod rotate_keys;
mod tokens;
mod update_user;

use crate::app::Shared;
use axum::extract::DefaultBodyLimit;
use fanfare_http::{OpenApiRouter, Problem};
use fanfare_proto::ErrorCode;
use utoipa::openapi::{
    ComponentsBuilder, OpenApiBuilder,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::routes;

pub(crate) use create_api_key::check_scopes;

/// Largest body, in bytes. The largest honest one is an account with 64 groups and 64 patterns, under 20 KiB.
const BODY_BYTES: usize = 32 * 1024;

pub(crate) fn router(shared: Shared) -> OpenApiRouter {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token, or an API key (`ff_…`)"))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .build();
    let openapi = OpenApiBuilder::new().components(Some(components)).build();
    OpenApiRouter::with_openapi(openapi)
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(mint::mint))
        .routes(routes!(
            create_api_key::create_api_key,
            list_api_keys::list_api_keys
        ))
        .routes(routes!(delete_api_key::delete_api_key))
        .routes(routes!(revoke::revoke))
        .routes(routes!(rotate_keys::rotate_keys))
        .routes(routes!(jwks::jwks))
        .routes(routes!(create_user::create_user, list_users::list_users))
        .routes(routes!(
            get_user::get_user,
            update_user::update_user,
            delete_user::delete_user
        ))
        .routes(routes!(change_password::change_password))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(shared)
}

/// A request that says something wrong.
fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::BadMessage, detail)
}

fn no_such_user() -> Problem {
    Problem::new(ErrorCode::NotFound, "there is no such user")
}
