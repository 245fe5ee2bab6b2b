//! What every handler has at hand.

use crate::{
    Settings,
    actor::Actor,
    key,
    line::Lines,
    member::Member,
    metrics::Meters,
    room::{self, Action, Room, Standing},
};
use fanfare_bus::Handles;
use fanfare_http::Problem;
use fanfare_lifecycle::{Clock, Tasks};
use fanfare_proto::Channel;
use fanfare_service::{Deps, Gateways, Records, UserRate};
use fanfare_tokens::Authority;
use std::sync::Arc;

pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) handles: Handles,
    pub(crate) records: Records,
    pub(crate) lines: Lines,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) authority: Arc<Authority>,
    pub(crate) meters: Meters,
    /// Whom a question to every gateway reaches.
    pub(crate) gateways: Arc<Gateways>,
    /// Requests of users over HTTP.
    pub(crate) rate: Arc<UserRate>,
}

impl Core {
    pub(crate) fn new(settings: Settings, deps: &Deps, gateways: Arc<Gateways>) -> Arc<Self> {
        Arc::new(Self {
            settings,
            records: Records::new(Arc::clone(&deps.handles.kv), key::BUCKET),
            lines: Lines::new(Arc::clone(&deps.handles.log)),
            handles: deps.handles.clone(),
            clock: deps.clock.clone(),
            tasks: deps.tasks.clone(),
            authority: Arc::clone(&deps.authority),
            meters: Meters::new(&deps.metrics),
            gateways,
            rate: UserRate::new(deps.clock.clone(), &deps.tasks, &deps.shutdown),
        })
    }

    /// The room `id` as `actor` stands to it.
    ///
    /// # Errors
    ///
    /// `not_found` when there is none.
    pub(crate) async fn standing(&self, id: &str, actor: &Actor) -> Result<Standing, Problem> {
        let room_key = key::room(id);
        let room = self.records.get::<Room>(&room_key);
        let member = async {
            match actor.user() {
                Some(user) => self.member(id, user).await,
                None => Ok(None),
            }
        };
        let (room, member) = tokio::try_join!(room, member)?;
        Ok(Standing {
            room: room.ok_or_else(room::not_found)?,
            member,
            now_ms: self.clock.now_ms(),
        })
    }

    /// The same, refused unless `actor` may do `action`.
    pub(crate) async fn allowed(
        &self,
        id: &str,
        actor: &Actor,
        action: Action,
    ) -> Result<Standing, Problem> {
        let standing = self.standing(id, actor).await?;
        if let Err(problem) = standing.check(actor, action) {
            self.meters.refusals.inc();
            return Err(problem);
        }
        Ok(standing)
    }

    /// What `user` is to the room `id`.
    pub(crate) async fn member(&self, id: &str, user: &str) -> Result<Option<Member>, Problem> {
        self.records.get(&key::member(id, user)).await
    }

    /// The cursor of a reader that has everything up to `position`.
    pub(crate) fn cursor(
        &self,
        channel: &Channel,
        position: fanfare_proto::Position,
    ) -> fanfare_proto::Cursor {
        fanfare_proto::Cursor {
            epoch: self.handles.log.epoch(channel),
            position,
        }
    }
}
