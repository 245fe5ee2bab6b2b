//! `POST /v1/rooms/{id}/join` and `…/leave`.

pub(crate) mod join;
pub(crate) mod leave;
