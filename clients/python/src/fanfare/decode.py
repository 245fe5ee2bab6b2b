"""JSON of the server as dataclasses: fields nobody knows are ignored, so that servers can grow."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

LOCAL = {"local": True}
"""Metadata of a field that the server does not send."""


@cache
def _fields(shape: type) -> tuple[tuple[dataclasses.Field[Any], Any], ...]:
    hints = typing.get_type_hints(shape)
    return tuple((field, hints[field.name]) for field in dataclasses.fields(shape) if not field.metadata.get("local"))


def decode(shape: type[T], value: object) -> T:
    """Make a `shape`, a dataclass, of a JSON object.

    Raises ValueError when a field is missing or of another type.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{shape.__name__} is no object")
    found: dict[str, object] = {}
    for field, hint in _fields(typing.cast("typing.Any", shape)):
        if value.get(field.name) is not None:
            found[field.name] = _as(hint, value[field.name], f"{shape.__name__}.{field.name}")
        elif field.default is dataclasses.MISSING:
            raise ValueError(f"{shape.__name__}.{field.name} is missing")
    return shape(**found)


def _as(hint: Any, value: object, what: str) -> object:
    if isinstance(hint, types.UnionType):
        (hint,) = (each for each in typing.get_args(hint) if each is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{what} is no list")
        return tuple(_as(typing.get_args(hint)[0], each, what) for each in value)
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast("type[object]", hint), value)
    if hint is datetime and isinstance(value, str):
        # Python 3.10 does not read the Z.
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    if type(value) is not hint:
        raise ValueError(f"{what} is no {hint.__name__}")
    return value
