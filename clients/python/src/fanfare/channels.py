"""The send side of a Django Channels layer: `pip install "fanfare-client[channels]"`.

```python
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "fanfare.channels.FanfareChannelLayer",
        "CONFIG": {
            "url": "https://fanfare.example.com",
            "api_key": os.environ["FANFARE_API_KEY"],
            "map": {"notifications_user_{id}": "user:{id}"},
            "fallback": "redis",
        },
    },
    "redis": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {…}},
}
```
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from channels.exceptions import InvalidChannelLayerError, MessageTooLarge
from channels.layers import BaseChannelLayer, get_channel_layer

from .client import Client
from .errors import TooLargeError
from .event import notification_of
from .group_map import GroupMap, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .options import Errors


class NotCarriedError(NotImplementedError):
    """Fanfare does not carry this, and no `fallback` layer is set that would."""


class FanfareChannelLayer(BaseChannelLayer):
    """Sends what goes to mapped groups to Fanfare, and leaves everything else to another layer.

    - `url`, `api_key`, `errors`, `timeout_seconds`, `retries`, `deadline_seconds`: as those of `Client`.
    - `map`: which group is which channel: `{"notifications_user_{id}": "user:{id}", "prices": "topic:prices"}`.
    - `notification_events`: the types of events that are notifications.
    - `fallback`: the name of the layer, in `CHANNEL_LAYERS`, that does everything else.

    To a mapped group, an event of `notification_events` becomes a notification. Any other event to a topic is live data
    there, as it is; any other event to a user, a group or all goes to `fallback`.
    """

    extensions = ("groups", "flush")

    def __init__(
        self,
        *,
        url: str,
        api_key: str,
        map: Mapping[str, str],
        notification_events: Iterable[str] = ("notification_message",),
        fallback: str | None = None,
        errors: Errors = "log",
        timeout_seconds: float = 5.0,
        retries: int = 4,
        deadline_seconds: float = 15.0,
    ) -> None:
        super().__init__()
        try:
            self._map = GroupMap(map)
            self._client = Client(
                url,
                api_key,
                errors=errors,
                timeout_seconds=timeout_seconds,
                retries=retries,
                deadline_seconds=deadline_seconds,
            )
        except ValueError as error:
            raise InvalidChannelLayerError(f"FanfareChannelLayer: {error}") from error
        self._notification_events = {_handler(event) for event in notification_events}
        self._fallback = fallback

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send an event to a group.

        Raises NotCarriedError when neither Fanfare nor a fallback carries it, and with `errors` set to `raise`
        MessageTooLarge or another FanfareError when it could not be published.
        """
        self.require_valid_group_name(group)
        if not isinstance(message, dict):
            raise TypeError("a message is a dict")
        target = self._map.target(group)
        if target is None or not self._carries(target, message):
            what = f"events of type {message.get('type')!r} to the group {group!r}"
            await self._other(what).group_send(group, message)
            return
        try:
            # The client waits, and a loop must not.
            await asyncio.to_thread(self._send, target, message)
        except TooLargeError as error:
            raise MessageTooLarge(str(error)) from error

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Leave it to the fallback."""
        await self._other("send()").send(channel, message)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Leave it to the fallback."""
        received: dict[str, Any] = await self._other("receive()").receive(channel)
        return received

    async def new_channel(self, *args: Any, **kwargs: Any) -> str:
        """Leave it to the fallback."""
        name: str = await self._other("new_channel()").new_channel(*args, **kwargs)
        return name

    async def group_add(self, group: str, channel: str) -> None:
        """Leave it to the fallback."""
        await self._other("group_add()").group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """Leave it to the fallback."""
        await self._other("group_discard()").group_discard(group, channel)

    async def flush(self) -> None:
        """Leave it to the fallback; what Fanfare has stored stays."""
        await self._other("flush()").flush()

    async def close(self) -> None:
        """Close the connections to Fanfare that are not in use; the fallback is not closed."""
        self._client.close()

    def _carries(self, target: Target, message: dict[str, Any]) -> bool:
        return target.kind == "topic" or self._is_notification(message)

    def _is_notification(self, message: dict[str, Any]) -> bool:
        return _handler(str(message.get("type"))) in self._notification_events

    def _send(self, target: Target, message: dict[str, Any]) -> None:
        if self._is_notification(message):
            self._client.notify(**notification_of(target, message))
        else:
            self._client.publish(target.id, message)

    def _other(self, what: str) -> Any:
        if self._fallback is None:
            raise NotCarriedError(
                f"FanfareChannelLayer does not carry {what}: map the group, or set `fallback` in its CONFIG to the "
                "layer of CHANNEL_LAYERS that does"
            )
        layer = get_channel_layer(self._fallback)
        if layer is None or layer is self:
            raise InvalidChannelLayerError(f"`fallback` names no other layer of CHANNEL_LAYERS: {self._fallback!r}")
        return layer


def _handler(event_type: str) -> str:
    """Give the name of the method that Channels would call."""
    return event_type.replace(".", "_")
