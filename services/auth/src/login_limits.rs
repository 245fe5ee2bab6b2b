//! How often a name and an address may try a password.

use crate::{LoginLimits, rate_limit::Buckets};
use std::net::{IpAddr, Ipv6Addr};

/// The buckets of names and of addresses.
#[derive(Debug)]
pub(crate) struct Attempts {
    /// By name and network; without one for those whose token says who they are.
    names: Buckets<(String, Option<IpAddr>)>,
    names_anywhere: Buckets<String>,
    addresses: Buckets<IpAddr>,
}

impl Attempts {
    pub(crate) fn new(limits: LoginLimits) -> Self {
        Self {
            names: Buckets::new(limits.name),
            names_anywhere: Buckets::new(limits.name_anywhere),
            addresses: Buckets::new(limits.address),
        }
    }

    /// Counts one attempt.
    ///
    /// # Errors
    ///
    /// In how many milliseconds the next one is let through.
    pub(crate) fn begin(&self, name: &str, address: IpAddr, now_ms: i64) -> Result<(), u64> {
        let network = network(address);
        self.addresses.take(network, now_ms)?;
        self.names.take((name.to_owned(), Some(network)), now_ms)?;
        self.names_anywhere.take(name.to_owned(), now_ms)
    }

    /// Counts one attempt on an account whose owner is known.
    pub(crate) fn begin_known(&self, name: &str, now_ms: i64) -> Result<(), u64> {
        self.names.take((name.to_owned(), None), now_ms)
    }

    /// Does not count an attempt after all: it was right, or was never looked at.
    pub(crate) fn forgive(&self, name: &str, address: Option<IpAddr>) {
        let network = address.map(network);
        if let Some(network) = &network {
            self.addresses.give_back(network);
            self.names_anywhere.give_back(&name.to_owned());
        }
        self.names.give_back(&(name.to_owned(), network));
    }
}

/// What counts as one address: whoever has one IPv6 address has the whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
