//! Options that say whose tokens are accepted.

use clap::Args;
use std::path::PathBuf;

/// Whose tokens are accepted beside our own.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tokens of other issuers")]
pub(crate) struct Issuers {
    /// An issuer and where its JSON Web Key Set is: NAME=https://… or NAME=path.
    #[arg(
        long,
        env = "FANFARE_ISSUERS",
        value_delimiter = ',',
        value_name = "NAME=JWKS"
    )]
    pub(crate) issuer: Vec<String>,
    /// What `aud` must be in an issuer's tokens: NAME=AUDIENCE.
    #[arg(
        long,
        env = "FANFARE_AUDIENCES",
        value_delimiter = ',',
        value_name = "NAME=AUD"
    )]
    pub(crate) audience: Vec<String>,
    /// A secret shared with a backend that signs HS256 tokens (Django's usual libraries), at least 32 bytes.
    #[arg(long, env = "FANFARE_HS256_SECRET", hide_env_values = true)]
    pub(crate) hs256_secret: Option<String>,
    /// A file with that secret.
    #[arg(
        long,
        env = "FANFARE_HS256_SECRET_FILE",
        value_name = "FILE",
        conflicts_with = "hs256_secret"
    )]
    pub(crate) hs256_secret_file: Option<PathBuf>,
    /// The `iss` of HS256 tokens; those without `iss` are accepted too.
    #[arg(
        long,
        env = "FANFARE_HS256_ISSUER",
        default_value = "django",
        value_name = "NAME"
    )]
    pub(crate) hs256_issuer: String,
}
