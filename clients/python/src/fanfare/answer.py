"""An answer of HTTP, and what it means."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from .errors import ApiError, FanfareError, UnexpectedAnswerError, of_code

_OK = range(200, 300)


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    retry_after: str | None
    request_id: str | None

    def value(self) -> object:
        """Give the JSON of a success.

        Raises the error that a problem document tells, and UnexpectedAnswerError for what is neither.
        """
        try:
            value: object = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if self.status not in _OK:
            raise self._error(value)
        if value is None:
            raise UnexpectedAnswerError(self.status, "the answer is no JSON")
        return value

    def _error(self, value: object) -> FanfareError:
        problem = value if isinstance(value, dict) else {}
        code, detail = problem.get("code"), problem.get("detail")
        if isinstance(code, str) and isinstance(detail, str):
            return self._api_error(code, detail, problem.get("retry_after_ms"))
        return UnexpectedAnswerError(self.status, "no problem document", self._retry_after_seconds())

    def _api_error(self, code: str, detail: str, retry_after_ms: object) -> ApiError:
        if isinstance(retry_after_ms, int):
            # The header counts whole seconds.
            retry_after_seconds: float | None = max(retry_after_ms, 0) / 1_000
        else:
            retry_after_seconds = self._retry_after_seconds()
        return of_code(code, detail, request_id=self.request_id, retry_after_seconds=retry_after_seconds)

    def _retry_after_seconds(self) -> float | None:
        """Read the header: seconds, or a date, as proxies may write it."""
        if self.retry_after is None:
            return None
        if self.retry_after.isdecimal():
            return float(self.retry_after)
        try:
            return max(parsedate_to_datetime(self.retry_after).timestamp() - time.time(), 0.0)
        except ValueError:
            return None
