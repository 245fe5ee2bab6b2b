"""Where a Fanfare is."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit


class Address(NamedTuple):
    """A server's address; `path` is what stands before `/v1`, and without `port` it is the usual one."""

    scheme: str
    host: str
    port: int | None
    path: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read an address; raises ValueError when it is something else."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"url is like https://fanfare.example.com, not {url!r}")
        if parts.username is not None:
            raise ValueError("url holds no user; give the API key as api_key")
        return cls(parts.scheme, parts.hostname, parts.port, parts.path.rstrip("/"))
