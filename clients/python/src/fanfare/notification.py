"""A notification, as keyword arguments and as an entry of a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypedDict
from uuid import UUID

Id = str | int | UUID
"""An id of the caller's own: 1 to 128 of `A-Z a-z 0-9 _ - . @ :` as text."""

Ids = Id | Iterable[Id]
"""One id or several."""

Level = Literal["info", "success", "warning", "error"]


class _Label(TypedDict):
    label: str


class Action(_Label, total=False):
    """Something to do about a notification: a `label`, and a `link` as that of a notification."""

    id: str
    link: str


class Actor(TypedDict, total=False):
    """Who did what is told; `avatar` is an address as `link` is."""

    id: Id
    name: str
    avatar: str


class Notification(TypedDict, total=False):
    """What a notification says and whom it is for: at least one addressee, and `title`, `content` or `data`.

    Addressees are at most 1,000 in all. A group, a topic and `all` are one each, however many read them.

    - `title`: at most 256 characters; `content`: at most 32,768. Both are plain text.
    - `priority`: 1 (lowest) to 5; 3 when left out. `level`: `info` when left out.
    - `link`: an address that begins with `https://`, `http://` or a single `/`.
    - `data`: any JSON; readers get it as `extra`. Times, UUIDs and decimals become text.
    - `actions`: at most 3.
    - `collapse_key`: of those with the same one on a channel, only the newest is kept.
    - `thread_key`: those with the same one belong together.
    - `ttl_seconds`: it vanishes so long after it is due; at most 366 days.
    - `deliver_at`: when it is sent, at most a year ahead; a time with a zone.
    - `ack`: the least that must be true before it is answered.
    """

    users: Ids
    groups: Ids
    topics: Ids
    all: bool
    title: str
    content: str
    level: Level
    priority: int
    msg_type: str
    link: str
    link_type: str
    link_id: Id
    actions: Sequence[Action]
    actor: Actor
    thread_key: str
    collapse_key: str
    data: object
    ttl_seconds: int
    deliver_at: datetime
    ack: Literal["accepted", "replicated", "durable"]


FIELDS = frozenset(Notification.__annotations__)
"""The names that a notification may have."""

Rights = Mapping[str, Literal["r", "w", "rw"]]
"""Topics (a final `*` stands for any rest) and what a user may do there: `{"topic:news.*": "r"}`."""
