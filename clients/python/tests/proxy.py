"""An HTTP proxy that does the next fault on its list to a request, and none when the list is empty."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["lose", "cut", "stall", "busy", "busy_by_date", "bad_gateway", "redirect"]


@dataclass(frozen=True)
class Seen:
    """A request that came, at a time of the clock that never goes back."""

    path: str
    key: str | None
    connection: tuple[str, int]
    at: float


class Proxy:
    """`lose`, `cut` and `stall` pass the request on, and its answer not, by half, or not in time; others do not."""

    def __init__(self, url: str, *faults: Fault, tls: ssl.SSLContext | None = None) -> None:
        self.upstream = url.removeprefix("http://")
        self.faults = list(faults)
        self.seen: list[Seen] = []
        self.ends = threading.Event()
        proxy = self

        class Handler(_Handler):
            pass

        Handler.proxy = proxy
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.ends.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 10

    def _handle(self) -> None:
        proxy = self.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        proxy.seen.append(Seen(self.path, self.headers.get("Idempotency-Key"), self.client_address, time.monotonic()))
        fault = proxy.faults.pop(0) if proxy.faults else None
        if fault in ("busy", "busy_by_date"):
            later = self.date_time_string(int(time.time()) + 2)
            self._reply(503, b"<h1>busy</h1>", {"Retry-After": "1" if fault == "busy" else later})
        elif fault == "bad_gateway":
            self._reply(502, b"<h1>bad gateway</h1>", {})
        elif fault == "redirect":
            self._reply(307, b"", {"Location": f"http://{proxy.upstream}{self.path}"})
        else:
            self._pass_on(body, fault)

    do_GET = do_POST = do_DELETE = _handle

    def _pass_on(self, body: bytes, fault: Fault | None) -> None:
        upstream = http.client.HTTPConnection(self.proxy.upstream, timeout=10)
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        upstream.request(self.command, self.path, body or None, headers)
        response = upstream.getresponse()
        answer = response.read()
        upstream.close()
        if fault == "stall":
            self.proxy.ends.wait(10)
        if fault in ("lose", "stall"):
            self.close_connection = True
            return
        kept = {name: value for name, value in response.getheaders() if name.lower() not in ("content-length", "date")}
        self._reply(response.status, answer, kept, by_half=fault == "cut")

    def _reply(self, status: int, body: bytes, headers: dict[str, str], *, by_half: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if by_half else body)
        self.close_connection = self.close_connection or by_half

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
