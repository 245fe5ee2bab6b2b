"""Fanfare in processes apart on a NATS server, and a Prometheus that reads them each second."""

from __future__ import annotations

import json
import os
import queue
import re
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "helm/fanfare/alerts/fanfare.yaml"
ADMIN_PASSWORD = "a password of tests only"

# A fresh installation makes some twenty streams, each with a sync to the disk.
START_SECONDS = 60

# Between two scrapes of a target.
SCRAPE_SECONDS = 1

T = TypeVar("T")


def until(what: str, ask: Callable[[], T | None], seconds: float = 30) -> T:
    """Ask until there is an answer that is not false."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)


class Process:
    """A process that is killed when nobody has ended it before."""

    def __init__(self, *command: str | Path, log: Path) -> None:
        self._log = log
        self._lines: queue.Queue[str] = queue.Queue()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def says(self, pattern: str) -> str:
        """Give the group of the pattern, in the first line that matches."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and (self._process.poll() is None or not self._lines.empty()):
            try:
                found = re.search(pattern, self._lines.get(timeout=0.2))
            except queue.Empty:
                continue
            if found:
                return found[1]
        self.kill()
        raise AssertionError(f"it has not said {pattern}: {self._log.read_text()}")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        return self._process.wait(timeout=30)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid


class Service(Process):
    """One of Fanfare's services."""

    def __init__(self, directory: Path, name: str, kind: str, nats: str, *options: str) -> None:
        binary = Path(os.environ["FANFARE_BINARY"])
        ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
        super().__init__(binary, kind, "--nats", nats, *ports, *options, log=directory / f"{name}.log")
        self.name, self.kind = name, kind
        place = r"WebSockets +ws(://[^/ ]+)" if kind == "gateway" else r"API +http(://[^/ ]+)"
        self.url = "http" + self.says(place)
        self.admin = self.says(r"probes +http://([^/ ]+)")

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.admin}/readyz", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def metrics(self, accept: str = "text/plain") -> str:
        request = urllib.request.Request(f"http://{self.admin}/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.read().decode()


class Nats(Process):
    """A NATS server with JetStream, and a store of its own."""

    def __init__(self, directory: Path) -> None:
        ports, store = directory / "ports", directory / "jetstream"
        ports.mkdir(exist_ok=True)
        server = os.environ["FANFARE_NATS_SERVER"]
        arguments = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", str(store), "--ports_file_dir", str(ports)]
        super().__init__(server, *arguments, log=directory / "nats.log")
        told = ports / f"{Path(server).name}_{self.pid}.ports"
        until("the NATS server's port", lambda: told.exists() and told.stat().st_size)
        self.url = json.loads(told.read_text())["nats"][0]


class Proxy:
    """Something between a process and NATS that can be cut."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("nats://").split(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"nats://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and take no others until it is mended."""
        self._is_cut = True
        for pair in self._pairs:
            for end in pair:
                with_no_error(end.shutdown, socket.SHUT_RDWR)
        self._pairs.clear()

    def mend(self) -> None:
        self._is_cut = False

    def _accept(self) -> None:
        while True:
            near, _address = self._listener.accept()
            try:
                far = None if self._is_cut else socket.create_connection(self._target)
            except ConnectionRefusedError:
                far = None
            if far is None:
                near.close()
                continue
            self._pairs.append((near, far))
            threading.Thread(target=_pass_on, args=(near, far), daemon=True).start()


def with_no_error(call: Callable[..., Any], *arguments: Any) -> None:
    try:
        call(*arguments)
    except OSError:
        pass


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    to = {near: far, far: near}
    with near, far:
        while True:
            for source in select.select([near, far], [], [])[0]:
                try:
                    data = source.recv(65536)
                    if not data:
                        return
                    to[source].sendall(data)
                except OSError:
                    return


class Prometheus(Process):
    """Debian's Prometheus, with our alerts."""

    def __init__(self, directory: Path, jobs: dict[str, dict[str, str]]) -> None:
        """`jobs`: for each job its targets, by the name of their pod."""
        configuration = {
            "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": "1s"},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [
                {
                    "job_name": job,
                    "static_configs": [{"targets": [target], "labels": {"pod": pod}} for pod, target in pods.items()],
                }
                for job, pods in jobs.items()
            ],
        }
        # JSON is YAML too.
        path = directory / "prometheus.yml"
        path.write_text(json.dumps(configuration))
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        super().__init__(
            "prometheus",
            f"--config.file={path}",
            f"--storage.tsdb.path={directory / 'tsdb'}",
            f"--web.listen-address={address}",
            "--enable-feature=exemplar-storage",
            log=directory / "prometheus.log",
        )
        self.url = f"http://{address}"
        until("Prometheus", self._is_ready, START_SECONDS)

    def _is_ready(self) -> bool:
        """Until it has read its storage it answers everything with 503."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=10):
                return True
        except OSError:
            assert self._process.poll() is None, self._log.read_text()
            return False

    def get(self, what: str, **parameters: str) -> Any:
        """Ask its API; the `data` of the answer."""
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return json.loads(response.read())["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Give the series of an instant query, with their values as numbers."""
        data = self.get("query", query=expression)
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": float(data["result"][1])}]
        return [{"metric": series["metric"], "value": float(series["value"][1])} for series in data["result"]]

    def has_read_twice(self) -> None:
        """Wait until every target that is there was read twice from now on: once shows a value, twice a rate."""
        later = time.time() + SCRAPE_SECONDS
        until("two scrapes of everything", lambda: not self.query(f"timestamp(up) <= {later} and up == 1"))

    def alerts(self) -> Iterator[dict[str, Any]]:
        for group in self.get("rules", type="alert")["groups"]:
            yield from group["rules"]

