//! Taking back what was given.

use crate::{
    app::App,
    fault::Fault,
    issue::AHEAD_S,
    settings::{LEEWAY_MAX, ttl_ms},
};
use fanfare_tokens::{Revocation, revoke_user};
use std::time::Duration;

/// How far the clock of a worker that signs may be ahead of one that revokes, in seconds.
const SKEW_S: i64 = 1;

/// Until when a user's tokens become void now, when they were void until `earlier_ms` already.
///
/// A token that was issued right after that is dated up to a second ahead (`App::issue_date_ms`): it is meant too. However
/// often somebody revokes, the time runs ahead of the clock by no more than that and what clocks may differ.
fn until_ms(earlier_ms: Option<i64>, now_ms: i64) -> i64 {
    let latest_s = now_ms.div_euclid(1_000) + AHEAD_S + SKEW_S;
    let dated_s = earlier_ms.map_or(i64::MIN, |earlier_ms| earlier_ms.div_euclid(1_000) + 1);
    now_ms.max(dated_s.min(latest_s).saturating_mul(1_000))
}

impl App {
    /// Takes back every token of a user that was issued until now; his refresh tokens are another matter (see
    /// [`User::next_generation`](crate::user::User::next_generation)).
    pub(crate) async fn revoke_user(&self, user: &str) -> Result<(), Fault> {
        let now_ms = self.clock.now_ms();
        revoke_user(&*self.store.kv, user, |earlier_ms| {
            until_ms(earlier_ms, now_ms)
        })
        .await?;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revocation_hits_what_was_issued_after_the_one_before() {
        assert_eq!(until_ms(None, 10_500), 10_500);
        assert_eq!(until_ms(Some(4_000), 10_500), 10_500);
        assert_eq!(until_ms(Some(10_500), 10_600), 11_000);
    }

    #[test]
    fn many_revocations_at_once_do_not_run_ahead_of_the_clock() {
        let mut until = None;
        for _revocation in 0..100 {
            until = Some(until_ms(until, 10_600));
        }
        assert_eq!(until, Some(12_000));
    }
}
