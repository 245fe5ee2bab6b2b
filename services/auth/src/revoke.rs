//! Taking back what was given.

use crate::{
    app::App,
    fault::Fault,
    settings::{LEEWAY_MAX, ttl_ms},
};
use fanfare_tokens::{Revocation, revoked_until_ms};
use std::time::Duration;

impl App {
    /// Takes back every token of a user that was issued until now; his refresh tokens are another matter (see
    /// [`User::next_generation`](crate::user::User::next_generation)).
    pub(crate) async fn revoke_user(&self, user: &str) -> Result<(), Fault> {
        // A token that was issued right after an earlier revocation is dated up to a second ahead
        // (`App::issue_date_ms`): it is meant too.
        let earlier_ms = revoked_until_ms(&*self.store.kv, user).await?;
        let dated_ms = earlier_ms.map_or(i64::MIN, |until_ms| {
            (until_ms.div_euclid(1_000) + 1) * 1_000
        });
        let revocation = Revocation::User {
            user: user.to_owned(),
            until_ms: self.clock.now_ms().max(dated_ms),
        };
        self.publish(&revocation, self.settings.revocation_ttl)
            .await
    }

    /// Ends a login of ours: its access tokens. No token of it lives longer than `access_ttl`.
    pub(crate) async fn revoke_session(&self, session: &str) -> Result<(), Fault> {
        let revocation = Revocation::Session(session.to_owned());
        self.publish(&revocation, self.settings.access_ttl).await
    }

    /// Takes back a login of anybody's.
    pub(crate) async fn revoke_any_session(&self, session: &str) -> Result<(), Fault> {
        let revocation = Revocation::Session(session.to_owned());
        self.publish(&revocation, self.settings.revocation_ttl)
            .await?;
        self.families.end_session(session).await
    }

    /// Takes back one token.
    pub(crate) async fn revoke_token(&self, token_id: &str) -> Result<(), Fault> {
        let revocation = Revocation::Token(token_id.to_owned());
        self.publish(&revocation, self.settings.revocation_ttl)
            .await
    }

    async fn publish(&self, revocation: &Revocation, life: Duration) -> Result<(), Fault> {
        let ttl_ms = ttl_ms(life + LEEWAY_MAX);
        Ok(revocation.publish(&*self.store.kv, ttl_ms).await?)
    }
}
