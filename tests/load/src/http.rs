//! As much HTTP/1.1 as a run needs.

use crate::fault::{During as _, Fault, Outcome};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddrV4, TcpStream},
    time::Duration,
};

/// Longest that a probe may take.
const PROBE: Duration = Duration::from_secs(10);

/// Largest head of an answer, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// A request with a JSON body, for a connection that is kept.
pub(crate) fn post(path: &str, bearer: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request without a body, for a connection that is kept.
pub(crate) fn get_with(path: &str, bearer: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n\r\n")
        .into_bytes()
}

/// An answer that is there as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where its body begins and ends.
    pub(crate) body: std::ops::Range<usize>,
}

impl Answer {
    /// Finds the answer at the front of `bytes`; `None` while something is missing.
    pub(crate) fn parse(bytes: &[u8]) -> Outcome<Option<Self>> {
        let Some(head) = head_bytes(bytes)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes[..head]);
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| Fault::wrong("an answer without a status"))?;
        let len = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_len = name.eq_ignore_ascii_case("content-length");
            is_len.then(|| value.trim().parse::<usize>().ok())?
        });
        let end = head + len.ok_or_else(|| Fault::wrong("an answer without a length"))?;
        Ok((bytes.len() >= end).then_some(Self {
            status,
            body: head..end,
        }))
    }
}

/// Bytes of the head with its blank line, once it is there.
pub(crate) fn head_bytes(bytes: &[u8]) -> Outcome<Option<usize>> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    if end.unwrap_or(bytes.len()) > HEAD_BYTES {
        return Err(Fault::wrong("an answer whose head does not end"));
    }
    Ok(end.map(|end| end + 4))
}

/// Gets once and waits for the answer's status and body.
pub(crate) fn get(address: SocketAddrV4, path: &str) -> Outcome<(u16, String)> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
    ask(address, request.as_bytes())
}

/// Asks once, over a connection of its own, and waits for the answer's status and body.
pub(crate) fn ask(address: SocketAddrV4, request: &[u8]) -> Outcome<(u16, String)> {
    let during = format!("asking http://{address}");
    let mut stream = TcpStream::connect(address).during(&during)?;
    stream.set_read_timeout(Some(PROBE)).during(&during)?;
    stream.write_all(request).during(&during)?;
    let mut bytes = Vec::new();
    let mut some = [0; HEAD_BYTES];
    loop {
        if let Some(answer) = Answer::parse(&bytes)? {
            let body = String::from_utf8_lossy(&bytes[answer.body]).into_owned();
            return Ok((answer.status, body));
        }
        match stream.read(&mut some).during(&during)? {
            0 => return Err(Fault::wrong(format!("{during}: the answer is cut off"))),
            count => bytes.extend_from_slice(&some[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let bytes = b"HTTP/1.1 202 Accepted\r\ncontent-length: 3\r\nx: y\r\n\r\nabcHTTP";
        let whole = bytes.len() - 4;
        let answer = Answer {
            status: 202,
            body: whole - 3..whole,
        };
        assert_eq!(Answer::parse(bytes).unwrap(), Some(answer));
        for cut in [0, 10, whole - 3, whole - 1] {
            assert_eq!(Answer::parse(&bytes[..cut]).unwrap(), None, "{cut}");
        }
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(Answer::parse(&[b'x'; HEAD_BYTES + 1]).is_err());
    }

    #[test]
    fn a_request_says_how_long_it_is() {
        let text = String::from_utf8(post("/v1/publish", "ff_k", "{\"a\":1}")).unwrap();
        assert!(text.starts_with("POST /v1/publish HTTP/1.1\r\n"));
        assert!(text.contains("\r\nAuthorization: Bearer ff_k\r\n"));
        assert!(text.ends_with("\r\nContent-Length: 7\r\n\r\n{\"a\":1}"));
    }
}
