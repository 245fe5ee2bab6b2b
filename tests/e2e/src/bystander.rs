//! Somebody who does nothing wrong, and must not notice those who do.

use crate::{Server, Socket};
use serde_json::json;

/// A client with an open inbox.
pub struct Bystander {
    socket: Socket,
    checks: u32,
}

impl Bystander {
    const USER: &str = "bystander";

    /// Connects one.
    pub async fn connect(server: &Server) -> Self {
        let token = server.api().token(Self::USER).await;
        let mut socket = server.upgrade("/ws/").bearer(&token).welcomed().await;
        socket.subscribe("user:bystander", None).await;
        Self { socket, checks: 0 }
    }

    /// Sends it a notification, and waits until it has it.
    ///
    /// # Panics
    ///
    /// When it does not come, or another one does.
    pub async fn still_served(&mut self, server: &Server) {
        self.checks += 1;
        let title = format!("still there? {}", self.checks);
        let body = json!({"to": {"users": [Self::USER]}, "title": title});
        server.api().notify(&body).await;
        let frame = self.socket.frame("notification").await;
        assert_eq!(frame["data"]["title"], title);
        assert_eq!(frame["n"], self.checks);
    }
}
