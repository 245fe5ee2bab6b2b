//! A client of the NATS protocol that says whatever it is told to.

use crate::DEADLINE;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::json;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::Arc,
};

/// Where answers to [`RawNats::ask`] come, after `_INBOX.<user>.`.
const INBOX: &str = "raw";

/// One login at a server that speaks TLS. Blocks, for a few milliseconds at a time.
pub struct RawNats {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    user: String,
}

impl RawNats {
    /// Logs in at 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When the server does not let it in.
    #[must_use]
    pub fn connect(port: u16, authority: &Path, user: &str, password: &str) -> Self {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        socket.set_read_timeout(Some(DEADLINE)).expect("a limit");
        let mut byte = [0];
        // The greeting is in the clear, and ends where TLS begins.
        while byte != *b"\n" {
            socket.read_exact(&mut byte).expect("the server greets");
        }
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(authority).expect("a file") {
            roots
                .add(certificate.expect("a certificate"))
                .expect("an authority");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("a provider of TLS 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = ServerName::try_from("127.0.0.1").expect("a name");
        let tls = ClientConnection::new(Arc::new(config), host).expect("a connection");
        let mut raw = Self {
            stream: BufReader::new(StreamOwned::new(tls, socket)),
            user: user.to_owned(),
        };
        let login = json!({
            "user": user, "pass": password, "verbose": false, "headers": true, "no_responders": true,
        });
        let refused = raw.say(&format!("CONNECT {login}\r\n"));
        assert!(refused.is_empty(), "{refused:?}");
        let refused = raw.subscribe(&format!("_INBOX.{user}.{INBOX}"));
        assert!(refused.is_empty(), "{refused:?}");
        raw
    }

    /// What the server says against a subscription to `subject`.
    pub fn subscribe(&mut self, subject: &str) -> Vec<String> {
        self.say(&format!("SUB {subject} 1\r\n"))
    }

    /// What the server says against a message to `subject`.
    pub fn publish(&mut self, subject: &str) -> Vec<String> {
        self.say(&format!("PUB {subject} 2\r\n{{}}\r\n"))
    }

    /// The answer to a message to `subject` with one header.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn ask(&mut self, subject: &str, header: (&str, &str), payload: &str) -> String {
        let reply = format!("_INBOX.{}.{INBOX}", self.user);
        self.send(&message(subject, &reply, header, payload));
        loop {
            let line = self.line();
            let is_message = line.starts_with("MSG ") || line.starts_with("HMSG ");
            if is_message {
                let bytes = line.rsplit(' ').next().and_then(|bytes| bytes.parse().ok());
                let mut answer = vec![0; bytes.expect("its length")];
                self.stream.read_exact(&mut answer).expect("an answer");
                return String::from_utf8_lossy(&answer).into_owned();
            }
            assert!(!line.starts_with("-ERR"), "{line}");
        }
    }

    /// Has the server answer a message to `subject` to somebody else; what it says against that.
    pub fn ask_for(&mut self, subject: &str, reply: &str, payload: &str) -> Vec<String> {
        self.say(&message(subject, reply, ("Raw", "1"), payload))
    }

    /// Says `text` and hears the server until it has dealt with that; its complaints.
    fn say(&mut self, text: &str) -> Vec<String> {
        self.send(&format!("{text}PING\r\n"));
        let mut complaints = Vec::new();
        loop {
            let line = self.line();
            match line.as_str() {
                "PONG" => return complaints,
                complaint if complaint.starts_with("-ERR") => complaints.push(line),
                _other => {}
            }
        }
    }

    fn send(&mut self, text: &str) {
        let stream = self.stream.get_mut();
        stream.write_all(text.as_bytes()).expect("the server reads");
        stream.flush().expect("the server reads");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the server speaks");
        assert!(!line.is_empty(), "the server has ended the connection");
        line.trim_end().to_owned()
    }
}

fn message(subject: &str, reply: &str, header: (&str, &str), payload: &str) -> String {
    let (name, value) = header;
    let headers = format!("NATS/1.0\r\n{name}: {value}\r\n\r\n");
    let (own, total) = (headers.len(), headers.len() + payload.len());
    format!("HPUB {subject} {reply} {own} {total}\r\n{headers}{payload}\r\n")
}
