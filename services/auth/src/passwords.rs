//! Password hashes, a few at a time.

use crate::{Password, PasswordCost, fault::Fault};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use fanfare_tokens::random_base62;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// When somebody who was turned away because all hashing slots are taken may come back.
const BUSY_RETRY_MS: u64 = 1_000;

/// Bytes of a salt: what the specification of the stored form recommends.
const SALT_BYTES: usize = 16;

/// Makes and checks argon2id hashes on the blocking pool. A flood of logins costs at most the configured memory.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// Hashes under way.
    slots: Arc<Semaphore>,
    /// Hashes under way, and those that wait.
    places: Arc<Semaphore>,
    /// Of no password anybody knows: what an unknown name is checked against.
    dummy: String,
}

impl Passwords {
    pub(crate) async fn start(cost: PasswordCost) -> Result<Self, String> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None)
            .map_err(|error| format!("the cost of a password: {error}"))?;
        let mut passwords = Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            slots: Arc::new(Semaphore::new(cost.concurrent)),
            places: Arc::new(Semaphore::new(cost.concurrent.saturating_add(cost.waiting))),
            dummy: String::new(),
        };
        let nobodys = random_base62(43).ok_or("the system gives no randomness")?;
        passwords.dummy = passwords
            .hash(&Password::new(nobodys))
            .await
            .map_err(|_fault| "a password could not be hashed")?;
        Ok(passwords)
    }

    /// The stored form of `password`, with a new salt.
    pub(crate) async fn hash(&self, password: &Password) -> Result<String, Fault> {
        let mut salt = [0; SALT_BYTES];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_none| Fault::Internal)?;
        let password = password.clone();
        self.run(move |argon2| {
            let hash = argon2.hash_password_with_salt(password.expose().as_bytes(), &salt);
            hash.map(|hash| hash.to_string())
        })
        .await?
        .map_err(|_error| Fault::Internal)
    }

    /// Whether `stored` is of `password`. Without `stored` it is not, and that takes as long to find out.
    pub(crate) async fn matches(
        &self,
        password: &Password,
        stored: Option<&str>,
    ) -> Result<bool, Fault> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).to_owned();
        let password = password.clone();
        let is_right = self
            .run(move |argon2| {
                // By the cost that stands in `stored`, not by ours.
                let password = password.expose().as_bytes();
                argon2.verify_password(password, stored.as_str()).is_ok()
            })
            .await?;
        Ok(is_known && is_right)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let busy = Fault::Busy {
            retry_after_ms: BUSY_RETRY_MS,
        };
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_full| busy)?;
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_closed| Fault::Internal)?;
        let argon2 = self.argon2.clone();
        // The permits go along: a caller who leaves does not stop the work, so it must not free their room.
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work(&argon2);
            drop((slot, place));
            outcome
        });
        done.await.map_err(|_ended| Fault::Internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_house_turns_away_instead_of_taking_memory() {
        let cost = PasswordCost {
            concurrent: 1,
            waiting: 0,
            ..PasswordCost::default()
        };
        let passwords = Passwords::start(cost).await.unwrap();
        let slot = Arc::clone(&passwords.places).acquire_owned().await.unwrap();
        let busy = passwords.matches(&Password::new("x"), None).await;
        assert!(matches!(busy, Err(Fault::Busy { .. })));
        drop(slot);
        assert_eq!(
            passwords.matches(&Password::new("x"), None).await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_at_the_full_cost_and_salted() {
        let passwords = Passwords::start(PasswordCost::default()).await.unwrap();
        let password = Password::new("correct horse");
        let stored = passwords.hash(&password).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert_ne!(passwords.hash(&password).await.unwrap(), stored);
        assert_eq!(passwords.matches(&password, Some(&stored)).await, Ok(true));
        let wrong = Password::new("correct house");
        assert_eq!(passwords.matches(&wrong, Some(&stored)).await, Ok(false));
    }
}
