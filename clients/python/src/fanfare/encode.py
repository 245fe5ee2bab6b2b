"""Values of Python as the contract's JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from .errors import InvalidError
from .notification import FIELDS


def to_bytes(value: object) -> bytes:
    """Write JSON.

    Raises InvalidError for what JSON has no word for, such as NaN, bytes or half a character.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidError(f"cannot be written as JSON: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def id_of(value: object, what: str) -> str:
    """Give an id as text; raises InvalidError for None and whatever else is no id by mistake."""
    if isinstance(value, bool) or not isinstance(value, str | int | UUID):
        raise InvalidError(f"{what}: an id is text, a whole number or a UUID, not {value!r:.60}")
    return str(value)


def ids_of(value: object, what: str) -> list[str]:
    """Give one id or several as a list."""
    if isinstance(value, str | int | UUID):
        return [id_of(value, what)]
    if not isinstance(value, Iterable):
        raise InvalidError(f"{what}: give an id or several, not {value!r:.60}")
    ids = [id_of(each, what) for each in value]
    # A set has another order in another process, and the same idempotency key needs the same bytes.
    return sorted(ids) if isinstance(value, set | frozenset) else ids


def notification(fields: Mapping[str, object]) -> dict[str, object]:
    """Give the object of a request for the `fields` of a `Notification`; those that are None are left out.

    Raises TypeError for a name that no notification has, and InvalidError for a value of the wrong kind.
    """
    unknown = sorted(fields.keys() - FIELDS)
    if unknown:
        raise TypeError(f"a notification has no {', '.join(unknown)}")
    given = {name: value for name, value in fields.items() if value is not None}
    to: dict[str, object] = {}
    for name in ("users", "groups", "topics"):
        if name in given:
            to[name] = ids_of(given.pop(name), name)
    if "all" in given:
        to["all"] = given.pop("all")
    for name in ("title", "content"):
        # A translated text of Django's is lazy, and becomes text now.
        if name in given:
            given[name] = str(given[name])
    if "link_id" in given:
        given["link_id"] = id_of(given["link_id"], "link_id")
    actor = given.get("actor")
    if isinstance(actor, Mapping) and actor.get("id") is not None:
        given["actor"] = {**actor, "id": id_of(actor["id"], "actor.id")}
    deliver_at = given.get("deliver_at")
    if isinstance(deliver_at, datetime) and deliver_at.utcoffset() is None:
        raise InvalidError("deliver_at: a time without a zone names no moment")
    return {"to": to, **given}
