"""Two gateways and a worker of each kind on one NATS, each on an address of its own and all on the same ports."""

import json
import os
import pathlib
import signal
import socket
import urllib.error
import urllib.request

from process import Process, until

# By the names that the configurations in deploy know them by.
ADDRESSES = {
    "gateway-1": "127.0.0.2",
    "gateway-2": "127.0.0.3",
    "auth": "127.0.0.4",
    "notify": "127.0.0.5",
    "chat": "127.0.0.6",
    "nats": "127.0.0.7",
}
GATEWAYS = ("gateway-1", "gateway-2")
# The only one that is believed what it says of others.
PROXY = "127.0.0.1"
PASSWORD = "correct horse battery staple"


def free_port(addresses: list[str]) -> int:
    """One that is free on all of `addresses`, until somebody takes it."""
    while True:
        held = [socket.socket() for _address in addresses]
        try:
            port = 0
            for one, address in zip(held, addresses, strict=True):
                one.bind((address, port))
                port = one.getsockname()[1]
            return port
        except OSError:
            continue
        finally:
            for one in held:
                one.close()


class Fleet:
    def __init__(self, directory: pathlib.Path, binary: pathlib.Path, nats_server: pathlib.Path):
        self._directory = directory
        self._binary = binary
        self.port = free_port([*ADDRESSES.values()])
        self.admin_port = free_port([*ADDRESSES.values()])
        self._processes: dict[str, Process] = {}
        try:
            self._start_nats(nats_server)
            names = [name for name in ADDRESSES if name != "nats"]
            for name in names:
                self.start(name)
            for name in names:
                self.until_ready(name)
            self.key = self._make_key()
        except BaseException:
            self.close()
            raise

    def _start_nats(self, server: pathlib.Path):
        arguments = [server, "--addr", ADDRESSES["nats"], "--port", str(self.port), "--jetstream"]
        self._processes["nats"] = Process(
            self._directory / "nats.log", [*arguments, "--store_dir", self._directory / "store"]
        )

    def start(self, name: str):
        service = name.split("-")[0]
        arguments = [self._binary, service, "--nats", f"nats://{ADDRESSES['nats']}:{self.port}"]
        arguments += ["--listen", f"{ADDRESSES[name]}:{self.port}"]
        arguments += ["--admin-listen", f"{ADDRESSES[name]}:{self.admin_port}"]
        arguments += ["--trusted-proxies", f"{PROXY}/32", "--lame-duck-ms", "1500"]
        if service == "gateway":
            # Below the proxies' time limits as 25 s are below theirs in production.
            arguments += ["--ping-interval-seconds", "1", "--node", name, "--drain-window-ms", "1000"]
        if service == "auth":
            arguments += ["--admin-password", PASSWORD]
        self._processes[name] = Process(
            self._directory / f"{name}.log", arguments, {"PATH": os.environ["PATH"], "RUST_BACKTRACE": "1"}
        )

    def until_ready(self, name: str):
        url = f"http://{ADDRESSES[name]}:{self.admin_port}/readyz"

        def is_ready():
            process = self._processes[name]
            assert process.is_running(), process.said()[-3000:]
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                return False

        until(is_ready, f"{name} is ready", lambda: self._processes[name].said()[-3000:])

    def terminate(self, name: str) -> int:
        """Ends it as an operator does; its exit code."""
        self._processes[name].signal(signal.SIGTERM)
        return self._processes[name].wait()

    def _make_key(self) -> str:
        login = {"username": "admin", "password": PASSWORD}
        token = self._post("/v1/auth/login", login)["access_token"]
        wanted = {"name": "proxies", "scopes": ["channels:publish", "tokens:mint"]}
        return self._post("/v1/auth/api-keys", wanted, token)["key"]

    def _post(self, path: str, body: dict, bearer: str = "") -> dict:
        request = urllib.request.Request(f"http://{ADDRESSES['auth']}:{self.port}{path}", json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        if bearer:
            request.add_header("Authorization", f"Bearer {bearer}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def close(self):
        for process in reversed(self._processes.values()):
            process.close()
