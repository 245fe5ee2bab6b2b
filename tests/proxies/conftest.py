import os
import pathlib

import proxy as proxies
import pytest
from fanfare import Client
from fleet import Fleet
from listeners import Listeners
from publisher import Publisher


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    paths = [pathlib.Path(os.environ[name]) for name in ("FANFARE_BINARY", "FANFARE_NATS_SERVER")]
    for path in paths:
        assert path.is_file(), f"{path} is not there"
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), *paths)
    yield fleet
    fleet.close()


@pytest.fixture(scope="module", params=sorted(proxies.ALL))
def proxy(request, fleet, tmp_path_factory):
    if not proxies.program(request.param):
        leave_out = pytest.fail if os.environ.get("FANFARE_TEST") == "all" else pytest.skip
        leave_out(f"there is no {request.param}: tests/tools/proxies.sh installs it")
    proxy = proxies.ALL[request.param](tmp_path_factory.mktemp(request.param), fleet)
    yield proxy
    proxy.close()


@pytest.fixture
def topic(request):
    """One that no other test publishes to."""
    return request.node.name.replace("[", ".").replace("]", "")


@pytest.fixture
def listeners(proxy, fleet, topic, tmp_path):
    with Client(proxy.url, fleet.key) as client:
        token = client.mint_token("alice", channels={f"topic:{topic}": "r"}, ttl_seconds=600).access_token
    listeners = Listeners(tmp_path / "listeners.log", proxy.url, token, topic, 4)
    yield listeners
    listeners.close()


@pytest.fixture
def publisher(proxy, fleet, topic, listeners):
    """Counts from when everybody listens."""
    publisher = Publisher(proxy.url, fleet.key, topic)
    yield publisher
    publisher.end()
