"""Nobody misses anything behind a real proxy: through silence, a drain, and the proxy's own end."""

import http.client
import json
import time

import pytest
from fanfare import Client
from fleet import PROXY
from process import until
from proxy import TIMEOUT_SECONDS


@pytest.mark.parametrize(
    "path", ["/v1/fleet/sessions", "/v1/auth/api-keys", "/v1/users", "/v1/rooms", "/v1/chat/me", "/v1/inbox"]
)
def test_a_path_reaches_who_serves_it(proxy, path):
    """Who does not know it says 404, and who does wants a token."""
    assert status_of(proxy, path) == 401


def test_everything_else_is_the_console(proxy):
    assert status_of(proxy, "/") == 200


def status_of(proxy, path):
    connection = http.client.HTTPConnection(PROXY, proxy.port, timeout=20)
    connection.request("GET", path, headers={"Accept": "text/html"})
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_silence_ends_no_connection(proxy, fleet, topic, listeners):
    """Longer than the proxy would wait for a connection that says nothing: the gateway's pings are what it hears."""
    before = listeners.of_all("state")
    time.sleep(3 * TIMEOUT_SECONDS)
    with Client(proxy.url, fleet.key, errors="raise") as client:
        client.publish(topic, 1)
    listeners.check(1)
    assert listeners.of_all("state") == before


def test_a_drain_moves_clients_and_loses_nothing(fleet, listeners, publisher):
    listeners.until_told(10)
    drained = listeners.nodes()[0]
    moved = [client for client, node in enumerate(listeners.nodes()) if node == drained]
    try:
        assert fleet.terminate(drained) == 0
        until(lambda: drained not in listeners.nodes(), "all are elsewhere", listeners.process.said)
    finally:
        fleet.start(drained)
        fleet.until_ready(drained)
    listeners.check(publisher.end())
    for client in range(listeners.count):
        codes = [told["code"] for told in listeners.states(client) if told["state"] == "waiting" and "code" in told]
        assert (1012 in codes) == (client in moved), f"client {client}: {codes}"


def test_a_reload_cuts_nobody(proxy, listeners, publisher):
    if not proxy.reloads:
        pytest.skip("it takes changes by itself")
    listeners.until_told(10)
    before = listeners.of_all("state")
    proxy.reload()
    listeners.until_told(publisher.last + 10)
    listeners.check(publisher.end())
    assert listeners.of_all("state") == before


def test_a_restart_of_the_proxy_loses_nothing(proxy, listeners, publisher):
    listeners.until_told(10)
    proxy.restart()
    until(
        lambda: all(listeners.states(client)[-1]["state"] == "open" for client in range(listeners.count)),
        "all are back",
        listeners.process.said,
    )
    listeners.until_told(publisher.last + 10)
    listeners.check(publisher.end())
    for client in range(listeners.count):
        assert 1006 in [told.get("code") for told in listeners.states(client)], f"client {client} was never cut"


def test_a_client_is_known_by_its_own_address(proxy):
    """By the limit of failed logins, for a name and an address. What a client says of itself counts nothing."""

    def status(address: str, forwarded: str = "") -> int:
        connection = http.client.HTTPConnection(PROXY, proxy.port, timeout=20, source_address=(address, 0))
        headers = {"Content-Type": "application/json"} | ({"X-Forwarded-For": forwarded} if forwarded else {})
        body = json.dumps({"username": f"nobody of {type(proxy).__name__}", "password": "wrong"})
        connection.request("POST", "/v1/auth/login", body, headers)
        answer = connection.getresponse().status
        connection.close()
        return answer

    # Of this proxy's test alone: there is a limit for an address, too.
    network = f"127.{proxy.port // 256}.{proxy.port % 256}.{{}}".format
    # Ten are let through, and one more in six seconds.
    answers = [status(network(1)) for _attempt in range(20)]
    assert answers[:10] == [401] * 10 and 429 in answers, answers
    forged = [status(network(1), f"203.0.113.{number}") for number in range(5)]
    assert 429 in forged, forged
    assert status(network(2)) == 401
