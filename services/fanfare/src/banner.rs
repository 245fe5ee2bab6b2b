//! What a start prints: where everything is, and what to try next.

use crate::{local_key, output};
use std::{net::SocketAddr, path::Path};

/// What to print.
pub(crate) struct Banner<'a> {
    /// What was started.
    pub(crate) command: &'a str,
    pub(crate) listen: SocketAddr,
    pub(crate) admin_listen: SocketAddr,
    pub(crate) node: &'a str,
    /// Where everything is kept.
    pub(crate) place: &'a str,
    /// The directory of the local tools' key, when there is one.
    pub(crate) local_key: Option<&'a Path>,
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
        let what = match self.local_key {
            Some(_) => format!("Fanfare {version} is ready"),
            None => format!("Fanfare {version}: {} {} is up", self.command, self.node),
        };
        format!(
            "\n{what}\n\n{}{}{}",
            self.places(),
            self.password(),
            self.next()
        )
    }

    fn places(&self) -> String {
        let (base, sockets) = (self.base(), format!("ws://{}", self.listen));
        let mut lines = String::new();
        let mut line = |name: &str, value: &str| lines.push_str(&format!("  {name:<14} {value}\n"));
        if self.command != "gateway" {
            line(
                "API",
                &format!("{base}        (reference: {base}/openapi.json)"),
            );
        }
        if matches!(self.command, "gateway" | "standalone") {
            line(
                "WebSockets",
                &format!("{sockets}/ws/notifications/   {sockets}/ws/test/"),
            );
            let state = if fanfare_console::is_built() {
                ""
            } else {
                "   (not built; the page says how)"
            };
            line("console", &format!("{base}/{state}"));
        }
        line(
            "probes",
            &format!("http://{}/readyz   /livez   /metrics", self.admin_listen),
        );
        match self.local_key {
            Some(data_dir) => {
                line("data", self.place);
                let key = local_key::path(data_dir);
                line(
                    "API key",
                    &format!("{}   (for tools on this machine)", key.display()),
                );
            }
            None => line("NATS", self.place),
        }
        lines
    }

    fn password(&self) -> String {
        self.admin_password.map_or_else(String::new, |password| {
            format!(
                "
  administrator  admin
  password       {password}
                 (shown this once; change it with PUT /v1/users/admin/password)
"
            )
        })
    }

    /// What to do first.
    fn next(&self) -> String {
        let base = self.base();
        match self.local_key {
            Some(data_dir) => {
                let key = local_key::path(data_dir);
                format!(
                    "
Try it: listen as alice in one terminal …

  cargo run --release -- listen alice{}

… and publish to her from another:

  curl {base}/v1/notifications \\
    -H \"Authorization: Bearer $(cat {})\" \\
    -d '{{\"to\": {{\"users\": [\"alice\"]}}, \"title\": \"Hello from curl\"}}'

Ctrl-C stops it.",
                    self.tool_options(data_dir),
                    key.display()
                )
            }
            None if self.admin_password.is_some() => format!(
                "
An API key, for your backend and for fanfare token, publish and listen: sign in …

  curl {base}/v1/auth/login -d '{{\"username\": \"admin\", \"password\": \"…\"}}'

… and make one with the access_token:

  curl {base}/v1/auth/api-keys -H \"Authorization: Bearer $TOKEN\" \\
    -d '{{\"name\": \"shop\", \"scopes\": [\"notifications:publish\", \"tokens:mint\"]}}'
"
            ),
            None => String::new(),
        }
    }

    fn base(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// What a tool must be told when the server is not where it looks by itself.
    fn tool_options(&self, data_dir: &Path) -> String {
        let mut options = String::new();
        if self.listen.port() != 8000 {
            options.push_str(&format!(" --url http://{}", self.listen));
        }
        if data_dir != Path::new("./fanfare-data") {
            options.push_str(&format!(" --data-dir {}", data_dir.display()));
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner<'a>(command: &'a str, local_key: Option<&'a Path>) -> Banner<'a> {
        Banner {
            command,
            listen: "127.0.0.1:8123".parse().unwrap(),
            admin_listen: "127.0.0.1:9123".parse().unwrap(),
            node: "pod-1",
            place: "the place",
            local_key,
            admin_password: Some("secret"),
        }
    }

    #[test]
    fn the_lines_to_try_name_this_server() {
        let text = banner("standalone", Some(Path::new("/tmp/x"))).text();
        assert!(text.contains("listen alice --url http://127.0.0.1:8123 --data-dir /tmp/x"));
        assert!(text.contains("Bearer $(cat /tmp/x/api-key)"));
        assert_eq!(text.matches("secret").count(), 1);
    }

    #[test]
    fn each_command_names_what_it_serves() {
        let gateway = banner("gateway", None).text();
        assert!(gateway.contains("ws://127.0.0.1:8123/ws/") && gateway.contains("pod-1"));
        assert!(!gateway.contains("/openapi.json"), "{gateway}");
        let auth = banner("auth", None).text();
        assert!(auth.contains("http://127.0.0.1:8123/v1/auth/api-keys"));
        assert!(!auth.contains("ws://"), "{auth}");
        for text in [gateway, auth] {
            assert!(text.contains("NATS           the place"), "{text}");
            assert_eq!(text.matches("secret").count(), 1);
        }
    }
}
