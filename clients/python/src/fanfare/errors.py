"""What can go wrong: one class for each code of the contract, and those for when no such answer came."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .answers import Outcome

_PROXY_STATUSES = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
"""What a proxy answers in the server's place when the server is away for a moment."""


class FanfareError(Exception):
    """Any failure of a call."""

    is_transient: bool = False
    """Whether the same call may succeed later."""
    nothing_happened: bool = False
    """Whether it is certain that the server did nothing."""
    retry_after_seconds: float | None = None
    """How long the server asked to wait before the same call."""


class InvalidError(FanfareError, ValueError):
    """The call cannot be put into a request: a value is of the wrong kind. Nothing was sent."""

    nothing_happened = True


class UnreachableError(FanfareError):
    """No connection came about. Nothing was sent."""

    is_transient = True
    nothing_happened = True


class CertificateError(UnreachableError):
    """The server's certificate is not trusted. Nothing was sent."""

    is_transient = False


class NoAnswerError(FanfareError):
    """The connection ended, or the time was over, before the answer was there. It may have happened."""

    is_transient = True


class UnexpectedAnswerError(FanfareError):
    """An answer that is not Fanfare's, such as a proxy's error page. It may have happened."""

    def __init__(self, status: int, detail: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(f"status {status}: {detail}")
        self.status = status
        self.is_transient = status in _PROXY_STATUSES
        self.retry_after_seconds = retry_after_seconds


class PartlyPublishedError(FanfareError):
    """Of several notifications at least one was not published; `outcomes` has all, in order."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        errors = [outcome.error for outcome in self.outcomes if outcome.error is not None]
        first = f"; the first: {errors[0]}" if errors else ""
        super().__init__(f"{len(errors)} of {len(self.outcomes)} notifications were not published{first}")
        self.is_transient = any(error.is_transient for error in errors)


class ApiError(FanfareError):
    """The server refused: `code` is the contract's, `detail` says what is wrong, for people."""

    code: str = ""
    http_status: ClassVar[int] = 0
    """The HTTP status that belongs to the code."""

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        if code is not None:
            self.code = code
        super().__init__(f"{self.code}: {detail}")
        self.detail = detail
        self.field = field
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds


class BadJsonError(ApiError):
    """The body is no JSON, or is nested too deeply."""

    code = "bad_json"
    http_status = 400


class BadMessageError(ApiError):
    """A field is missing or wrong."""

    code = "bad_message"
    http_status = 400


class UnknownTypeError(ApiError):
    """Nobody answers this type."""

    code = "unknown_type"
    http_status = 400


class UnauthorizedError(ApiError):
    """The API key is not valid."""

    code = "unauthorized"
    http_status = 401


class ForbiddenError(ApiError):
    """The API key lacks the scope."""

    code = "forbidden"
    http_status = 403


class NotFoundError(ApiError):
    """There is no such thing, or this key may not know of it."""

    code = "not_found"
    http_status = 404


class ConflictError(ApiError):
    """The idempotency key was used for another request in the last 24 hours."""

    code = "conflict"
    http_status = 409


class TooLargeError(ApiError):
    """Over a limit of size or number."""

    code = "too_large"
    http_status = 413


class RateLimitedError(ApiError):
    """Over a rate limit. Nothing has happened."""

    code = "rate_limited"
    http_status = 429
    is_transient = True
    nothing_happened = True


class InternalError(ApiError):
    """A fault of the server's."""

    code = "internal"
    http_status = 500
    is_transient = True


class UnavailableError(ApiError):
    """The service that answers this is away. Nothing has happened."""

    code = "unavailable"
    http_status = 503
    is_transient = True
    nothing_happened = True


class AnswerTimeoutError(ApiError):
    """The server had no answer in time. It may have happened."""

    code = "timeout"
    http_status = 504
    is_transient = True


BY_CODE: dict[str, type[ApiError]] = {
    error.code: error
    for error in (
        BadJsonError,
        BadMessageError,
        UnknownTypeError,
        UnauthorizedError,
        ForbiddenError,
        NotFoundError,
        ConflictError,
        TooLargeError,
        RateLimitedError,
        InternalError,
        UnavailableError,
        AnswerTimeoutError,
    )
}
"""The class of each of the contract's codes."""


def of_code(
    code: str,
    detail: str,
    *,
    field: str | None = None,
    request_id: str | None = None,
    retry_after_seconds: float | None = None,
) -> ApiError:
    """Give the error of `code`; a code of a newer server is an `ApiError` that carries it."""
    return BY_CODE.get(code, ApiError)(
        detail, code=code, field=field, request_id=request_id, retry_after_seconds=retry_after_seconds
    )
