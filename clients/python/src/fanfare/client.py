"""The client for threads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from . import call as calls
from .address import Address
from .answers import Outcome, Published, Token, Trail, Withdrawn
from .connections import Connections
from .errors import FanfareError, PartlyPublishedError
from .options import Options
from .retry import Attempts

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from .notification import Id, Ids, Notification, Rights
    from .options import Errors

T = TypeVar("T")


class Client:
    """Publishes to one Fanfare. Make one and use it everywhere: from any thread, and after a fork.

    - `url`: where the API is, such as `https://fanfare.example.com`.
    - `errors`: what `notify`, `notify_many` and `publish` do when they come to nothing. `log` (default) writes an error
      to the logger `fanfare` and gives an answer whose `ok` is false, so that a page does not fail because nobody could
      be told; `raise` raises it. The other calls always raise, because their answer is what they are for.
    - `timeout_seconds`: longest wait for a connection, and for each part of an answer.
    - `retries`: how often a call is made again when it failed by something that passes. A call that may have happened
      is only made again where it cannot happen twice.
    - `deadline_seconds`: when a call gives up, however many retries are left.
    - `ssl_context`: whom to trust, if not whom the system trusts.

    Raises ValueError when one of them makes no sense. Every other error is a `FanfareError`.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        errors: Errors = "log",
        timeout_seconds: float = 5.0,
        retries: int = 4,
        deadline_seconds: float = 15.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._options = Options.of(api_key, errors, timeout_seconds, retries, deadline_seconds)
        self._connections = Connections(Address.parse(url), ssl_context)

    def notify(self, *, idempotency_key: str | None = None, **notification: Unpack[Notification]) -> Outcome:
        """Publish a notification: `notify(users=[7], title="Build finished", level="success")`.

        What it may say is in `Notification`. Two calls with the same `idempotency_key` within 24 hours publish it once
        and give the same outcome; without one, each call has its own.
        """
        try:
            return self._run(calls.notify(notification, idempotency_key))
        except FanfareError as error:
            self._options.tell("a notification", error)
            return Outcome("failed", error=error)

    def notify_many(
        self, notifications: Iterable[Notification], *, idempotency_key: str | None = None
    ) -> list[Outcome]:
        """Publish up to 1,000 notifications in one request, each with its own outcome, in the same order.

        One that is refused does not stop the others; with `errors="raise"` it raises PartlyPublishedError at the end.
        """
        batch = list(notifications)
        if not batch:
            return []
        try:
            return self._run(calls.notify_many(batch, idempotency_key))
        except FanfareError as error:
            self._options.tell("notifications", error)
            if isinstance(error, PartlyPublishedError):
                return list(error.outcomes)
            return [Outcome("failed", error=error) for _each in batch]

    def publish(
        self, topic: str, data: object, *, ephemeral: bool = False, idempotency_key: str | None = None
    ) -> Published:
        """Publish live data, any JSON of at most 64 KiB, to a topic: `publish("prices", {"btc": 97000})`.

        What is `ephemeral` is only sent to whoever watches now, and not again when it may have been sent.
        """
        try:
            return self._run(calls.publish(topic, data, ephemeral=ephemeral, idempotency_key=idempotency_key))
        except FanfareError as error:
            self._options.tell("live data", error)
            return Published(f"topic:{topic}", "failed", error=error)

    def mint_token(
        self,
        user: Id,
        *,
        name: str | None = None,
        groups: Ids = (),
        channels: Rights | None = None,
        ttl_seconds: int | None = None,
    ) -> Token:
        """Make a token with which a page of `user` connects. He needs no account with Fanfare.

        Its bearer reads his own notifications, those of `groups` and those for all, and what `channels` says. It lives
        `ttl_seconds`, 1 to 86,400; by default as long as the server says.
        """
        return self._run(calls.mint_token(user, name, groups, channels, ttl_seconds))

    def trail(self, notification_id: str, *, user: Id | None = None) -> Trail:
        """Tell who got a notification, when and how, and why others did not; of one `user` only, if given.

        Ask by `user` about somebody who reads a group, a topic or `all`.
        """
        return self._run(calls.trail(notification_id, user))

    def cancel(self, notification_id: str) -> Withdrawn:
        """Take a notification back: before its time, or out of inboxes. Doing it again answers the same."""
        return self._run(calls.cancel(notification_id))

    def close(self) -> None:
        """Close the connections that are not in use. A call after this opens new ones."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, call: calls.Call[T]) -> T:
        options = self._options
        attempts = Attempts(options.policy, is_repeatable=call.is_repeatable, now=time.monotonic())
        headers = call.headers(options.api_key)
        while True:
            try:
                timeout_seconds = attempts.timeout_seconds(time.monotonic())
                answer = self._connections.exchange(call.method, call.path, headers, call.body, timeout_seconds)
                return call.read(answer)
            except FanfareError as error:
                pause_seconds = attempts.pause_seconds(error, time.monotonic())
                if pause_seconds is None:
                    raise
            time.sleep(pause_seconds)
