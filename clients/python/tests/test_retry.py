from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import MakeClient, MakeProxy
from proxy import Fault
from server import Server

import fanfare
from fanfare import Client


@pytest.mark.parametrize("fault", ["lose", "cut", "stall"])
def test_a_lost_answer_is_asked_for_again_and_nothing_is_sent_twice(
    client: MakeClient, proxy: MakeProxy, server: Server, user: int, fault: Fault
) -> None:
    lossy = proxy(fault, fault)
    outcome = client(lossy.url, timeout_seconds=0.5).notify(users=user, title="once")
    assert outcome.ok
    assert len(lossy.seen) == 3
    assert len({seen.key for seen in lossy.seen}) == 1
    assert [item["id"] for item in server.inbox(user)] == [outcome.id]


def test_a_batch_whose_answer_is_lost_is_not_sent_twice(
    client: MakeClient, proxy: MakeProxy, server: Server, user: int
) -> None:
    outcomes = client(proxy("lose").url).notify_many([{"users": user, "title": str(each)} for each in range(50)])
    assert [item["id"] for item in server.inbox(user)] == [outcome.id for outcome in reversed(outcomes)]


def test_each_call_has_a_key_of_its_own(client: MakeClient, proxy: MakeProxy, server: Server, user: int) -> None:
    through = proxy()
    for _each in range(2):
        client(through.url).notify(users=user, title="same")
    assert None not in {seen.key for seen in through.seen}
    assert len(server.inbox(user)) == 2


def test_what_may_have_been_sent_and_cannot_be_recognised_is_not_sent_again(
    client: MakeClient, proxy: MakeProxy
) -> None:
    lossy = proxy("lose")
    with pytest.raises(fanfare.NoAnswerError):
        client(lossy.url).publish("typing", {"who": 7}, ephemeral=True)
    assert len(lossy.seen) == 1


@pytest.mark.parametrize(("fault", "wait_seconds"), [("busy", 1.0), ("busy_by_date", 0.9)])
def test_a_server_is_left_alone_as_long_as_it_asks_for(
    client: MakeClient, proxy: MakeProxy, server: Server, user: int, fault: Fault, wait_seconds: float
) -> None:
    busy = proxy(fault)
    assert client(busy.url).notify(users=user, title="t").ok
    first, second = busy.seen
    assert wait_seconds <= second.at - first.at < wait_seconds + 2
    assert len(server.inbox(user)) == 1


def test_the_wait_that_fanfare_itself_asks_for_is_kept(client: MakeClient, server: Server, user: int) -> None:
    asks: list[float] = []
    for _again in range(3):
        server.request("POST", "/v1/auth/revoke", server.api_key, {"user": str(user)})
    try:
        client(retries=0).mint_token(user)
    except fanfare.RateLimitedError as error:
        asks.append(error.retry_after_seconds or 0.0)
    assert asks
    assert asks[0] > 0
    assert client().mint_token(user).access_token


def test_no_time_is_spent_on_a_wait_past_the_deadline(client: MakeClient, proxy: MakeProxy, user: int) -> None:
    busy = proxy("busy")
    began = time.monotonic()
    with pytest.raises(fanfare.UnexpectedAnswerError) as gave_up:
        client(busy.url, deadline_seconds=0.9).notify(users=user, title="t")
    assert gave_up.value.retry_after_seconds == 1.0
    assert time.monotonic() - began < 0.9
    assert len(busy.seen) == 1


def test_what_does_not_pass_is_not_tried_again(client: MakeClient, proxy: MakeProxy, user: int) -> None:
    through = proxy()
    with pytest.raises(fanfare.BadMessageError):
        client(through.url).notify(users=user)
    redirecting = proxy("redirect")
    with pytest.raises(fanfare.UnexpectedAnswerError, match="status 307"):
        client(redirecting.url).notify(users=user, title="t")
    assert (len(through.seen), len(redirecting.seen)) == (1, 1)


def test_retries_are_bounded(client: MakeClient, proxy: MakeProxy, user: int) -> None:
    down = proxy(*["bad_gateway"] * 9)
    with pytest.raises(fanfare.UnexpectedAnswerError, match="status 502"):
        client(down.url, retries=2).notify(users=user, title="t")
    assert len(down.seen) == 3


def test_a_server_that_is_not_there_is_told_from_one_that_does_not_answer(client: MakeClient) -> None:
    with pytest.raises(fanfare.UnreachableError):
        client("http://127.0.0.1:1", retries=1).notify(users=1, title="t")


def test_a_call_outlives_a_restart_of_the_server(own_server: Server) -> None:
    # Long enough for a start on a busy machine.
    options: dict[str, Any] = {"errors": "raise", "retries": 100, "deadline_seconds": 30}
    with Client(own_server.url, own_server.api_key, **options) as client, ThreadPoolExecutor(1) as threads:
        first = client.notify(users="7", title="first")
        own_server.kill()
        second = threads.submit(client.notify, users="7", title="second")
        own_server.start_again()
        assert [item["id"] for item in own_server.inbox("7")][-1] == first.id
        assert second.result().ok
    assert [item["id"] for item in own_server.inbox("7")] == [second.result().id, first.id]
