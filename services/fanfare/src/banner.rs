//! What a start prints: where everything is, and what to try next.

use crate::{local_key, output};
use std::{net::SocketAddr, path::Path};

/// What to print.
pub(crate) struct Banner<'a> {
    pub(crate) listen: SocketAddr,
    pub(crate) admin_listen: SocketAddr,
    pub(crate) data_dir: &'a Path,
    /// Made up on this start, and never shown again.
    pub(crate) admin_password: Option<&'a str>,
}

impl Banner<'_> {
    /// Prints it on standard output.
    pub(crate) fn print(&self) {
        output::line(&self.text());
    }

    fn text(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let base = format!("http://{}", self.listen);
        let sockets = format!("ws://{}", self.listen);
        let data_dir = self.data_dir.display();
        let key = local_key::path(self.data_dir);
        let key = key.display();
        let options = self.tool_options();
        let password = self.admin_password.map_or_else(String::new, |password| {
            format!(
                "\n  administrator  admin\n  password       {password}\n                 (shown this once; change it with PUT /v1/users/admin/password)\n"
            )
        });
        format!(
            "
Fanfare {version} is ready

  API            {base}        (reference: {base}/openapi.json)
  WebSockets     {sockets}/ws/notifications/   {sockets}/ws/test/
  probes         http://{}/readyz   /livez   /metrics
  data           {data_dir}
  API key        {key}   (for tools on this machine)
{password}
Try it: listen as alice in one terminal …

  cargo run --release -- listen alice{options}

… and publish to her from another:

  curl {base}/v1/notifications \\
    -H \"Authorization: Bearer $(cat {key})\" \\
    -d '{{\"to\": {{\"users\": [\"alice\"]}}, \"title\": \"Hello from curl\"}}'

Ctrl-C stops it.",
            self.admin_listen
        )
    }

    /// What a tool must be told when the server is not where it looks by itself.
    fn tool_options(&self) -> String {
        let mut options = String::new();
        if self.listen.port() != 8000 {
            options.push_str(&format!(" --url http://{}", self.listen));
        }
        if self.data_dir != Path::new("./fanfare-data") {
            options.push_str(&format!(" --data-dir {}", self.data_dir.display()));
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_to_try_name_this_server() {
        let banner = Banner {
            listen: "127.0.0.1:8123".parse().unwrap(),
            admin_listen: "127.0.0.1:9123".parse().unwrap(),
            data_dir: Path::new("/tmp/x"),
            admin_password: Some("secret"),
        };
        let text = banner.text();
        assert!(text.contains("listen alice --url http://127.0.0.1:8123 --data-dir /tmp/x"));
        assert!(text.contains("Bearer $(cat /tmp/x/api-key)"));
        assert_eq!(text.matches("secret").count(), 1);
    }
}
