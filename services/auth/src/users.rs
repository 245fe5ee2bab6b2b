//! The accounts, and their names.

use crate::{
    fault::Fault,
    idempotency::Once,
    store::{self, Store, Stored, TRIES},
    user::User,
};
use fanfare_bus::kv::{Expect, Op};
use fanfare_proto::{channel::is_id, token};

/// The accounts.
#[derive(Clone)]
pub(crate) struct Users {
    store: Store,
}

/// What became of a change.
pub(crate) enum Changed<E> {
    /// As it is now.
    To(Box<User>),
    /// There is no such account.
    Missing,
    /// The change did not want to happen.
    Refused(E),
}

impl Users {
    pub(crate) const fn new(store: Store) -> Self {
        Self { store }
    }

    pub(crate) async fn by_id(&self, id: &str) -> Result<Option<User>, Fault> {
        Ok(self.stored(id).await?.map(|stored| stored.value))
    }

    /// Finds the account that signs in as `username`, whatever its case.
    pub(crate) async fn by_name(&self, username: &str) -> Result<Option<User>, Fault> {
        if !is_id(username) {
            return Ok(None);
        }
        match self.store.get::<String>(&name_key(username)).await? {
            Some(id) => self.by_id(&id.value).await,
            None => Ok(None),
        }
    }

    /// Makes an account.
    ///
    /// # Errors
    ///
    /// [`Fault::Conflict`] when its id or name is taken, or `once` has happened already.
    pub(crate) async fn create(&self, user: &User, once: Option<&Once>) -> Result<(), Fault> {
        let mut ops = creation(user)?;
        if let Some(once) = once {
            ops.push(once.op(&user.id)?);
        }
        self.store.batch(ops).await
    }

    /// Changes an account. `change` may run several times, on what others have made of it meanwhile.
    pub(crate) async fn update<E>(
        &self,
        id: &str,
        mut change: impl FnMut(&mut User) -> Result<(), E>,
    ) -> Result<Changed<E>, Fault> {
        for _try in 0..TRIES {
            let Some(stored) = self.stored(id).await? else {
                return Ok(Changed::Missing);
            };
            let mut user = stored.value;
            if let Err(refused) = change(&mut user) {
                return Ok(Changed::Refused(refused));
            }
            let expect = Expect::Revision(stored.revision);
            match self.store.put(&user_key(id), &user, expect).await {
                Ok(_revision) => return Ok(Changed::To(Box::new(user))),
                Err(Fault::Conflict) => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Conflict)
    }

    /// Removes an account; `false` when there is none.
    pub(crate) async fn delete(&self, id: &str) -> Result<bool, Fault> {
        for _try in 0..TRIES {
            let Some(stored) = self.stored(id).await? else {
                return Ok(false);
            };
            let ops = vec![
                Op::Delete {
                    key: user_key(id),
                    expect: Expect::Revision(stored.revision),
                },
                store::delete(name_key(&stored.value.username)),
            ];
            match self.store.batch(ops).await {
                Ok(()) => return Ok(true),
                Err(Fault::Conflict) => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Conflict)
    }

    /// The accounts after the id `after`, in the order of their keys.
    pub(crate) async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<User>, Fault> {
        let after = after.map(user_key);
        self.store.scan("user/", after.as_deref(), limit).await
    }

    async fn stored(&self, id: &str) -> Result<Option<Stored<User>>, Fault> {
        self.store.get(&user_key(id)).await
    }
}

/// The steps that make an account, all or none.
pub(crate) fn creation(user: &User) -> Result<Vec<Op>, Fault> {
    Ok(vec![
        store::put(user_key(&user.id), user, Expect::Absent, None)?,
        store::put(name_key(&user.username), &user.id, Expect::Absent, None)?,
    ])
}

fn user_key(id: &str) -> String {
    format!("user/{}", token::encode(id))
}

fn name_key(username: &str) -> String {
    format!("name/{}", token::encode(&username.to_ascii_lowercase()))
}
