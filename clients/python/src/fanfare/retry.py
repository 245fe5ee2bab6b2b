"""When a call is made again: only where it cannot happen twice, later and later, and never past its deadline."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .errors import FanfareError

FIRST_PAUSE_SECONDS = 0.1
"""Bound of the first pause: a server that restarts is back in about so long."""
PAUSE_SECONDS_MAX = 2.0
"""Bound of every pause, so that a few of them fit into a deadline."""


@dataclass(frozen=True)
class Policy:
    """How patient a client is."""

    retries: int
    timeout_seconds: float
    deadline_seconds: float
    random: Callable[[], float] = field(default=random.random)

    def __post_init__(self) -> None:
        if self.retries < 0 or self.timeout_seconds <= 0 or self.deadline_seconds <= 0:
            raise ValueError("retries is 0 or more; timeout_seconds and deadline_seconds are more than 0")


class Attempts:
    """The attempts of one call, which begins at `now`, a time in seconds of a clock that never goes back."""

    def __init__(self, policy: Policy, *, is_repeatable: bool, now: float) -> None:
        self._policy = policy
        self._is_repeatable = is_repeatable
        self._ends = now + policy.deadline_seconds
        self._failed = 0

    def timeout_seconds(self, now: float) -> float:
        """How long the next attempt may wait for the server."""
        # Zero would mean not to wait at all, which is another thing to a socket than a deadline that is near.
        return max(min(self._policy.timeout_seconds, self._ends - now), 0.001)

    def pause_seconds(self, error: FanfareError, now: float) -> float | None:
        """How long to wait before the next attempt; None: there is none, and `error` is the outcome."""
        self._failed += 1
        is_safe = self._is_repeatable or error.nothing_happened
        if self._failed > self._policy.retries or not error.is_transient or not is_safe:
            return None
        # Full jitter, so that those who failed together do not come back together; never before the server wants it.
        ceiling = min(FIRST_PAUSE_SECONDS * 2.0 ** (self._failed - 1), PAUSE_SECONDS_MAX)
        pause = (error.retry_after_seconds or 0.0) + self._policy.random() * ceiling
        return pause if now + pause < self._ends else None
