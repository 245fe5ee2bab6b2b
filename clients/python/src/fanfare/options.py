"""What clients for threads and for asyncio have in common."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .retry import Policy

if TYPE_CHECKING:
    from .errors import FanfareError

Errors = Literal["log", "raise"]
"""What publishing does when it comes to nothing."""

_log = logging.getLogger("fanfare")


@dataclass(frozen=True)
class Options:
    """How a client behaves, checked."""

    api_key: str = field(repr=False)
    errors: Errors
    policy: Policy

    @classmethod
    def of(cls, api_key: str, errors: Errors, timeout_seconds: float, retries: int, deadline_seconds: float) -> Options:
        """Check what a client is made with; raises ValueError."""
        # A key that was read from a file ends in a new line.
        api_key = api_key.strip()
        if not api_key or not api_key.isascii() or not api_key.isprintable():
            raise ValueError("api_key is the text of an API key, ff_…")
        if errors not in {"log", "raise"}:
            raise ValueError(f"errors is 'log' or 'raise', not {errors!r}")
        return cls(api_key, errors, Policy(retries, timeout_seconds, deadline_seconds))

    def tell(self, what: str, error: FanfareError) -> None:
        """Raise `error`, or log it, as the client is told to."""
        if self.errors == "raise":
            raise error
        _log.error("%s could not be published: %s", what, error)
