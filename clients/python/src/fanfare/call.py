"""The calls of the API: what is sent, whether it may be sent again, and how its answer is read."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from . import encode
from .answers import Outcome, Published, Token, Trail, Withdrawn
from .decode import decode
from .errors import InvalidError, PartlyPublishedError, UnexpectedAnswerError, of_code
from .version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from .answer import Answer
    from .notification import Id, Ids, Notification, Rights

T = TypeVar("T")

KEY_BYTES_MAX = 128
"""Longest idempotency key, by the contract."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call. Its bytes are made once, so that every attempt sends the same."""

    method: str
    path: str
    shape: Callable[[object], T]
    body: bytes | None = None
    idempotency_key: str | None = None
    is_repeatable: bool = True
    """Whether it happens once however often it is sent."""

    def headers(self, api_key: str) -> dict[str, str]:
        """Give the headers of every attempt."""
        headers = {
            "Authorization": f"Bearer {api_key}",
            "User-Agent": f"fanfare-client/{__version__} (Python)",
            "Accept": "application/json",
        }
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.idempotency_key is not None:
            headers["Idempotency-Key"] = self.idempotency_key
        return headers

    def read(self, answer: Answer) -> T:
        """Give what `answer` says, or raise the error it tells."""
        value = answer.value()
        try:
            return self.shape(value)
        except ValueError as error:
            raise UnexpectedAnswerError(answer.status, str(error)) from error


def _as(shape: type[T]) -> Callable[[object], T]:
    return lambda value: decode(shape, value)


def _key(given: str | None) -> str:
    if given is None:
        return uuid.uuid4().hex
    if not given.isascii() or not given.isprintable() or not 1 <= len(given) <= KEY_BYTES_MAX:
        raise InvalidError(f"idempotency_key: 1 to {KEY_BYTES_MAX} printable ASCII characters")
    return given


def notify(notification: Mapping[str, object], idempotency_key: str | None) -> Call[Outcome]:
    """Publish one notification."""
    body = encode.to_bytes(encode.notification(notification))
    return Call("POST", "/v1/notifications", _as(Outcome), body, _key(idempotency_key))


def notify_many(notifications: Iterable[Notification], idempotency_key: str | None) -> Call[list[Outcome]]:
    """Publish several notifications at once."""
    body = encode.to_bytes([encode.notification(each) for each in notifications])
    return Call("POST", "/v1/notifications", _outcomes, body, _key(idempotency_key))


def _outcomes(value: object) -> list[Outcome]:
    if not isinstance(value, list):
        raise ValueError("the answer is no list")
    outcomes = [_outcome(each) for each in value]
    if not all(outcome.ok for outcome in outcomes):
        raise PartlyPublishedError(outcomes)
    return outcomes


def _outcome(value: Any) -> Outcome:
    outcome = decode(Outcome, value)
    problem = value.get("problem")
    if problem is None:
        return outcome
    error = of_code(str(problem["code"]), str(problem["detail"]), field=problem.get("field"))
    return dataclasses.replace(outcome, error=error)


def publish(topic: str, data: object, *, ephemeral: bool, idempotency_key: str | None) -> Call[Published]:
    """Publish live data to a topic."""
    body: dict[str, object] = {"channel": topic_channel(topic), "data": data}
    if ephemeral:
        body["ephemeral"] = True
    # What nobody stores cannot be recognised when it comes again while the first is under way.
    return Call(
        "POST",
        "/v1/publish",
        _as(Published),
        encode.to_bytes(body),
        _key(idempotency_key),
        is_repeatable=not ephemeral,
    )


def topic_channel(topic: str) -> str:
    """Give the channel of a topic's name."""
    if topic.startswith("topic:"):
        raise InvalidError(f"topic: give the name alone, {topic.removeprefix('topic:')!r}")
    return f"topic:{topic}"


def mint_token(
    user: Id, name: str | None, groups: Ids, channels: Rights | None, ttl_seconds: int | None
) -> Call[Token]:
    """Make a user's token."""
    body = {
        "user": encode.id_of(user, "user"),
        "name": None if name is None else str(name),
        "groups": encode.ids_of(groups, "groups"),
        "channels": dict(channels or {}),
        "ttl_seconds": ttl_seconds,
    }
    given = {field: value for field, value in body.items() if value is not None}
    return Call("POST", "/v1/auth/tokens", _as(Token), encode.to_bytes(given))


def trail(notification_id: str, user: Id | None) -> Call[Trail]:
    """Follow a notification."""
    query = "" if user is None else "?" + urlencode({"user": encode.id_of(user, "user")})
    return Call("GET", _path_of(notification_id) + query, _as(Trail))


def cancel(notification_id: str) -> Call[Withdrawn]:
    """Take a notification back."""
    return Call("DELETE", _path_of(notification_id), _as(Withdrawn))


def _path_of(notification_id: str) -> str:
    return f"/v1/notifications/{quote(notification_id, safe='')}"
