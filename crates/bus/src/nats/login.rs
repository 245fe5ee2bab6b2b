//! How a process says who it is, each time that it connects.

use super::{connect::OpenError, settings::Login};
use async_nats::{Auth, AuthError, ConnectOptions};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The beginning of the options of a connection.
pub(super) async fn options(login: &Login) -> Result<ConnectOptions, OpenError> {
    let options = ConnectOptions::new();
    Ok(match login {
        Login::Anonymous => options,
        Login::Password { user, password } => {
            options.user_and_password(user.clone(), password.reveal())
        }
        Login::PasswordFile { user, path } => with_password_of(user.clone(), path.clone())?,
        Login::Token(token) => options.token(token.reveal()),
        Login::Nkey(seed) => options.nkey(seed.reveal()),
        Login::NkeyFile(path) => {
            options.nkey(read_secret(path).map_err(|cause| unusable(path, cause))?)
        }
        Login::CredentialsFile(path) => options
            .credentials_file(path)
            .await
            .map_err(|cause| unusable(path, cause))?,
    })
}

/// Reads the file for each attempt to connect, so that a password which was changed needs no restart.
fn with_password_of(user: String, path: PathBuf) -> Result<ConnectOptions, OpenError> {
    // At the start it is the operator's mistake; later it may be a moment of the change.
    read_secret(&path).map_err(|cause| unusable(&path, cause))?;
    Ok(ConnectOptions::with_auth_callback(move |_nonce| {
        let password = read_secret(&path);
        let username = user.clone();
        async move {
            let mut auth = Auth::new();
            auth.username = Some(username);
            auth.password = Some(password.map_err(AuthError::new)?);
            Ok(auth)
        }
    }))
}

/// The secret in a file, without the line's end. A line on a local disk: no reason to leave the runtime.
///
/// # Errors
///
/// Those of reading the file; and when nothing is in it.
pub fn read_secret(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty")),
        secret => Ok(secret.to_owned()),
    }
}

fn unusable(path: &Path, cause: io::Error) -> OpenError {
    OpenError::LoginFile {
        path: path.to_owned(),
        cause,
    }
}
