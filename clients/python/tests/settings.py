"""Django's settings in tests."""

from __future__ import annotations

from typing import Any

SECRET_KEY = "only for tests"  # noqa: S105
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CHANNEL_LAYERS: dict[str, Any] = {}
