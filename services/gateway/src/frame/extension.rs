//! The list in a `Sec-WebSocket-Extensions` header (RFC 6455, 9.1).

use std::borrow::Cow;

/// One element: an extension that is offered, with its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Extension<'a> {
    pub(super) name: &'a [u8],
    pub(super) params: Vec<Param<'a>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Param<'a> {
    pub(super) name: &'a [u8],
    /// Without quotes and backslashes.
    pub(super) value: Option<Cow<'a, [u8]>>,
}

/// Reads the value of one header. `None` when it breaks the grammar anywhere.
pub(super) fn parse(value: &[u8]) -> Option<Vec<Extension<'_>>> {
    let mut scanner = Scanner { rest: value };
    let mut extensions = Vec::new();
    loop {
        // Elements of nothing are legal in every list of HTTP.
        while scanner.takes(b',') {}
        if scanner.is_at_end() {
            return Some(extensions);
        }
        extensions.push(scanner.extension()?);
        if !scanner.is_at_end() && !scanner.takes(b',') {
            return None;
        }
    }
}

/// What has not been read yet. Spaces before anything but a byte of a token or of a quoted value are passed over.
struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    fn extension(&mut self) -> Option<Extension<'a>> {
        let name = self.token()?;
        let mut params = Vec::new();
        while self.takes(b';') {
            params.push(self.param()?);
        }
        Some(Extension { name, params })
    }

    fn param(&mut self) -> Option<Param<'a>> {
        let name = self.token()?;
        let value = if self.takes(b'=') {
            Some(if self.takes(b'"') {
                Cow::Owned(self.quoted()?)
            } else {
                Cow::Borrowed(self.token()?)
            })
        } else {
            None
        };
        Some(Param { name, value })
    }

    fn token(&mut self) -> Option<&'a [u8]> {
        self.pass_spaces();
        let len = self.rest.iter().take_while(|byte| in_token(**byte)).count();
        let (token, rest) = self.rest.split_at(len);
        self.rest = rest;
        (len > 0).then_some(token)
    }

    /// What follows an opening quote, to the closing one. Unquoted it must be a token.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        loop {
            let byte = match *self.next()? {
                b'"' => return (!value.is_empty()).then_some(value),
                b'\\' => *self.next()?,
                byte => byte,
            };
            if !in_token(byte) {
                return None;
            }
            value.push(byte);
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.pass_spaces();
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn is_at_end(&mut self) -> bool {
        self.pass_spaces();
        self.rest.is_empty()
    }

    fn pass_spaces(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn next(&mut self) -> Option<&'a u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }
}

/// Whether `byte` may stand in a token (RFC 9110, 5.6.2).
const fn in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
