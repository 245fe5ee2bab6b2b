//! Every session of this node, and how many each user and address has.

use crate::{link::Link, member::Member};
use fanfare_proto::CloseCode;
use slab::Slab;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// Touched when sessions come and go, never by a delivery. Nothing is awaited, and no other lock taken, under its
/// locks.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    users: Mutex<HashMap<String, Vec<Arc<Member>>>>,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    links: Mutex<Slab<Weak<Link>>>,
}

/// A place for one connection. Given back by being dropped.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<Registry>,
    address: IpAddr,
    link: usize,
}

/// A session among its user's. Ends by being dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    registry: Arc<Registry>,
    user: String,
    member: Arc<Member>,
}

impl Registry {
    /// Takes a place for a connection from `address`, or says which limit is met.
    pub(crate) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        link: Weak<Link>,
        connections: usize,
        per_address: usize,
    ) -> Result<Place, CloseCode> {
        let mut links = lock(&self.links);
        if links.len() >= connections {
            return Err(CloseCode::TryLater);
        }
        let place = Place {
            registry: Arc::clone(self),
            address,
            link: links.insert(link),
        };
        drop(links);
        let mut addresses = lock(&self.addresses);
        let count = addresses.entry(address).or_default();
        *count += 1;
        let full = *count > per_address;
        drop(addresses);
        if full {
            Err(CloseCode::TooManyConnections)
        } else {
            Ok(place)
        }
    }

    /// Adds a session to its user's, unless he has `per_user` already.
    pub(crate) fn register(
        self: &Arc<Self>,
        user: &str,
        member: Arc<Member>,
        per_user: usize,
    ) -> Option<Registration> {
        let mut users = lock(&self.users);
        let members = users.entry(user.to_owned()).or_default();
        if members.len() >= per_user {
            return None;
        }
        members.push(Arc::clone(&member));
        drop(users);
        Some(Registration {
            registry: Arc::clone(self),
            user: user.to_owned(),
            member,
        })
    }

    /// Connections, signed in or not.
    pub(crate) fn len(&self) -> usize {
        lock(&self.links).len()
    }

    /// The sockets of all connections, signed in or not.
    pub(crate) fn links(&self) -> Vec<Arc<Link>> {
        lock(&self.links)
            .iter()
            .filter_map(|(_, link)| link.upgrade())
            .collect()
    }

    /// The sessions of one user.
    pub(crate) fn of(&self, user: &str) -> Vec<Arc<Member>> {
        lock(&self.users).get(user).cloned().unwrap_or_default()
    }

    /// Every signed-in session.
    pub(crate) fn all(&self) -> Vec<Arc<Member>> {
        lock(&self.users).values().flatten().cloned().collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.registry.links).remove(self.link);
        let mut addresses = lock(&self.registry.addresses);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut users = lock(&self.registry.users);
        if let Some(members) = users.get_mut(&self.user) {
            members.retain(|member| !Arc::ptr_eq(member, &self.member));
            if members.is_empty() {
                users.remove(&self.user);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let registry = Arc::new(Registry::default());
        let address = IpAddr::from([192, 0, 2, 1]);
        let first = registry.admit(address, Weak::new(), 2, 1);
        assert!(first.is_ok());
        assert_eq!(
            registry.admit(address, Weak::new(), 2, 1).err(),
            Some(CloseCode::TooManyConnections)
        );
        let _other = registry
            .admit(IpAddr::from([192, 0, 2, 2]), Weak::new(), 2, 1)
            .unwrap();
        assert_eq!(
            registry
                .admit(IpAddr::from([192, 0, 2, 3]), Weak::new(), 2, 1)
                .err(),
            Some(CloseCode::TryLater)
        );
        drop(first);
        assert!(registry.admit(address, Weak::new(), 2, 1).is_ok());
    }
}
