from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from conftest import MakeProxy
from django.db import transaction
from django.utils.translation import gettext_lazy
from server import Server

from fanfare import Client
from fanfare.channels import FanfareChannelLayer
from fanfare.django import after_commit


class Undo(Exception):  # noqa: N818
    pass


def test_nobody_is_told_before_the_commit_nor_of_what_was_rolled_back(
    server: Server, proxy: MakeProxy, user: int
) -> None:
    through = proxy()
    with Client(through.url, server.api_key, errors="raise") as client:
        with transaction.atomic():
            after_commit(client.notify)(users=user, title="committed")
            assert through.seen == []
        assert len(through.seen) == 1

        def undo() -> None:
            with transaction.atomic():
                after_commit(client.notify)(users=user, title="rolled back")
                raise Undo

        with pytest.raises(Undo):
            undo()
        after_commit(client.publish)("outside", {"a": 1})
    assert len(through.seen) == 2
    assert [item["title"] for item in server.inbox(user)] == ["committed"]


def test_the_call_that_is_there_may_wait_for_the_commit(server: Server, proxy: MakeProxy, user: int) -> None:
    through = proxy()
    layer = FanfareChannelLayer(
        url=through.url, api_key=server.api_key, errors="raise", map={"notifications_user_{id}": "user:{id}"}
    )
    with transaction.atomic():
        event = {"type": "notification_message", "data": {"title": "committed"}}
        after_commit(async_to_sync(layer.group_send))(f"notifications_user_{user}", event)
        assert through.seen == []
    assert [item["title"] for item in server.inbox(user)] == ["committed"]
    async_to_sync(layer.close)()


def test_a_lazy_translation_is_text(server: Server, user: int) -> None:
    title: Any = gettext_lazy("Saved")
    with Client(server.url, server.api_key, errors="raise") as client:
        client.notify(users=user, title=title)
    assert [item["title"] for item in server.inbox(user)] == ["Saved"]
