//! What a container uses of its memory, as the kernel counts it before it kills: sockets are in it, which the process'
//! own figure leaves out, and for a gateway they are most of it.

use std::{fs, path::Path};

/// Where a container sees its own control group, version 2.
pub(super) const ROOT: &str = "/sys/fs/cgroup";

/// Bytes that cannot be had back: all that is counted, less the pages of files that nobody has read lately. That is what
/// the kubelet calls the working set. `None` outside a container.
pub(super) fn memory_used(group: &Path) -> Option<u64> {
    let counted: u64 = fs::read_to_string(group.join("memory.current"))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let parts = fs::read_to_string(group.join("memory.stat")).ok()?;
    let droppable: u64 = parts
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file "))?
        .parse()
        .ok()?;
    Some(counted.saturating_sub(droppable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_can_be_dropped_do_not_count_and_sockets_do() {
        let group = tempfile::tempdir().unwrap();
        assert_eq!(memory_used(group.path()), None);
        fs::write(group.path().join("memory.current"), "500\n").unwrap();
        assert_eq!(memory_used(group.path()), None);
        let parts = "anon 50\nsock 300\nfile 150\ninactive_file 120\nactive_file 30\n";
        fs::write(group.path().join("memory.stat"), parts).unwrap();
        assert_eq!(memory_used(group.path()), Some(380));
    }
}
