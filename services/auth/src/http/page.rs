//! Pages of a list.

use super::bad;
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use fanfare_http::Problem;
use fanfare_proto::channel::is_id;
use serde::Deserialize;

const ITEMS_DEFAULT: usize = 50;

/// Most items of a page: an account is up to 20 KiB.
const ITEMS_MAX: usize = 200;

/// Which page.
#[derive(Deserialize)]
struct Asked {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Which page, checked.
pub(crate) struct Page {
    /// The last id of the page before.
    pub(crate) after: Option<String>,
    /// 1 to 200.
    pub(crate) limit: usize,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Ok(Query(asked)) = Query::<Asked>::try_from_uri(&parts.uri) else {
            return Err(bad(
                "the query is cursor and limit (1 to 200), both optional",
            ));
        };
        if asked.cursor.as_deref().is_some_and(|cursor| !is_id(cursor)) {
            return Err(bad("the cursor is not one of a page before"));
        }
        let limit = asked.limit.unwrap_or(ITEMS_DEFAULT);
        if !(1..=ITEMS_MAX).contains(&limit) {
            return Err(bad("limit is 1 to 200"));
        }
        Ok(Self {
            after: asked.cursor,
            limit,
        })
    }
}

impl Page {
    /// How many records to read, so that the last one tells whether there are more.
    pub(crate) const fn scan_limit(&self) -> usize {
        self.limit + 1
    }

    /// Cuts `items` to the page; returns the cursor of the next one.
    pub(crate) fn cut<T>(&self, items: &mut Vec<T>, id: impl Fn(&T) -> &str) -> Option<String> {
        if items.len() <= self.limit {
            return None;
        }
        items.truncate(self.limit);
        items.last().map(|item| id(item).to_owned())
    }
}
