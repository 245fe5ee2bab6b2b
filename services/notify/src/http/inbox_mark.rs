//! `POST /v1/inbox/{id}/…`.

pub(super) mod archive;
pub(super) mod read;
pub(super) mod unread;

use super::extract::{Id, User};
use crate::{
    core::Core,
    inbox::{
        find,
        mark::{self, Change},
        state::Mark,
    },
};
use fanfare_http::{Json, Problem};

/// Marks one notification on every channel of the inbox it is on.
async fn one(core: &Core, user: &User, id: Id, mark: Mark) -> Result<Json<Change>, Problem> {
    let owner = user.owner();
    let standing = find::by_id(core, owner.user, owner.groups, &id.0).await?;
    mark::mark(core, owner, Some(id.0), standing.places, mark)
        .await
        .map(Json)
}
