//! Where every session of this node is, and how many each user and address has.

use crate::seat::Seat;
use fanfare_proto::CloseCode;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Touched when sessions come and go, never by a delivery. Nothing is awaited, and no other lock taken, under its
/// locks.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    users: Mutex<HashMap<Box<str>, Seats>>,
    addresses: Mutex<HashMap<IpAddr, Weak<Address>>>,
    connections: AtomicUsize,
}

/// The seats of one user. Most users have one, which costs no allocation.
#[derive(Debug)]
enum Seats {
    One(Seat),
    #[expect(
        clippy::box_collection,
        reason = "keeps the entry of a user with one session small"
    )]
    Many(Box<Vec<Seat>>),
}

impl Seats {
    fn as_slice(&self) -> &[Seat] {
        match self {
            Self::One(seat) => std::slice::from_ref(seat),
            Self::Many(seats) => seats,
        }
    }

    fn push(&mut self, seat: Seat) {
        match self {
            Self::One(first) => *self = Self::Many(Box::new(vec![*first, seat])),
            Self::Many(seats) => seats.push(seat),
        }
    }

    /// Takes `seat` out; `true` when none is left.
    fn remove(&mut self, seat: Seat) -> bool {
        match self {
            Self::One(own) => *own == seat,
            Self::Many(seats) => {
                seats.retain(|own| *own != seat);
                seats.is_empty()
            }
        }
    }
}

/// A place for one connection. Given back by being dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Address>);

impl Place {
    /// Where the connection comes from.
    pub(crate) fn ip(&self) -> IpAddr {
        self.0.ip
    }
}

/// An address with at least one connection: one for each holder but the registry.
#[derive(Debug)]
struct Address {
    ip: IpAddr,
    registry: Arc<Registry>,
    connections: AtomicUsize,
}

impl Registry {
    /// Takes a place for a connection from `address`, or says which limit is met.
    pub(crate) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        connections: usize,
        per_address: usize,
    ) -> Result<Place, CloseCode> {
        if self.connections.fetch_add(1, Ordering::AcqRel) >= connections {
            self.connections.fetch_sub(1, Ordering::AcqRel);
            return Err(CloseCode::TryLater);
        }
        let place = Place(self.address(address));
        if place.0.connections.fetch_add(1, Ordering::AcqRel) >= per_address {
            Err(CloseCode::TooManyConnections)
        } else {
            Ok(place)
        }
    }

    fn address(self: &Arc<Self>, ip: IpAddr) -> Arc<Address> {
        let mut addresses = lock(&self.addresses);
        if let Some(address) = addresses.get(&ip).and_then(Weak::upgrade) {
            return address;
        }
        let address = Arc::new(Address {
            ip,
            registry: Arc::clone(self),
            connections: AtomicUsize::new(0),
        });
        addresses.insert(ip, Arc::downgrade(&address));
        address
    }

    /// Adds a session to its user's; `false` when he has `per_user` already.
    pub(crate) fn register(&self, user: &str, seat: Seat, per_user: usize) -> bool {
        let mut users = lock(&self.users);
        let count = users.get(user).map_or(0, |seats| seats.as_slice().len());
        if count >= per_user {
            return false;
        }
        match users.get_mut(user) {
            Some(seats) => seats.push(seat),
            None => {
                users.insert(user.into(), Seats::One(seat));
            }
        }
        true
    }

    /// Takes a session from its user's.
    pub(crate) fn unregister(&self, user: &str, seat: Seat) {
        let mut users = lock(&self.users);
        if users.get_mut(user).is_some_and(|seats| seats.remove(seat)) {
            users.remove(user);
        }
    }

    /// Connections, signed in or not.
    pub(crate) fn len(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    /// The sessions of one user.
    pub(crate) fn of(&self, user: &str) -> Vec<Seat> {
        lock(&self.users)
            .get(user)
            .map(|seats| seats.as_slice().to_vec())
            .unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
        self.0.registry.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        let mut addresses = lock(&self.registry.addresses);
        // Another one may stand there already, for a connection that came since.
        if addresses
            .get(&self.ip)
            .is_some_and(|own| own.strong_count() == 0)
        {
            addresses.remove(&self.ip);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seat::Key;

    #[test]
    fn places_are_given_back() {
        let registry = Arc::new(Registry::default());
        let address = IpAddr::from([192, 0, 2, 1]);
        let first = registry.admit(address, 2, 1);
        assert!(first.is_ok());
        assert_eq!(
            registry.admit(address, 2, 1).err(),
            Some(CloseCode::TooManyConnections)
        );
        let _other = registry.admit(IpAddr::from([192, 0, 2, 2]), 2, 1).unwrap();
        assert_eq!(
            registry.admit(IpAddr::from([192, 0, 2, 3]), 2, 1).err(),
            Some(CloseCode::TryLater)
        );
        drop(first);
        let again = registry.admit(address, 2, 1);
        assert!(again.is_ok());
        drop(again);
        assert_eq!(lock(&registry.addresses).len(), 1);
    }

    #[test]
    fn a_user_has_so_many_sessions_and_no_more() {
        let registry = Registry::default();
        let seat = |slot| Seat {
            shard: 0,
            key: Key {
                slot,
                generation: 1,
            },
        };
        assert!(registry.register("7", seat(1), 2));
        assert!(registry.register("7", seat(2), 2));
        assert!(!registry.register("7", seat(3), 2));
        registry.unregister("7", seat(1));
        assert_eq!(registry.of("7"), [seat(2)]);
        assert!(registry.register("7", seat(3), 2));
        registry.unregister("7", seat(2));
        registry.unregister("7", seat(3));
        assert!(registry.of("7").is_empty());
        assert!(lock(&registry.users).is_empty());
    }
}
