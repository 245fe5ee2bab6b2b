//! What this process is called among those on the same NATS.

use crate::Failure;
use fanfare_proto::channel::is_id;
use fanfare_tokens::random_base62;

/// Of the one gateway of a process that shares its store with nobody.
const ALONE: &str = "local";

/// Characters of a name's random end: two of ten thousand processes with the same host name meet once in a thousand times.
const RANDOM_CHARS: usize = 6;

/// Most characters of a host's name that are kept.
const HOST_CHARS: usize = 100;

/// The name that was `given`. Otherwise, on a back end that others share, the host's name with a random end: in
/// Kubernetes the host is the pod, and elsewhere two processes may share a host, or one may take the place of another
/// before that is forgotten.
///
/// # Errors
///
/// What was given cannot be a name.
pub(crate) fn choose(given: Option<&str>, is_shared: bool) -> Result<String, Failure> {
    match given {
        Some(name) if is_id(name) => Ok(name.to_owned()),
        Some(name) => Err(Failure::usage(format!(
            "--node is 1 to 128 characters of A-Z a-z 0-9 _ - . @ :, not {name:?}"
        ))),
        None if is_shared => {
            let end = random_base62(RANDOM_CHARS);
            let end = end.ok_or_else(|| Failure::work("the system has no random numbers"))?;
            let host = rustix::system::uname();
            Ok(unique(&host.nodename().to_string_lossy(), &end))
        }
        None => Ok(ALONE.to_owned()),
    }
}

fn unique(host: &str, end: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-.".contains(character);
    let host: String = host
        .chars()
        .filter(|one| is_plain(*one))
        .take(HOST_CHARS)
        .collect();
    let host = if host.is_empty() { "node" } else { &host };
    format!("{host}-{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_of_one_host_have_two_names() {
        let (one, other) = (choose(None, true).unwrap(), choose(None, true).unwrap());
        assert_ne!(one, other);
        assert!(is_id(&one), "{one}");
        assert_eq!(choose(None, false).unwrap(), "local");
        assert_eq!(choose(Some("a.b"), true).unwrap(), "a.b");
    }

    #[test]
    fn any_host_gives_a_name() {
        for host in ["", "pod-7c9f", "a b/\u{e9}", &"x".repeat(300)] {
            assert!(is_id(&unique(host, "aB3dE6")), "{host}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for wrong in ["", "a b", "a/b"] {
            assert!(matches!(choose(Some(wrong), true), Err(Failure::Usage(_))));
        }
    }
}
