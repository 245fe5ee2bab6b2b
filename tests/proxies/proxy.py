"""The proxies, each with the configuration in deploy: only names, ports and times are other ones."""

import os
import pathlib
import shutil
import signal
import subprocess
import urllib.request

from fleet import ADDRESSES, GATEWAYS, PROXY, Fleet, free_port
from names import Names
from process import Process, until

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"

# After which a proxy takes a connection that says nothing for dead; an hour in production.
TIMEOUT_SECONDS = 3

# What nginx keeps files of while it passes things on.
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def program(name: str) -> str | None:
    """Its path: Debian keeps servers where not everybody looks."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin")


def changed(path: pathlib.Path, changes: dict[str, str]) -> str:
    """The text of a configuration, changed in every place; there is one for each change."""
    text = path.read_text()
    for before, after in changes.items():
        assert before in text, f"{path} has no {before!r} any more"
        text = text.replace(before, after)
    return text


class Proxy:
    """One that runs, at `url`."""

    #: Whether it can take another configuration without letting go of anybody.
    reloads = True

    def __init__(self, directory: pathlib.Path, fleet: Fleet):
        self.directory = directory
        self.fleet = fleet
        self.port = free_port([PROXY])
        self.url = f"http://{PROXY}:{self.port}"
        self.arguments = self.configure()
        self.start()

    def configure(self) -> list:
        """Writes its configuration; answers its command line."""
        raise NotImplementedError

    def addresses(self) -> dict[str, str]:
        """Of whom names in a configuration stand for."""
        found = {f"{name}:8000": f"{address}:{self.fleet.port}" for name, address in ADDRESSES.items()}
        found.pop("nats:8000")
        return found

    def start(self):
        self.process = Process(self.directory / "proxy.log", self.arguments)

        def passes_on():
            assert self.process.is_running(), self.process.said()[-3000:]
            try:
                with urllib.request.urlopen(f"{self.url}/.well-known/jwks.json", timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                return False

        until(passes_on, f"{self.arguments[0]} passes requests on", self.process.said)

    def reload(self):
        raise NotImplementedError

    def restart(self):
        """Ends it, with everybody who is connected through it, and starts it again."""
        self.process.signal(signal.SIGTERM)
        self.process.wait()
        self.start()

    def close(self):
        self.process.close()


class Nginx(Proxy):
    def configure(self):
        self.names = Names(
            {"gateway": [ADDRESSES[name] for name in GATEWAYS]}
            | {name: [ADDRESSES[name]] for name in ("auth", "notify", "chat")}
        )
        changes = {
            "127.0.0.11": self.names.address,
            "listen 8000": f"listen {PROXY}:{self.port}",
            ":8000;": f":{self.fleet.port};",
            "3600s": f"{TIMEOUT_SECONDS}s",
            # Where somebody who is not root may write.
            "\nhttp {": "\nhttp {" + "".join(f" {kind}_temp_path {self.directory}/{kind};" for kind in TEMPORARY),
        }
        path = self.directory / "nginx.conf"
        path.write_text(changed(DEPLOY / "compose/nginx.conf", changes))
        # Its workers get another user's rights where it is root.
        self.directory.chmod(0o755)
        settings = f"daemon off; pid {self.directory}/pid; error_log stderr;"
        return [program("nginx"), "-c", path, "-g", settings]

    def reload(self):
        subprocess.run([*self.arguments, "-s", "reload"], check=True, timeout=20, capture_output=True)

    def close(self):
        # Its workers would outlive it.
        self.process.signal(signal.SIGTERM)
        self.process.wait()
        self.names.close()


class Traefik(Proxy):
    reloads = False

    def configure(self):
        routes = self.directory / "fanfare.yaml"
        changes = self.addresses() | {"port: 9000": f"port: {self.fleet.admin_port}"}
        routes.write_text(changed(DEPLOY / "proxies/traefik/fanfare.yaml", changes))
        path = self.directory / "traefik.yaml"
        changes = {
            '":8000"': f'"{PROXY}:{self.port}"',
            "/etc/traefik/fanfare.yaml": str(routes),
            "readTimeout: 60s": f"readTimeout: {TIMEOUT_SECONDS}s",
            "idleTimeout: 180s": f"idleTimeout: {TIMEOUT_SECONDS}s, writeTimeout: {TIMEOUT_SECONDS}s",
            "graceTimeOut: 10s": "graceTimeOut: 1s",
        }
        path.write_text(changed(DEPLOY / "proxies/traefik/traefik.yaml", changes))
        return [program("traefik"), f"--configFile={path}"]


class Haproxy(Proxy):
    def configure(self):
        path = self.directory / "haproxy.cfg"
        changes = self.addresses() | {
            "port 9000": f"port {self.fleet.admin_port}",
            "bind :8000": f"bind {PROXY}:{self.port}",
            "client 60s": f"client {TIMEOUT_SECONDS}s",
            "server 60s": f"server {TIMEOUT_SECONDS}s",
            "tunnel 3600s": f"tunnel {TIMEOUT_SECONDS}s",
            # As many open files as it would want are not everywhere to be had.
            "maxconn 100000": "maxconn 100",
        }
        path.write_text(changed(DEPLOY / "proxies/haproxy.cfg", changes))
        # With a process that stays and makes others, as systemd starts it.
        return [program("haproxy"), "-W", "-f", path]

    def reload(self):
        self.process.signal(signal.SIGUSR2)
        until(lambda: self.process.said().count("Loading success") == 2, "a second worker", self.process.said)

    def close(self):
        self.process.signal(signal.SIGTERM)
        self.process.wait()


ALL = {"nginx": Nginx, "traefik": Traefik, "haproxy": Haproxy}
