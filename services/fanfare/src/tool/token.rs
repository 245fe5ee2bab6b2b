//! `fanfare token`.

use super::api::{Api, Mint};
use crate::{Failure, cli, output};
use std::collections::BTreeMap;

/// Prints a user's token.
pub(crate) async fn run(options: cli::Token) -> Result<(), Failure> {
    let api = Api::new(&options.server)?;
    let mint = Mint {
        user: options.user,
        groups: options.groups,
        channels: channels(&options.channel)?,
        ttl_seconds: options.ttl_seconds,
    };
    output::line(&api.mint(&mint).await?);
    Ok(())
}

fn channels(pairs: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    pairs
        .iter()
        .map(|pair| {
            pair.split_once('=')
                .map(|(pattern, rights)| (pattern.to_owned(), rights.to_owned()))
                .ok_or_else(|| {
                    Failure::usage(format!("--channel takes PATTERN=RIGHTS, not {pair:?}"))
                })
        })
        .collect()
}
