from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.exceptions import InvalidChannelLayerError, MessageTooLarge
from channels.layers import channel_layers, get_channel_layer
from conftest import MakeProxy
from django.test import override_settings
from server import Page, Server

import fanfare
from fanfare.channels import NotCarriedError
from fanfare.group_map import GroupMap, Target

MAP = {
    "notifications_user_{id}": "user:{id}",
    "team_{org}_{team}": "group:{org}.{team}",
    "announcements": "all",
    "prices_{of}": "topic:prices.{of}",
}


@pytest.fixture
def layers(server: Server) -> Any:
    """Set CHANNEL_LAYERS to Fanfare, made with these settings, before a layer in memory."""
    overrides: list[Any] = []
    made: list[Any] = []

    def configure(**config: Any) -> Any:
        config = {"url": server.url, "api_key": server.api_key, "map": MAP, "errors": "raise", **config}
        settings = {
            "default": {"BACKEND": "fanfare.channels.FanfareChannelLayer", "CONFIG": config},
            "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
        }
        overrides.append(override_settings(CHANNEL_LAYERS=settings))
        overrides[-1].enable()
        channel_layers.backends.clear()
        made.append(get_channel_layer())
        return made[-1]

    yield configure
    for layer in made:
        async_to_sync(layer.close)()
    for override in reversed(overrides):
        override.disable()
    channel_layers.backends.clear()


def event(**data: Any) -> dict[str, Any]:
    return {"type": "notification_message", "message": "新消息", "data": data}


def test_the_call_that_is_there_reaches_the_users_page(layers: Any, server: Server, user: int) -> None:
    channel_layer = layers()
    data = {
        "id": 4711,
        "title": "审批",
        "content": "请假",
        "msg_type": "workflow",
        "link_type": "leave",
        "link_id": 42,
        "created_at": "2026-01-02 03:04:05",
    }
    with Page.of(server, server.token(user), f"user:{user}") as page:
        async_to_sync(channel_layer.group_send)(f"notifications_user_{user}", event(**data))
        frame = page.until("notification")
    got = frame["data"]
    said = {"title": "审批", "content": "请假", "msg_type": "workflow", "link_type": "leave", "link_id": "42"}
    assert got.items() >= said.items()
    assert got["extra"] == {"id": 4711, "created_at": "2026-01-02 03:04:05", "message": "新消息"}


def test_groups_and_everybody_are_reached_once(layers: Any, server: Server, user: int) -> None:
    channel_layer = layers()
    for group in (f"team_{user}_ops", "announcements"):
        async_to_sync(channel_layer.group_send)(group, event(title=f"to {group} {user}"))
    titles = {item["title"]: item["channel"] for item in server.inbox(user, f"{user}.ops", everybodys=True)}
    assert titles[f"to team_{user}_ops {user}"] == f"group:{user}.ops"
    assert titles[f"to announcements {user}"] == "all"


def test_what_an_event_leaves_out_or_calls_otherwise_does_not_stop_it(layers: Any, server: Server, user: int) -> None:
    channel_layer = layers()
    group = f"notifications_user_{user}"
    for each in (
        {"type": "notification.message", "message": "only this"},
        {"type": "notification_message", "message": "m", "data": ["a", "list"]},
        event(title="", link_id=None, level="urgent", priority=0),
        event(title="t", level="warning"),
    ):
        async_to_sync(channel_layer.group_send)(group, each)
    known, unknown, listed, bare = server.inbox(user)
    assert (bare["title"], bare.get("extra")) == ("only this", None)
    assert (listed["title"], listed["extra"]) == ("m", {"data": ["a", "list"]})
    assert (unknown["title"], unknown["level"], unknown["priority"]) == ("新消息", "info", 3)
    assert unknown["extra"] == {"level": "urgent", "priority": 0}
    assert known["level"] == "warning"


def test_any_event_to_a_topic_is_live_data(layers: Any, server: Server, user: int) -> None:
    channel_layer = layers()
    sent = {"type": "price.changed", "price": 7}
    token = server.token(user, channels={"topic:prices.*": "r"})
    with Page.of(server, token, f"topic:prices.{user}") as page:
        async_to_sync(channel_layer.group_send)(f"prices_{user}", sent)
        assert page.until("publication")["data"] == sent


def test_everything_else_goes_to_the_fallback(layers: Any, server: Server, user: int) -> None:
    channel_layer = layers(fallback="memory")

    async def converse() -> list[Any]:
        channel = await channel_layer.new_channel()
        received = []
        for group in ("chat_7", f"notifications_user_{user}"):
            await channel_layer.group_add(group, channel)
            await channel_layer.group_send(group, {"type": "chat.message", "to": group})
            received.append(await channel_layer.receive(channel))
        await channel_layer.group_discard("chat_7", channel)
        await channel_layer.group_send("chat_7", {"type": "chat.message"})
        await channel_layer.send(channel, {"type": "direct"})
        received.append(await channel_layer.receive(channel))
        return received

    assert asyncio.run(converse()) == [
        {"type": "chat.message", "to": "chat_7"},
        {"type": "chat.message", "to": f"notifications_user_{user}"},
        {"type": "direct"},
    ]
    assert server.inbox(user) == []


def test_without_a_fallback_it_is_told_what_is_not_carried(layers: Any) -> None:
    channel_layer = layers()
    with pytest.raises(NotCarriedError, match="events of type 'chat' to the group 'chat_7': map the group, or set"):
        async_to_sync(channel_layer.group_send)("chat_7", {"type": "chat"})
    with pytest.raises(NotCarriedError, match=r"group_add\(\)"):
        async_to_sync(channel_layer.group_add)("chat_7", "x")
    with pytest.raises(InvalidChannelLayerError, match="names no other layer"):
        async_to_sync(layers(fallback="default").group_send)("chat_7", {"type": "chat"})


def test_a_send_whose_answer_is_lost_sends_one_notification(
    layers: Any, server: Server, proxy: MakeProxy, user: int
) -> None:
    lossy = proxy("lose")
    async_to_sync(layers(url=lossy.url).group_send)(f"notifications_user_{user}", event(title="once"))
    assert len(lossy.seen) == 2
    assert len(server.inbox(user)) == 1


def test_failures_are_logged_or_raised_as_the_settings_say(
    layers: Any, user: int, caplog: pytest.LogCaptureFixture
) -> None:
    group, large = f"notifications_user_{user}", event(title="t", text="x" * 70_000)
    with pytest.raises(MessageTooLarge):
        async_to_sync(layers().group_send)(group, large)
    with pytest.raises(fanfare.InvalidError):
        async_to_sync(layers().group_send)(group, event(title="t", raw=b"bytes"))
    async_to_sync(layers(errors="log").group_send)(group, large)
    assert "a notification could not be published: too_large" in caplog.text
    with pytest.raises(TypeError, match="Group name"):
        async_to_sync(layers().group_send)("a b", event(title="t"))


def test_a_loop_goes_on_while_the_layer_waits(layers: Any, proxy: MakeProxy, user: int) -> None:
    channel_layer = layers(url=proxy("busy").url)

    async def send_and_count() -> int:
        ticks = 0
        sending = asyncio.ensure_future(channel_layer.group_send(f"notifications_user_{user}", event(title="t")))
        while not sending.done():
            await asyncio.sleep(0.01)
            ticks += 1
        await sending
        return ticks

    assert asyncio.run(send_and_count()) > 20


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"a_{id}": "user:{other}"}, "has no {other}"),
        ({"a_{id}": "room:{id}"}, "is no user:<id>"),
        ({"a_{id}": "user:"}, "is no user:<id>"),
        ({"a_{id}_{id}": "user:{id}"}, "redefinition"),
        ({"a_{}": "all"}, "a place is written"),
        ({"a_{id}": "user:{id.__class__}"}, "a place is written"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused_at_the_start(layers: Any, rules: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidChannelLayerError, match=why):
        layers(map=rules)


def test_groups_are_matched_whole_and_in_order() -> None:
    groups = GroupMap({"u": "group:u", "u.{id}": "user:{id}", "u{rest}": "topic:{rest}"})
    assert groups.target("u.7.x") == Target("user", "7.x")
    assert groups.target("ux7") == Target("topic", "x7")
    assert groups.target("u") == Target("group", "u")
    assert groups.target("xu.7") is None
