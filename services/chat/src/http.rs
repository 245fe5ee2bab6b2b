//! The routes under `/v1/rooms` and `/v1/chat`, one or a few related ones a file.
//!
//! Each checks who asks first, then what he says, then what he may. What changes something runs as a task, because whoever
//! asked may go away in the middle of it ([`extract::whole`]).

mod audit;
mod bans;
mod create_room;
mod extract;
mod history;
mod list_rooms;
mod me;
mod member;
mod members;
mod membership;
mod message;
mod mutes;
mod reactions;
mod read;
mod request;
mod room;
mod send_message;
mod thread;
mod user;
mod view;

use crate::core::Core;
use axum::extract::DefaultBodyLimit;
use fanfare_http::{OpenApiRouter, SecuritySchemes};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::routes;

/// Largest body, in bytes: a message of 4,000 characters and ten attachments, with every character escaped, is below it.
const BODY_BYTES: usize = 256 * 1024;

#[derive(OpenApi)]
#[openapi(
    modifiers(&SecuritySchemes),
    tags((
        name = "rooms",
        description = "Chat. A user's token acts as that user; an API key with the scope `rooms:manage` may what an owner may, in every room."
    ))
)]
struct Api;

pub(crate) fn router(core: Arc<Core>) -> OpenApiRouter {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(list_rooms::list_rooms, create_room::create_room))
        .routes(routes!(room::get_room, room::update_room))
        .routes(routes!(members::list_members))
        .routes(routes!(member::put_member, member::remove_member))
        .routes(routes!(membership::join::join_room))
        .routes(routes!(membership::leave::leave_room))
        .routes(routes!(history::list_messages, send_message::send_message))
        .routes(routes!(
            message::get_message,
            message::edit_message,
            message::delete_message
        ))
        .routes(routes!(thread::list_thread))
        .routes(routes!(reactions::add_reaction, reactions::remove_reaction))
        .routes(routes!(read::read_room))
        .routes(routes!(mutes::mute_user, mutes::unmute_user))
        .routes(routes!(bans::ban_user, bans::unban_user))
        .routes(routes!(audit::list_audit))
        .routes(routes!(user::get_chat_user))
        .routes(routes!(me::get_chat_me, me::put_chat_me))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(core)
}
