"""The client for asyncio, over httpx: `pip install "fanfare-client[async]"`."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import TYPE_CHECKING, TypeVar

import httpx

from . import call as calls
from .address import Address
from .answer import Answer
from .answers import Outcome, Published, Token, Trail, Withdrawn
from .connections import ANSWER_BYTES_MAX, IDLE_MAX, IDLE_SECONDS_MAX
from .errors import (
    CertificateError,
    FanfareError,
    NoAnswerError,
    PartlyPublishedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from .options import Options
from .retry import Attempts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from .notification import Id, Ids, Notification, Rights
    from .options import Errors

T = TypeVar("T")

CONNECTIONS_MAX = 100
"""Connections at once; calls beyond wait for one, within their timeout."""


class AsyncClient:
    """As `Client`, for one event loop. A call that is cancelled may have happened."""

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
        self._host = Address.parse(url).host
        self._http = httpx.AsyncClient(
            base_url=url,
            verify=True if ssl_context is None else ssl_context,
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=IDLE_MAX,
                keepalive_expiry=IDLE_SECONDS_MAX,
            ),
            # A proxy or a password that stands in the environment is not for this server.
            trust_env=False,
        )

    async def notify(self, *, idempotency_key: str | None = None, **notification: Unpack[Notification]) -> Outcome:
        """Publish a notification; see `Client.notify`."""
        try:
            return await self._run(calls.notify(notification, idempotency_key))
        except FanfareError as error:
            self._options.tell("a notification", error)
            return Outcome("failed", error=error)

    async def notify_many(
        self, notifications: Iterable[Notification], *, idempotency_key: str | None = None
    ) -> list[Outcome]:
        """Publish up to 1,000 notifications in one request; see `Client.notify_many`."""
        batch = list(notifications)
        if not batch:
            return []
        try:
            return await self._run(calls.notify_many(batch, idempotency_key))
        except FanfareError as error:
            self._options.tell("notifications", error)
            if isinstance(error, PartlyPublishedError):
                return list(error.outcomes)
            return [Outcome("failed", error=error) for _each in batch]

    async def publish(
        self, topic: str, data: object, *, ephemeral: bool = False, idempotency_key: str | None = None
    ) -> Published:
        """Publish live data to a topic; see `Client.publish`."""
        try:
            return await self._run(calls.publish(topic, data, ephemeral=ephemeral, idempotency_key=idempotency_key))
        except FanfareError as error:
            self._options.tell("live data", error)
            return Published(f"topic:{topic}", "failed", error=error)

    async def mint_token(
        self,
        user: Id,
        *,
        name: str | None = None,
        groups: Ids = (),
        channels: Rights | None = None,
        ttl_seconds: int | None = None,
    ) -> Token:
        """Make a user's token; see `Client.mint_token`."""
        return await self._run(calls.mint_token(user, name, groups, channels, ttl_seconds))

    async def trail(self, notification_id: str, *, user: Id | None = None) -> Trail:
        """Tell who got a notification; see `Client.trail`."""
        return await self._run(calls.trail(notification_id, user))

    async def cancel(self, notification_id: str) -> Withdrawn:
        """Take a notification back; see `Client.cancel`."""
        return await self._run(calls.cancel(notification_id))

    async def aclose(self) -> None:
        """Close all connections. The client cannot be used after this."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _run(self, call: calls.Call[T]) -> T:
        options = self._options
        attempts = Attempts(options.policy, is_repeatable=call.is_repeatable, now=time.monotonic())
        headers = call.headers(options.api_key)
        while True:
            try:
                timeout_seconds = attempts.timeout_seconds(time.monotonic())
                return call.read(await self._exchange(call, headers, timeout_seconds))
            except FanfareError as error:
                pause_seconds = attempts.pause_seconds(error, time.monotonic())
                if pause_seconds is None:
                    raise
            await asyncio.sleep(pause_seconds)

    async def _exchange(self, call: calls.Call[T], headers: dict[str, str], timeout_seconds: float) -> Answer:
        try:
            async with self._http.stream(
                call.method, call.path, content=call.body, headers=headers, timeout=timeout_seconds
            ) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) >= ANSWER_BYTES_MAX:
                        detail = f"the answer has {ANSWER_BYTES_MAX} bytes or more"
                        raise UnexpectedAnswerError(response.status_code, detail)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            distrust = _distrust(error)
            if distrust is not None:
                raise CertificateError(f"the certificate of {self._host}: {distrust.verify_message}") from error
            raise UnreachableError(f"no connection to {self._host}: {error!r}") from error
        except httpx.RequestError as error:
            raise NoAnswerError(f"no answer from {self._host}: {error!r}") from error
        return Answer(
            response.status_code,
            bytes(body),
            response.headers.get("retry-after"),
            response.headers.get("x-request-id"),
        )


def _distrust(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Give the reason why a certificate is not trusted, which httpx has wrapped."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
