//! From the command line to the services' settings: what is wrong is told before anything is bound or written.

use crate::{Failure, back_end::BackEnd, cli, secret_file};
use fanfare_auth::Password;
use fanfare_tokens::{Issuer, KeySource, Secret};
use std::{net::SocketAddr, time::Duration};

/// How the gateway serves, as `node`.
pub(crate) fn gateway(
    options: &cli::Sockets,
    node: String,
    shutdown: &cli::Shutdown,
) -> Result<fanfare_gateway::Settings, Failure> {
    let (browsers, limits) = (&options.browsers, &options.limits);
    for origin in &browsers.allowed_origins {
        if origin != "*" && !is_origin(origin) {
            return Err(Failure::usage(format!(
                "--allowed-origins takes * or scheme://host[:port] without a path or a slash at the end, e.g. \
                 https://app.example.com, not {origin:?}"
            )));
        }
    }
    Ok(fanfare_gateway::Settings {
        node,
        allowed_origins: browsers.allowed_origins.clone(),
        frame_bytes: limits.frame_bytes,
        compression: browsers.compression,
        frames_per_second: limits.frames_per_second,
        frames_burst: limits.frames_burst,
        subscriptions: limits.subscriptions,
        connections: limits.connections,
        connections_per_user: limits.connections_per_user,
        connections_per_address: limits.connections_per_address,
        outbox_bytes: limits.queue_bytes as usize,
        outbox_frames: limits.queue_frames as usize,
        ring_bytes: limits.ring_mib as usize * 1024 * 1024,
        admissions_per_second: limits.admissions_per_second,
        ping_interval: Duration::from_secs(limits.ping_interval_seconds),
        silence: Duration::from_secs(limits.silence_seconds),
        auth_timeout: Duration::from_secs(limits.auth_timeout_seconds),
        presence_leave: Duration::from_millis(limits.presence_leave_ms),
        presence_users: limits.presence_users.into(),
        lame_duck: Duration::from_millis(shutdown.lame_duck_ms),
        drain_window: options.drain.drain_window_ms.map(Duration::from_millis),
        ..fanfare_gateway::Settings::default()
    })
}

/// How the auth service serves.
pub(crate) fn auth(options: &cli::Administrator) -> Result<fanfare_auth::Settings, Failure> {
    let password = match &options.admin_password_file {
        Some(path) => Some(secret_file::read(path, "--admin-password-file")?),
        None => options.admin_password.clone(),
    };
    let settings = fanfare_auth::Settings {
        admin_password: password.map(Password::new),
        ..fanfare_auth::Settings::default()
    };
    settings.validate().map_err(Failure::Usage)?;
    Ok(settings)
}

/// How the notify service serves, with what `back_end` guarantees.
pub(crate) fn notify(back_end: &BackEnd) -> fanfare_notify::Settings {
    fanfare_notify::Settings {
        stored_as: back_end.stored_as(),
        ..fanfare_notify::Settings::default()
    }
}

/// Whether `text` can be what a browser sends as `Origin`.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let (host, port) = match authority.rsplit_once(':') {
        // A colon inside brackets is of an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let is_host = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-._".contains(&byte)
            || (is_bracketed && b"[]:".contains(&byte))
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(is_scheme)
        && !host.is_empty()
        && host.bytes().all(is_host)
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// The address that `text` names: the first one, of a host that has several.
pub(crate) async fn address(text: &str, option: &str) -> Result<SocketAddr, Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!(
            "{option} takes HOST:PORT, e.g. 127.0.0.1:8000, not {text:?}: {why}"
        ))
    };
    tokio::net::lookup_host(text)
        .await
        .map_err(|error| wrong(&error.to_string()))?
        .next()
        .ok_or_else(|| wrong("the host has no address"))
}

/// Whose tokens are accepted.
pub(crate) fn tokens(issuers: &cli::Issuers) -> Result<fanfare_tokens::Settings, Failure> {
    let mut external = Vec::new();
    for text in &issuers.issuer {
        let (name, place) = pair(text, "--issuer", "NAME=JWKS")?;
        let keys = if place.starts_with("http://") || place.starts_with("https://") {
            KeySource::Url(place)
        } else {
            KeySource::File(place.into())
        };
        external.push(issuer(name, keys));
    }
    let secret = match &issuers.hs256_secret_file {
        Some(path) => Some(secret_file::read(path, "--hs256-secret-file")?),
        None => issuers.hs256_secret.clone(),
    };
    if let Some(secret) = secret {
        let keys = KeySource::SharedSecret(Secret::new(secret.as_bytes()));
        external.push(Issuer {
            accept_missing_issuer: true,
            ..issuer(issuers.hs256_issuer.clone(), keys)
        });
    }
    for text in &issuers.audience {
        let (name, audience) = pair(text, "--audience", "NAME=AUD")?;
        set_audience(&mut external, &name, audience)?;
    }
    let settings = fanfare_tokens::Settings {
        external,
        ..fanfare_tokens::Settings::default()
    };
    settings.validate().map_err(Failure::Usage)?;
    Ok(settings)
}

const fn issuer(name: String, keys: KeySource) -> Issuer {
    Issuer {
        name,
        keys,
        audience: None,
        accept_missing_issuer: false,
        accept_admin: false,
    }
}

/// An audience that is not checked lets in tokens made for somebody else, so a name that matches nothing is refused.
fn set_audience(issuers: &mut [Issuer], name: &str, audience: String) -> Result<(), Failure> {
    let names: Vec<&str> = issuers.iter().map(|issuer| &*issuer.name).collect();
    let names = if names.is_empty() {
        "none is configured".to_owned()
    } else {
        format!("configured: {}", names.join(", "))
    };
    let Some(issuer) = issuers.iter_mut().find(|issuer| issuer.name == name) else {
        return Err(Failure::usage(format!(
            "--audience names the issuer {name:?}, which is not one of --issuer or --hs256-issuer ({names})"
        )));
    };
    if issuer.audience.replace(audience).is_some() {
        return Err(Failure::usage(format!(
            "--audience is given twice for the issuer {name:?}"
        )));
    }
    Ok(())
}

fn pair(text: &str, option: &str, shape: &str) -> Result<(String, String), Failure> {
    text.split_once('=')
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| Failure::usage(format!("{option} takes {shape}, not {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn standalone(arguments: &[&str]) -> cli::Standalone {
        let arguments = ["fanfare"].iter().chain(arguments);
        cli::Cli::try_parse_from(arguments).unwrap().standalone
    }

    fn issuers(arguments: &[&str]) -> cli::Issuers {
        standalone(arguments).common.issuers
    }

    fn complaint<T>(outcome: Result<T, Failure>) -> String {
        match outcome {
            Err(Failure::Usage(text)) => text,
            Err(Failure::Work(text)) => panic!("not a usage error: {text}"),
            Ok(_) => panic!("it was taken"),
        }
    }

    #[test]
    fn an_audience_of_no_issuer_is_refused_with_the_names_there_are() {
        let options = issuers(&[
            "--issuer",
            "accounts=keys.json",
            "--audience",
            "acounts=app",
        ]);
        let text = complaint(tokens(&options));
        assert!(
            text.contains("\"acounts\"") && text.contains("configured: accounts"),
            "{text}"
        );
        let options = issuers(&[
            "--issuer",
            "accounts=keys.json",
            "--audience",
            "accounts=app",
        ]);
        let settings = tokens(&options).unwrap();
        assert_eq!(settings.external[0].audience.as_deref(), Some("app"));
    }

    #[test]
    fn pairs_are_told_their_own_shape() {
        let text = complaint(tokens(&issuers(&["--issuer", "accounts"])));
        assert!(text.contains("NAME=JWKS"), "{text}");
        let text = complaint(tokens(&issuers(&["--audience", "accounts"])));
        assert!(text.contains("NAME=AUD"), "{text}");
    }

    #[test]
    fn origins_are_what_browsers_send() {
        let check = |origin| {
            let options = standalone(&["--allowed-origins", origin]);
            let shutdown = &options.common.shutdown;
            gateway(&options.sockets, "local".to_owned(), shutdown)
        };
        for fine in [
            "*",
            "https://app.example.com",
            "http://localhost:5173",
            "http://[::1]:80",
            "http://[::1]",
            "capacitor://localhost",
        ] {
            assert!(check(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "",
            "app.example.com",
            "https://",
            "https://app.example.com/",
            "https://app.example.com:x",
            "https://*.example.com",
            "https://user@example.com",
            "null",
            "https://a, https://b",
        ] {
            complaint(check(wrong));
        }
    }

    #[tokio::test]
    async fn an_address_may_be_a_name() {
        let found = address("localhost:8011", "--listen").await.unwrap();
        assert!(found.ip().is_loopback() && found.port() == 8011);
        for wrong in ["8011", "localhost", "127.0.0.1:x"] {
            assert!(complaint(address(wrong, "--listen").await).contains("HOST:PORT"));
        }
    }
}
