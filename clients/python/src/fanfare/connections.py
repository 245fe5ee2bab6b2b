"""HTTP connections that are used again, by any thread."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
import weakref
from typing import TYPE_CHECKING

from .answer import Answer
from .errors import CertificateError, NoAnswerError, UnexpectedAnswerError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .address import Address


IDLE_MAX = 8
"""Connections kept while nobody uses them: as many as threads of a usual worker publish at once."""
IDLE_SECONDS_MAX = 5.0
"""Longest a connection is kept unused: the server closes it after 10 s, and a request may cross with that."""
ANSWER_BYTES_MAX = 4 * 1024 * 1024
"""Largest answer that is read: that to a full batch has 480 KiB, a trail no more."""

_every: weakref.WeakSet[Connections] = weakref.WeakSet()


def _after_fork() -> None:
    for connections in _every:
        connections.begin_anew()


if hasattr(os, "register_at_fork"):
    # A child that used its parent's sockets would read its parent's answers.
    os.register_at_fork(after_in_child=_after_fork)


class Connections:
    """The connections to one server. Safe to use from many threads, and after a fork."""

    def __init__(self, address: Address, ssl_context: ssl.SSLContext | None) -> None:
        self._address = address
        self._ssl = (ssl_context or ssl.create_default_context()) if address.scheme == "https" else None
        self._lock = threading.Lock()
        self._idle: list[tuple[http.client.HTTPConnection, float]] = []
        _every.add(self)

    def begin_anew(self) -> None:
        """Let go of all connections in a forked child; the parent goes on using them."""
        # Another thread of the parent may have held the old lock, and it is not here to let it go.
        self._lock = threading.Lock()
        self.close()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _since in idle:
            connection.close()

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_seconds: float
    ) -> Answer:
        """Send a request and read its answer; each wait for the server takes `timeout_seconds` at most.

        Raises UnreachableError, NoAnswerError or UnexpectedAnswerError.
        """
        connection = self._take(timeout_seconds) or self._connect(timeout_seconds)
        is_done = False
        try:
            answer, is_done = _ask(connection, method, self._address.path + path, headers, body)
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError(f"no answer from {self._address.host}: {error!r}") from error
        finally:
            # Also when the caller's thread is interrupted: the answer under way must be nobody's else.
            if is_done:
                self._keep(connection)
            else:
                connection.close()
        return answer

    def _connect(self, timeout_seconds: float) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if self._ssl is None:
            connection = http.client.HTTPConnection(self._address.host, self._address.port, timeout=timeout_seconds)
        else:
            connection = http.client.HTTPSConnection(
                self._address.host, self._address.port, timeout=timeout_seconds, context=self._ssl
            )
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise CertificateError(f"the certificate of {self._address.host}: {error.verify_message}") from error
        except OSError as error:
            raise UnreachableError(f"no connection to {self._address.host}: {error}") from error
        return connection

    def _take(self, timeout_seconds: float) -> http.client.HTTPConnection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                # The one that was used last is the least likely to have been closed.
                connection, since = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS_MAX and _is_silent(connection.sock):
                connection.sock.settimeout(timeout_seconds)
                return connection
            connection.close()

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < IDLE_MAX:
                self._idle.append((connection, time.monotonic()))
                return
        connection.close()


def _is_silent(sock: socket.socket) -> bool:
    """Whether nothing has come, and so no end either."""
    try:
        sock.setblocking(False)
        # What is under TLS: its own `recv` takes no flags.
        socket.socket.recv(sock, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None,
) -> tuple[Answer, bool]:
    """Give the answer, and whether the connection may be used again."""
    # A server that refuses a body while it is being sent closes; its answer is there nevertheless.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, body=body, headers=dict(headers))
    response = connection.getresponse()
    text = response.read(ANSWER_BYTES_MAX)
    if len(text) >= ANSWER_BYTES_MAX:
        raise UnexpectedAnswerError(response.status, f"the answer has {ANSWER_BYTES_MAX} bytes or more")
    if response.length:
        raise http.client.IncompleteRead(text, response.length)
    answer = Answer(response.status, text, response.getheader("retry-after"), response.getheader("x-request-id"))
    return answer, not response.will_close
