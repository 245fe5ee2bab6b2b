//! Whose request it is, seen through proxies we trust.

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};
use ipnet::IpNet;
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// Networks whose `X-Forwarded-For` is believed. Put into the router as an extension; without it nobody's is.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(pub Arc<[IpNet]>);

/// The address of the client: of the TCP peer, or, when that is a trusted proxy, the last address in
/// `X-Forwarded-For` that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddr {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.headers))
    }
}

impl ClientAddr {
    /// The address behind these headers and connection.
    #[must_use]
    pub fn of(extensions: &Extensions, headers: &HeaderMap) -> Self {
        let peer = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip())
            .to_canonical();
        let trusted = extensions.get::<TrustedProxies>();
        let is_trusted =
            |addr: &IpAddr| trusted.is_some_and(|nets| nets.0.iter().any(|net| net.contains(addr)));
        let mut client = peer;
        // From the right: each proxy adds whom it saw. The first that no proxy of ours can have written ends the walk.
        let hops = headers
            .get_all("x-forwarded-for")
            .iter()
            .rev()
            .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        for hop in hops {
            if !is_trusted(&client) {
                break;
            }
            match address(hop.trim()) {
                Some(addr) => client = addr,
                None => break,
            }
        }
        Self(client)
    }
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>()
        .or_else(|_error| text.parse().map(|with_port: SocketAddr| with_port.ip()))
        .ok()
        .map(|addr| addr.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &str) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        extensions.insert(TrustedProxies(Arc::from(["10.0.0.0/8".parse().unwrap()])));
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        ClientAddr::of(&extensions, &headers).0.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_may_name_the_client() {
        assert_eq!(of("192.0.2.1", "203.0.113.9"), "192.0.2.1");
        assert_eq!(
            of("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2"),
            "203.0.113.9"
        );
        assert_eq!(of("10.0.0.1", "nonsense"), "10.0.0.1");
        assert_eq!(of("10.0.0.1", "1.1.1.1, nonsense, 10.0.0.2"), "10.0.0.2");
    }

    #[test]
    fn ports_and_mapped_addresses_are_understood() {
        assert_eq!(of("::ffff:10.0.0.1", "203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(of("10.0.0.1", "[2001:db8::1]:80"), "2001:db8::1");
        assert_eq!(
            of("10.0.0.1", "203.0.113.9, ::ffff:10.0.0.2"),
            "203.0.113.9"
        );
    }
}
