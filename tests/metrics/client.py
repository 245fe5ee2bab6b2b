"""Those who use it: backends over HTTP, and clients over WebSockets, one of which does not read."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import struct
import urllib.error
import urllib.request
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def call(method: str, url: str, bearer: str = "", body: Any = None, **headers: str) -> tuple[int, Any]:
    """Give the status and the body of the answer."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), method=method)
    request.add_header("Content-Type", "application/json")
    if bearer:
        request.add_header("Authorization", f"Bearer {bearer}")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            status, text = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else None


def ask(method: str, url: str, bearer: str = "", body: Any = None, **headers: str) -> Any:
    """Give the body of an answer that must be a good one."""
    status, answer = call(method, url, bearer, body, **headers)
    assert 200 <= status < 300, f"{method} {url}: {status} {answer}"
    return answer


class Client:
    """A client that reads."""

    def __init__(self, url: str, token: str, path: str = "/ws/") -> None:
        address = url.replace("http://", "ws://") + path
        self._stack = contextlib.ExitStack()
        opened = connect(address, subprotocols=["fanfare.v1", f"bearer.{token}"], open_timeout=20)
        self._socket = self._stack.enter_context(opened)

    def send(self, **frame: Any) -> None:
        self._socket.send(json.dumps(frame))

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Give the next frame of that type, with those fields."""
        while True:
            frame: dict[str, Any] = json.loads(self._socket.recv(timeout=20))
            if frame["type"] == kind and fields.items() <= frame.items():
                return frame

    def subscribe(self, channel: str, **more: Any) -> dict[str, Any]:
        self.send(type="subscribe", channel=channel, **more)
        return self.until("subscribed", channel=channel)

    def closed(self) -> int:
        """Give the code it is closed with."""
        try:
            while True:
                self._socket.recv(timeout=20)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, closed
            return closed.rcvd.code

    def close(self) -> None:
        self._stack.close()


class Stalled:
    """A client that subscribes and then reads nothing."""

    def __init__(self, url: str, token: str, channel: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect((host, int(port)))
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            (
                f"GET /ws/ HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n"
            ).encode()
        )
        text = json.dumps({"type": "subscribe", "channel": channel}).encode()
        # A mask of zeroes leaves the text as it is.
        self._socket.sendall(struct.pack("!BB4s", 0x81, 0x80 | len(text), bytes(4)) + text)
        heard = b""
        while b'"subscribed"' not in heard:
            heard += self._socket.recv(4096)

    def close(self) -> None:
        self._socket.close()
