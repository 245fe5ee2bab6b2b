//! The request that opens a WebSocket.

use crate::{DEADLINE, Socket};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{
        Error,
        client::IntoClientRequest,
        http::{HeaderName, Request, header},
    },
};

/// A WebSocket about to be opened.
pub struct Upgrade {
    url: String,
    headers: Vec<(HeaderName, String)>,
}

impl Upgrade {
    /// To a whole URL.
    #[must_use]
    pub fn to(url: &str) -> Self {
        Self {
            url: url.replacen("http://", "ws://", 1),
            headers: Vec::new(),
        }
    }

    /// Puts the token into `Authorization`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header(header::AUTHORIZATION, format!("Bearer {token}"))
    }

    /// Puts the token into the list of subprotocols, as browsers must.
    #[must_use]
    pub fn subprotocol(self, token: &str) -> Self {
        let list = format!("fanfare.v1, bearer.{token}");
        self.header(header::SEC_WEBSOCKET_PROTOCOL, list)
    }

    /// Puts the token into the query.
    #[must_use]
    pub fn query(mut self, token: &str) -> Self {
        self.url = format!("{}?token={token}", self.url);
        self
    }

    /// Says which page asks, as browsers do.
    #[must_use]
    pub fn origin(self, origin: &str) -> Self {
        self.header(header::ORIGIN, origin.to_owned())
    }

    fn header(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Opens it.
    ///
    /// # Panics
    ///
    /// When the server refuses the upgrade.
    pub async fn open(self) -> Socket {
        let url = self.url.split('?').next().unwrap_or_default().to_owned();
        self.try_open()
            .await
            .unwrap_or_else(|error| panic!("{url} refused the upgrade: {error}"))
    }

    /// Opens it and waits for `welcome`.
    ///
    /// # Panics
    ///
    /// When it does not come.
    pub async fn welcomed(self) -> Socket {
        let mut socket = self.open().await;
        socket.frame("welcome").await;
        socket
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// The server does not answer 101, or nobody listens.
    ///
    /// # Panics
    ///
    /// When there is no answer before the deadline.
    pub async fn try_open(self) -> Result<Socket, Box<Error>> {
        let mut request: Request<()> = self
            .url
            .into_client_request()
            .expect("the URL of a server is one");
        for (name, value) in self.headers {
            let value = value.parse().expect("a header of a test is one");
            request.headers_mut().insert(name, value);
        }
        let (stream, response) = tokio::time::timeout(DEADLINE, connect_async(request))
            .await
            .expect("the server answers an upgrade in time")?;
        let protocol = response.headers().get(header::SEC_WEBSOCKET_PROTOCOL);
        let protocol = protocol.and_then(|value| value.to_str().ok());
        Ok(Socket::new(stream, protocol.map(str::to_owned)))
    }
}
