"""A whole Fanfare, of the real binary, on free ports and with a data directory of its own."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from websockets.sync.client import ClientConnection, connect

from fanfare import Client, Id

ROOT = Path(__file__).parents[3]
START_SECONDS = 30


def binary() -> Path:
    """Give the binary under test; there is no testing without it."""
    path = Path(os.environ.get("FANFARE_BINARY", ROOT / "target/debug/fanfare"))
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: build it with `cargo build -p fanfare`, or set FANFARE_BINARY")
    return path


class Server:
    """A running server; whoever makes one kills it."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._start("127.0.0.1:0")

    def start_again(self) -> None:
        """Start it where it was, once it was killed."""
        self._start(self.url.removeprefix("http://"))

    def _start(self, listen: str) -> None:
        arguments = ["--data-dir", str(self._data_dir), "--listen", listen, "--admin-listen", "127.0.0.1:0"]
        self._process = subprocess.Popen([binary(), "standalone", *arguments], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=_follow, args=(self._process.stdout, lines))
        self._reader.start()
        try:
            self.url = _find(lines, re.compile(r"API +(http://\S+)"))
            # It is ready when it has told everything.
            _find(lines, re.compile(r"(Ctrl-C)"))
            self.api_key = (self._data_dir / "api-key").read_text().strip()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def request(self, method: str, path: str, bearer: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)  # noqa: S310
        request.add_header("Authorization", f"Bearer {bearer}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            text = response.read()
        return json.loads(text) if text else None

    def token(self, user: Id, groups: tuple[str, ...] = (), channels: dict[str, Any] | None = None) -> str:
        with Client(self.url, self.api_key) as client:
            return client.mint_token(user, groups=groups, channels=channels).access_token

    def inbox(self, user: Id, *groups: str, everybodys: bool = False) -> list[dict[str, Any]]:
        """Give what is in a user's inbox, newest first; what another test has sent to everybody if it is asked for."""
        items: list[dict[str, Any]] = self.request("GET", "/v1/inbox", self.token(user, groups))["items"]
        return [item for item in items if everybodys or item["channel"] != "all"]

    def api_key_for(self, *scopes: str) -> str:
        body = {"name": "limited", "scopes": list(scopes)}
        key: str = self.request("POST", "/v1/auth/api-keys", self.api_key, body)["key"]
        return key


class Page:
    """A user's page, while it is connected, as `Page.of` gives it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    @contextmanager
    def of(cls, server: Server, token: str, channel: str) -> Iterator[Page]:
        """Connect, and wait until it reads `channel`."""
        url = server.url.replace("http://", "ws://") + "/ws/"
        protocols: list[Any] = ["fanfare.v1", f"bearer.{token}"]
        with connect(url, subprotocols=protocols, open_timeout=10) as socket:
            page = cls(socket)
            socket.send(json.dumps({"type": "subscribe", "channel": channel}))
            page.until("subscribed")
            yield page

    def until(self, kind: str) -> dict[str, Any]:
        while True:
            frame: dict[str, Any] = json.loads(self._socket.recv(timeout=10))
            if frame["type"] == kind:
                return frame


def _follow(output: IO[str], lines: queue.Queue[str | None]) -> None:
    with output:
        for line in output:
            lines.put(line)
    lines.put(None)


def _find(lines: queue.Queue[str | None], pattern: re.Pattern[str]) -> str:
    while True:
        line = lines.get(timeout=START_SECONDS)
        if line is None:
            raise RuntimeError(f"the server ended before it printed {pattern.pattern}")
        found = pattern.search(line)
        if found is not None:
            return found[1]
