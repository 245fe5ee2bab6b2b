"""Events of Django Channels as notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from .notification import Level, Notification

if TYPE_CHECKING:
    from .group_map import Target

_SAME = ("title", "content", "msg_type", "link", "link_type", "link_id")
"""Fields that mean the same in both."""


def notification_of(target: Target, event: dict[str, Any]) -> Notification:
    """Make a notification to `target` of an event `{"type", "message", "data": {"title", "content", …}}`.

    Without a title, `message` is it. Whatever a notification has no field for, the application's own `id` and
    `created_at` among them, is in its `data`, which readers get as `extra`.
    """
    data = event.get("data")
    rest = {name: value for name, value in event.items() if name not in {"type", "data"}}
    if isinstance(data, dict):
        rest |= data
    elif data is not None:
        rest["data"] = data
    fields: dict[str, Any] = {"all": True} if target.kind == "all" else {f"{target.kind}s": [target.id]}
    for name in _SAME:
        if rest.get(name) not in (None, ""):
            fields[name] = rest.pop(name)
        else:
            rest.pop(name, None)
    # Applications have levels of their own; one that Fanfare does not know would be refused.
    if rest.get("level") in get_args(Level):
        fields["level"] = rest.pop("level")
    if "title" not in fields and isinstance(rest.get("message"), str):
        fields["title"] = rest.pop("message")
    if rest:
        fields["data"] = rest
    return cast("Notification", fields)
