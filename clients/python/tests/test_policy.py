from __future__ import annotations

import pytest

import fanfare
from fanfare.errors import FanfareError
from fanfare.retry import Attempts, Policy

ENDLESS = 1e9


def pauses(error: FanfareError, *, luck: float, count: int = 8) -> list[float | None]:
    policy = Policy(retries=count, timeout_seconds=1, deadline_seconds=ENDLESS, random=lambda: luck)
    attempts = Attempts(policy, is_repeatable=True, now=0)
    return [attempts.pause_seconds(error, 0) for _each in range(count)]


def test_pauses_double_up_to_a_bound_and_are_jittered_down_to_nothing() -> None:
    error = fanfare.UnreachableError()
    assert pauses(error, luck=1) == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2, 2, 2])
    assert pauses(error, luck=0) == [0] * 8


def test_jitter_is_added_to_what_the_server_asks_for() -> None:
    error = fanfare.RateLimitedError("slow", retry_after_seconds=3)
    assert pauses(error, luck=0, count=2) == [3, 3]
    assert pauses(error, luck=1, count=2) == pytest.approx([3.1, 3.2])


@pytest.mark.parametrize(
    ("error", "repeatable", "else_"),
    [
        (fanfare.UnreachableError(), True, True),
        (fanfare.NoAnswerError(), True, False),
        (fanfare.UnavailableError(""), True, True),
        (fanfare.RateLimitedError(""), True, True),
        (fanfare.AnswerTimeoutError(""), True, False),
        (fanfare.InternalError(""), True, False),
        (fanfare.UnexpectedAnswerError(503, ""), True, False),
        (fanfare.UnexpectedAnswerError(500, ""), False, False),
        (fanfare.UnexpectedAnswerError(200, ""), False, False),
        (fanfare.CertificateError(), False, False),
        (fanfare.ConflictError(""), False, False),
        (fanfare.UnauthorizedError(""), False, False),
        (fanfare.ApiError("", code="of_a_newer_server"), False, False),
    ],
)
def test_what_may_have_happened_is_repeated_only_where_it_happens_once(
    error: FanfareError,
    repeatable: bool,
    else_: bool,
) -> None:
    policy = Policy(retries=1, timeout_seconds=1, deadline_seconds=9)
    for is_repeatable, expected in ((True, repeatable), (False, else_)):
        pause = Attempts(policy, is_repeatable=is_repeatable, now=0).pause_seconds(error, 0)
        assert (pause is not None) is expected


def test_the_last_attempt_waits_no_longer_than_the_deadline() -> None:
    attempts = Attempts(Policy(retries=9, timeout_seconds=5, deadline_seconds=7), is_repeatable=True, now=100)
    assert attempts.timeout_seconds(100) == 5
    assert attempts.timeout_seconds(105) == 2
    assert attempts.timeout_seconds(200) > 0
    assert attempts.pause_seconds(fanfare.NoAnswerError(), 107) is None
