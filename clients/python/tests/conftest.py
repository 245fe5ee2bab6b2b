from __future__ import annotations

import asyncio
import inspect
import itertools
import os
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import django
import pytest
from proxy import Fault, Proxy
from server import Server, binary

from fanfare import Client
from fanfare.aio import AsyncClient

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

_ids = itertools.count(1)
MakeClient = Callable[..., Client]
MakeProxy = Callable[..., Proxy]


def pytest_sessionstart() -> None:
    try:
        binary()
    except FileNotFoundError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("fanfare") / "data")
    yield server
    server.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """Give a server that the test may kill."""
    server = Server(tmp_path / "data")
    yield server
    server.kill()


@pytest.fixture
def user() -> int:
    """Give a user that no other test writes to."""
    return next(_ids)


@pytest.fixture
def proxy(server: Server) -> Iterator[MakeProxy]:
    """Give a maker of proxies in front of the server."""
    made: list[Proxy] = []

    def make(*faults: Fault, tls: ssl.SSLContext | None = None) -> Proxy:
        made.append(Proxy(server.url, *faults, tls=tls))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["threads", "asyncio"])
def client(request: pytest.FixtureRequest, server: Server) -> Iterator[MakeClient]:
    """Give a maker of clients: every test that takes it runs on both kinds, which must not differ."""
    made: list[Client | _Blocking] = []

    def make(url: str = server.url, api_key: str = server.api_key, **options: Any) -> Client:
        options.setdefault("errors", "raise")
        if request.param == "threads":
            made.append(Client(url, api_key, **options))
        else:
            made.append(_Blocking(AsyncClient(url, api_key, **options)))
        return cast("Client", made[-1])

    yield make
    for each in made:
        each.close()


class _Blocking:
    """An AsyncClient with a loop of its own, called like a Client."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._loop = asyncio.new_event_loop()

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, name)

    def _call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        called = getattr(self._client, name)(*args, **kwargs)
        assert inspect.isawaitable(called)
        return self._loop.run_until_complete(called)

    def close(self) -> None:
        self._call("aclose")
        # What httpx has left of an answer that was not read to its end is closed by the loop, as by asyncio.run.
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
