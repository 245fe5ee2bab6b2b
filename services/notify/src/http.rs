//! The routes under `/v1`, one file each.

mod extract;
mod get_notification;
mod inbox_counts;
mod inbox_list;
mod inbox_mark;
mod inbox_read_all;
mod outcome;
mod publish;
mod publish_notifications;
mod request;
mod withdraw_notification;

use crate::core::Core;
use axum::extract::DefaultBodyLimit;
use fanfare_http::{OpenApiRouter, SecuritySchemes};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    modifiers(&SecuritySchemes),
    tags(
        (name = "notifications", description = "For backends: publish, follow and take back notifications."),
        (name = "channels", description = "For backends: live data on topics."),
        (name = "inbox", description = "For users: what came, and what is read."),
    )
)]
struct Api;

pub(crate) fn router(core: Arc<Core>) -> OpenApiRouter {
    let limit = DefaultBodyLimit::max(core.settings.request_bytes_max);
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(publish_notifications::publish_notifications))
        .routes(routes!(
            get_notification::get_notification,
            withdraw_notification::withdraw_notification
        ))
        .routes(routes!(publish::publish))
        .routes(routes!(inbox_list::list_inbox))
        .routes(routes!(inbox_counts::count_inbox))
        .routes(routes!(inbox_mark::read::mark_read))
        .routes(routes!(inbox_mark::unread::mark_unread))
        .routes(routes!(inbox_mark::archive::mark_archived))
        .routes(routes!(inbox_read_all::read_all))
        .layer(limit)
        .with_state(core)
}
