from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from conftest import MakeClient
from server import Page, Server

import fanfare
from fanfare import Client, Notification
from fanfare.aio import AsyncClient

UTC = timezone.utc


def test_a_notification_arrives_with_everything_that_was_said(client: MakeClient, server: Server, user: int) -> None:
    group = f"ops-{user}"
    outcome = client().notify(
        users=[user],
        groups=group,
        title="Zürich 构建",
        content="Done.",
        level="warning",
        priority=5,
        msg_type="build",
        link="/builds/7",
        link_type="build",
        link_id=7,
        actions=[{"label": "Open", "link": "/builds/7"}],
        actor={"id": 9, "name": "CI"},
        thread_key="build",
        data={"took": Decimal("1.5"), "run": UUID(int=7), "at": datetime(2026, 1, 2, tzinfo=UTC)},
        ttl_seconds=60,
    )
    assert outcome.ok
    assert outcome.status == "durable"
    assert [(each.channel, each.n) for each in outcome.appended] == [(f"user:{user}", 1), (f"group:{group}", 1)]
    (item,) = server.inbox(user)
    assert [other["id"] for other in server.inbox(f"member-{user}", group)] == [outcome.id]
    expected = {
        "id": outcome.id,
        "title": "Zürich 构建",
        "content": "Done.",
        "level": "warning",
        "priority": 5,
        "msg_type": "build",
        "link": "/builds/7",
        "link_type": "build",
        "link_id": "7",
        "actions": [{"label": "Open", "link": "/builds/7"}],
        "actor": {"id": "9", "name": "CI"},
        "thread_key": "build",
        "extra": {"took": "1.5", "run": str(UUID(int=7)), "at": "2026-01-02T00:00:00+00:00"},
    }
    assert item.items() >= expected.items()


def test_ids_may_be_text_numbers_or_uuids_alone_or_several(client: MakeClient, user: int) -> None:
    key = uuid4()
    for users, channels in [
        (user, [f"user:{user}"]),
        (f"u-{user}", [f"user:u-{user}"]),
        (key, [f"user:{key}"]),
        ((each for each in (user, key)), [f"user:{user}", f"user:{key}"]),
    ]:
        outcome = client().notify(users=cast("Any", users), title="t")
        assert [each.channel for each in outcome.appended] == channels


def test_what_is_no_id_is_never_sent(client: MakeClient) -> None:
    for users in (None, True, 1.5, object()):
        with pytest.raises(fanfare.InvalidError, match="users: an id is"):
            client().notify(users=[users], title="t")  # type: ignore[list-item]


def test_a_misspelt_name_is_told_at_once_also_when_errors_are_logged(client: MakeClient, user: int) -> None:
    with pytest.raises(TypeError, match="a notification has no tilte"):
        client(errors="log").notify(users=user, tilte="t")  # type: ignore[call-arg]


def test_each_of_many_has_its_own_outcome(client: MakeClient, server: Server, user: int) -> None:
    many = [
        Notification(users=user, title="first"),
        Notification(users=user, title="second", priority=9),
        Notification(users=user, title="third"),
    ]
    with pytest.raises(fanfare.PartlyPublishedError, match=r"1 of 3 .* priority: must be") as raised:
        client().notify_many(many)
    assert [outcome.status for outcome in raised.value.outcomes] == ["durable", "refused", "durable"]
    error = raised.value.outcomes[1].error
    assert isinstance(error, fanfare.BadMessageError)
    assert error.field == "priority"
    assert [outcome.ok for outcome in client(errors="log").notify_many(many)] == [True, False, True]
    assert [item["title"] for item in server.inbox(user)] == ["third", "first", "third", "first"]
    assert client().notify_many([]) == []


def test_the_same_key_publishes_once(client: MakeClient, server: Server, user: int) -> None:
    key = f"invoice-{user}-{uuid4()}"
    ids = [str(user), *(f"{user}.{each}" for each in range(100))]
    first = client().notify(users=set(ids), title="t", idempotency_key=key)
    assert client().notify(users={*ids[::-1]}, title="t", idempotency_key=key) == first
    assert len(server.inbox(user)) == 1
    with pytest.raises(fanfare.ConflictError):
        client().notify(users=user, title="other", idempotency_key=key)
    with pytest.raises(fanfare.InvalidError, match="idempotency_key"):
        client().notify(users=user, title="t", idempotency_key="a\r\nb")


def test_live_data_is_stored_or_ephemeral(client: MakeClient, server: Server, user: int) -> None:
    topic = f"prices.{user}"
    token = server.token(user, channels={f"topic:{topic}": "r"})
    with Page.of(server, token, f"topic:{topic}") as page:
        published = client().publish(topic, {"btc": 97_000})
        assert (published.channel, published.n, published.ok) == (f"topic:{topic}", 1, True)
        frame = page.until("publication")
        assert (frame["data"], frame["cursor"]) == ({"btc": 97_000}, published.cursor)
        assert client().publish(topic, [1], ephemeral=True).n is None
        frame = page.until("publication")
        assert (frame["data"], frame.get("cursor")) == ([1], None)
    with pytest.raises(fanfare.InvalidError, match="give the name alone, 'x'"):
        client().publish("topic:x", {})


def test_a_token_opens_the_users_inbox_and_is_not_shown(client: MakeClient, server: Server, user: int) -> None:
    outcome = client().notify(groups=f"g{user}", title="t")
    token = client().mint_token(user, name="Alice", groups=[f"g{user}"], ttl_seconds=60)
    assert token.expires_in == 60
    items = server.request("GET", "/v1/inbox", token.access_token)["items"]
    assert outcome.id in [item["id"] for item in items]
    assert token.access_token not in repr(token)


def test_the_trail_says_who_got_it_and_who_did_not(client: MakeClient, server: Server, user: int) -> None:
    with Page.of(server, server.token(user), f"user:{user}") as page:
        outcome = client().notify(users=[user, f"away-{user}"], title="t")
        assert outcome.id is not None
        page.until("notification")
        trail = client().trail(outcome.id)
    assert (trail.id, trail.status) == (outcome.id, "sent")
    assert abs(datetime.now(UTC) - trail.accepted_at) < timedelta(minutes=1)
    here, away = trail.addressees
    assert [(each.channel, each.how) for each in here.delivered] == [(f"user:{user}", "live")]
    assert away.not_delivered is not None
    assert away.not_delivered.code == "never_connected"
    assert [each.user for each in client().trail(outcome.id, user=user).addressees] == [str(user)]


def test_what_was_sent_or_waits_can_be_taken_back(client: MakeClient, server: Server, user: int) -> None:
    sent = client().notify(users=user, title="t")
    later = client().notify(users=user, title="t", deliver_at=datetime.now(UTC) + timedelta(hours=1))
    assert (sent.status, later.status) == ("durable", "scheduled")
    assert client().cancel(str(sent.id)).status == "retracted"
    for _again in range(2):
        assert client().cancel(str(later.id)).status == "cancelled"
    assert server.inbox(user) == []
    with pytest.raises(fanfare.InvalidError, match="without a zone"):
        client().notify(users=user, title="t", deliver_at=datetime.now())


def test_a_key_may_be_read_from_a_file_as_it_is(client: MakeClient, server: Server, user: int) -> None:
    assert client(api_key=f"{server.api_key}\n").notify(users=user, title="t").ok


def test_a_refusal_is_the_error_of_its_code(client: MakeClient, server: Server, user: int) -> None:
    with pytest.raises(fanfare.UnauthorizedError) as refused:
        client(api_key="ff_nobody").notify(users=user, title="t")
    assert refused.value.request_id
    assert "ff_nobody" not in str(refused.value)
    with pytest.raises(fanfare.ForbiddenError, match="notifications:publish"):
        client(api_key=server.api_key_for("tokens:mint")).notify(users=user, title="t")
    with pytest.raises(fanfare.NotFoundError):
        client().trail("../users")
    with pytest.raises(fanfare.BadMessageError, match="title: has more than 256 characters"):
        client().notify(users=user, title="x" * 257)
    with pytest.raises(fanfare.BadMessageError, match="names nobody"):
        client().notify(users=[], title="t")
    with pytest.raises(fanfare.TooLargeError):
        client().publish("large", "x" * 70_000)


def test_a_value_that_is_no_json_is_never_sent(client: MakeClient, user: int) -> None:
    for data in (b"bytes", float("nan"), {1, 2}, "\ud800", {(1, 2): 3}):
        with pytest.raises(fanfare.InvalidError, match="cannot be written as JSON"):
            client().notify(users=user, data=data)


def test_errors_are_logged_unless_they_shall_be_raised(
    client: MakeClient, server: Server, user: int, caplog: pytest.LogCaptureFixture
) -> None:
    quiet = client(errors="log")
    outcome = quiet.notify(users=user, title="t", priority=9)
    assert (outcome.ok, outcome.status, outcome.id) == (False, "failed", None)
    assert isinstance(outcome.error, fanfare.BadMessageError)
    assert not quiet.publish("topic:x", {}).ok
    assert not quiet.notify(users=user, data=float("nan")).ok
    assert [each.ok for each in client(api_key="ff_no", errors="log").notify_many([{"users": user}] * 2)] == [False] * 2
    records = [record for record in caplog.records if record.name == "fanfare"]
    assert [record.levelno for record in records] == [logging.ERROR] * 4
    assert records[0].getMessage() == (
        "a notification could not be published: bad_message: priority: must be a whole number from 1 to 5"
    )
    assert server.api_key not in caplog.text
    # Whoever asks for something needs to know that it is not there.
    with pytest.raises(fanfare.NotFoundError):
        quiet.trail("none")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_that_makes_no_sense_is_not_made(kind: Any) -> None:
    for url in ("fanfare.example.com", "ftp://x", "http://", "http://me:secret@x", "http://x?y=1"):
        with pytest.raises(ValueError, match="url"):
            kind(url, "ff_x")
    for options in ({"retries": -1}, {"timeout_seconds": 0}, {"errors": "ignore"}):
        with pytest.raises(ValueError, match=next(iter(options))):
            kind("http://x", "ff_x", **options)
    for key in ("", " \n", "ff_\nx", "ff_ü"):
        with pytest.raises(ValueError, match="api_key"):
            kind("http://x", key)
