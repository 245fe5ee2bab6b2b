//! What the kernel holds for sockets that do not read.

use crate::fault::{During as _, Outcome};
use std::{collections::HashSet, fs};

/// Bytes in the send queues of the connections between `server_port` and one of `client_ports`.
pub(crate) fn sent_bytes(server_port: u16, client_ports: &HashSet<u16>) -> Outcome<u64> {
    let table = fs::read_to_string("/proc/net/tcp").during("reading the kernel's sockets")?;
    let queued = table.lines().filter_map(Row::parse);
    Ok(queued
        .filter(|row| row.local_port == server_port && client_ports.contains(&row.remote_port))
        .map(|row| row.queued)
        .sum())
}

/// One socket.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    local_port: u16,
    remote_port: u16,
    /// Written and not acknowledged.
    queued: u64,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let mut port = || {
            let (_address, port) = fields.next()?.split_once(':')?;
            u16::from_str_radix(port, 16).ok()
        };
        let (local_port, remote_port) = (port()?, port()?);
        let (queued, _received) = fields.nth(1)?.split_once(':')?;
        Some(Self {
            local_port,
            remote_port,
            queued: u64::from_str_radix(queued, 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_understood() {
        let line = "  12: 0100007F:1F90 0200007F:9C41 01 00010123:00000004 01:00000014 00000000     0        0 51 2 0000000000000000 20 4 30 10 -1";
        let row = Row {
            local_port: 8_080,
            remote_port: 40_001,
            queued: 0x1_0123,
        };
        assert_eq!(Row::parse(line), Some(row));
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
        assert_eq!(Row::parse(head), None);
    }
}
