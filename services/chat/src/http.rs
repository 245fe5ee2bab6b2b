//! The routes under `/v1/rooms` and `/v1/chat`, one file each.

use crate::core::Core;
use fanfare_http::OpenApiRouter;
use std::sync::Arc;

pub(crate) fn router(core: Arc<Core>) -> OpenApiRouter {
    OpenApiRouter::new().with_state(core)
}
