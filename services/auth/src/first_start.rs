//! The first administrator.

use crate::{
    Password, Settings,
    fault::Fault,
    passwords::Passwords,
    store::{self, Store},
    user::User,
    users,
};
use fanfare_bus::kv::Expect;
use fanfare_tokens::random_base62;
use std::fmt;

const KEY: &str = "first-start";

/// Id and username of the first administrator.
const ADMIN: &str = "admin";

/// Characters of a generated password: 119 bits, and still typed by hand.
const PASSWORD_CHARS: usize = 20;

/// What the very first start made: the administrator `admin`.
pub struct FirstRun {
    /// His password, to be shown once; `None` when it was configured.
    pub admin_password: Option<String>,
}

impl fmt::Debug for FirstRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstRun(…)")
    }
}

/// Makes the administrator if nobody ever did. Of several workers that start at once one does it; the others, and every
/// later start, get `None`, also when the account was removed since.
pub(crate) async fn first_start(
    store: &Store,
    passwords: &Passwords,
    settings: &Settings,
    now_ms: i64,
) -> Result<Option<FirstRun>, Fault> {
    if store.get::<i64>(KEY).await?.is_some() {
        return Ok(None);
    }
    let (password, shown) = match &settings.admin_password {
        Some(password) => (password.clone(), None),
        None => {
            let text = random_base62(PASSWORD_CHARS).ok_or(Fault::Internal)?;
            (Password::new(text.clone()), Some(text))
        }
    };
    let admin = User {
        id: ADMIN.to_owned(),
        username: ADMIN.to_owned(),
        name: None,
        password: passwords.hash(&password).await?,
        groups: Vec::new(),
        channels: [("topic:*".to_owned(), "rw".to_owned())].into(),
        is_admin: true,
        disabled: false,
        generation: now_ms,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
    };
    let mut ops = users::creation(&admin)?;
    ops.push(store::put(KEY.to_owned(), &now_ms, Expect::Absent, None)?);
    match store.batch(ops).await {
        Ok(()) => Ok(Some(FirstRun {
            admin_password: shown,
        })),
        Err(Fault::Conflict) => Ok(None),
        Err(fault) => Err(fault),
    }
}
