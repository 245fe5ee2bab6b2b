//! Digests as texts, and random bytes.

use aws_lc_rs::{digest, rand};
use fanfare_http::Problem;
use fanfare_proto::ErrorCode;

/// SHA-256 of `parts`, each preceded by its length so that no two lists give the same bytes, in lower-case hex.
pub fn hex_of(parts: &[&[u8]]) -> String {
    hex(&sha256(parts))
}

/// SHA-256 of `parts`, each preceded by its length.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// `bytes` in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// 16 random bytes.
///
/// # Errors
///
/// The system gives none.
pub fn random() -> Result<[u8; 16], Problem> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_unspecified| {
        tracing::error!("the system gives no random bytes");
        Problem::new(ErrorCode::Internal, "try again")
    })?;
    Ok(bytes)
}
