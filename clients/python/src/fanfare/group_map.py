"""Which group of Django Channels is which channel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_KINDS = ("user", "group", "topic")


@dataclass(frozen=True)
class Target:
    """A channel: `user`, `group` or `topic` and an id, or `all` and nothing."""

    kind: str
    id: str


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    kind: str
    id: str


class GroupMap:
    """Patterns of groups and their channels: `{"notifications_user_{id}": "user:{id}"}`. The first that fits counts."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        """Take the rules; raises ValueError for one that makes no sense."""
        self._rules = [_rule(group, channel) for group, channel in rules.items()]

    def target(self, group: str) -> Target | None:
        """Give the channel of `group`; None when no pattern fits."""
        for rule in self._rules:
            found = rule.pattern.fullmatch(group)
            if found is not None:
                return Target(rule.kind, rule.id.format_map(found.groupdict()))
        return None


def _rule(group: str, channel: str) -> _Rule:
    kind, _colon, name = channel.partition(":")
    if channel != "all" and (kind not in _KINDS or not name):
        raise ValueError(f"map: {channel!r} is no user:<id>, group:<id>, topic:<name> or all")
    if set("{}") & set(_PLACE.sub("", group + name)):
        raise ValueError(f"map: a place is written {{name}}, in {group!r} and in {channel!r}")
    missing = set(_PLACE.findall(name)) - set(_PLACE.findall(group))
    if missing:
        raise ValueError(f"map: {group!r} has no {{{missing.pop()}}}, which {channel!r} names")
    parts = _PLACE.split(group)
    # Every second part is the name of a place.
    texts, places = map(re.escape, parts[::2]), [f"(?P<{name}>.+)" for name in parts[1::2]]
    try:
        pattern = re.compile("".join(text + place for text, place in zip(texts, [*places, ""], strict=True)))
    except re.error as error:
        raise ValueError(f"map: {group!r}: {error}") from error
    return _Rule(pattern, kind, name)
