"""What the server answers. Times are in UTC."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from .decode import LOCAL
from .errors import FanfareError


@dataclass(frozen=True)
class Appended:
    """One append: the entry `n` of `channel`."""

    channel: str
    n: int


@dataclass(frozen=True)
class Outcome:
    """What became of a notification.

    `status` is what is true of it now: `accepted`, `replicated` or `durable` (it is stored, and every session gets
    it), `scheduled` (it waits for its time), `cancelled`, `refused` (change it) or `failed` (it was not published, or
    it is not known; `error` says why).
    """

    status: str
    id: str | None = None
    appended: tuple[Appended, ...] = ()
    error: FanfareError | None = dataclasses.field(default=None, metadata=LOCAL)

    @property
    def ok(self) -> bool:
        """Whether it is on its way."""
        return self.error is None


@dataclass(frozen=True)
class Published:
    """Where live data stands: the entry `n` of `channel`. What is ephemeral has neither `n` nor `cursor`."""

    channel: str
    status: str
    n: int | None = None
    cursor: str | None = None
    error: FanfareError | None = dataclasses.field(default=None, metadata=LOCAL)

    @property
    def ok(self) -> bool:
        """Whether it was published."""
        return self.error is None


@dataclass(frozen=True)
class Token:
    """A user's token, which lives `expires_in` seconds. Its text is not shown by `repr`."""

    access_token: str = dataclasses.field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class WithdrawnPlace:
    """What became of a withdrawn notification on one channel: `cancelled`, `retracted` or `gone`."""

    channel: str
    status: str
    n: int | None = None


@dataclass(frozen=True)
class Withdrawn:
    """What became of a notification that was taken back.

    `status` is `cancelled` (nobody got it), `retracted` (it had been sent) or `gone` (it had vanished already).
    """

    id: str
    status: str
    channels: tuple[WithdrawnPlace, ...]


@dataclass(frozen=True)
class Receipt:
    """To how many sessions one gateway wrote it."""

    node: str
    at: datetime
    sessions: int


@dataclass(frozen=True)
class Place:
    """One channel that a notification went to."""

    channel: str
    status: str
    live_sessions: int
    receipts: tuple[Receipt, ...]
    n: int | None = None
    stored_at: datetime | None = None
    collapsed_by: str | None = None
    collapsed_at: datetime | None = None


@dataclass(frozen=True)
class Delivered:
    """One session it was written to; `how` is `live` or `replay`. `at` comes with the gateway's receipt."""

    channel: str
    session: str
    node: str
    path: str
    how: str
    at: datetime | None = None


@dataclass(frozen=True)
class NotDelivered:
    """Why a user did not get it, as a code and in words."""

    code: str
    reason: str


@dataclass(frozen=True)
class Addressee:
    """One user, and whether he got it."""

    user: str
    delivered: tuple[Delivered, ...]
    read: bool
    not_delivered: NotDelivered | None = None
    acked_at: datetime | None = None


@dataclass(frozen=True)
class Ack:
    """One acknowledgement."""

    user: str
    session: str
    at: datetime


@dataclass(frozen=True)
class Trail:
    """What is known of a notification: who got it, when and how, and why others did not.

    `status` is `scheduled`, `sent`, `expired`, `cancelled` or `retracted`.
    """

    id: str
    status: str
    accepted_at: datetime
    channels: tuple[Place, ...]
    channels_left_out: int
    addressees: tuple[Addressee, ...]
    acked: tuple[Ack, ...]
    acked_more: bool
    deliver_at: datetime | None = None
    expires_at: datetime | None = None
    withdrawn_at: datetime | None = None
    collapse_key: str | None = None
