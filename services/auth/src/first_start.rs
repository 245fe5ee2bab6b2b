//! The first administrator.

use crate::{
    Password, Settings,
    fault::Fault,
    passwords::Passwords,
    store::{self, FIRST_START, Store, TRIES},
    user::User,
    users::{self, Users},
};
use fanfare_bus::kv::Expect;
use fanfare_tokens::random_base62;
use std::{fmt, time::Duration};

/// Id and username of the first administrator.
const ADMIN: &str = "admin";

/// Characters of a generated password: 119 bits, and still typed by hand.
const PASSWORD_CHARS: usize = 20;

/// Between two attempts at a store that is away.
const RETRY: Duration = Duration::from_secs(1);

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
    users: &Users,
    passwords: &Passwords,
    settings: &Settings,
    now_ms: i64,
) -> Result<Option<FirstRun>, Fault> {
    if store.get::<i64>(FIRST_START).await?.is_some() {
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
    ops.push(store::put(
        FIRST_START.to_owned(),
        &now_ms,
        Expect::Absent,
        None,
    )?);
    let made = Ok(Some(FirstRun {
        admin_password: shown,
    }));
    for _try in 0..TRIES {
        match store.batch(ops.clone()).await {
            Ok(()) => return made,
            // Another worker was first, or an attempt of our own whose answer was lost: then the account has our hash.
            Err(Fault::Conflict) => {
                let stored = users.by_id(ADMIN).await?;
                let is_ours = stored.is_some_and(|stored| stored.password == admin.password);
                return if is_ours { made } else { Ok(None) };
            }
            // Whether it happened is not known, and nobody else will ever know the password.
            Err(Fault::Unavailable) => tokio::time::sleep(RETRY).await,
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Unavailable)
}
