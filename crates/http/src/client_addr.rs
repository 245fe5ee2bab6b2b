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
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let trusted = extensions.get::<TrustedProxies>();
        let is_trusted =
            |addr: &IpAddr| trusted.is_some_and(|nets| nets.0.iter().any(|net| net.contains(addr)));
        if !is_trusted(&peer) {
            return Self(peer);
        }
        let forwarded = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|part| part.trim().parse().ok())
            .collect::<Vec<IpAddr>>();
        let client = forwarded.iter().rev().find(|addr| !is_trusted(addr));
        Self(client.copied().unwrap_or(peer))
    }
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
    }
}
