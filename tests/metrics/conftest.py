from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from processes import ADMIN_PASSWORD, Nats, Process, Prometheus, Proxy, Service, until
from scenario import Scenario


P = TypeVar("P", bound=Process)


class Fleet:
    """Every service in a process of its own: three gateways, one of which leaves."""

    def __init__(self, directory: Path) -> None:
        self.started: list[Process] = []
        try:
            self._start(directory)
        except BaseException:
            self.kill()
            raise

    def _start(self, directory: Path) -> None:
        self.nats = self._add(Nats(directory))
        self.proxy = Proxy(self.nats.url)

        def service(name: str, kind: str, nats: str, *options: str) -> Service:
            return self._add(Service(directory, name, kind, nats, *options))

        nats = self.nats.url
        self.auth = service("auth-0", "auth", nats, "--admin-password", ADMIN_PASSWORD)
        self.notify = service("notify-0", "notify", nats)
        self.chat = service("chat-0", "chat", nats)
        self.gateway = service("gateway-0", "gateway", nats, "--queue-bytes", "262144")
        # It keeps nothing in memory, is full at one connection, and is behind something that can be cut.
        small = ["--ring-mib", "0", "--connections", "1"]
        self.small = service("gateway-1", "gateway", self.proxy.url, *small)
        self.leaving = service("gateway-2", "gateway", nats, "--lame-duck-ms", "2000", "--drain-window-ms", "500")
        self.services = [self.auth, self.notify, self.chat, self.gateway, self.small, self.leaving]
        for own in self.services:
            until(f"{own.name} is ready", own.is_ready, seconds=60)
        jobs: dict[str, dict[str, str]] = {}
        for own in self.services:
            jobs.setdefault(own.kind, {})[own.name] = own.admin
        self.prometheus = self._add(Prometheus(directory, jobs))
        count = len(self.services)
        until("everything is scraped", lambda: len(self.prometheus.query("up == 1")) == count)

    def _add(self, process: P) -> P:
        self.started.append(process)
        return process

    def kill(self) -> None:
        for process in reversed(self.started):
            process.kill()


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Give a fleet to which everything has happened that is measured."""
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        scenario = Scenario(fleet)
        scenario.run()
        yield fleet
        scenario.stays.close()
    finally:
        fleet.kill()


@pytest.fixture(scope="session")
def prometheus(fleet: Fleet) -> Prometheus:
    return fleet.prometheus
