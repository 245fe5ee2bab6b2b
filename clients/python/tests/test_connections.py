from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import MakeClient, MakeProxy
from server import Server

import fanfare
from fanfare import Client, connections

SOURCES = Path(__file__).parents[1] / "src"


def test_one_connection_serves_call_after_call(client: MakeClient, proxy: MakeProxy, user: int) -> None:
    through = proxy()
    publisher = client(through.url)
    for _each in range(20):
        publisher.notify(users=user, title="t")
    assert len({seen.connection for seen in through.seen}) == 1


def test_threads_share_a_client_and_each_gets_its_own_answer(server: Server, proxy: MakeProxy, user: int) -> None:
    through = proxy()
    with Client(through.url, server.api_key, errors="raise") as client, ThreadPoolExecutor(12) as threads:
        barrier = threading.Barrier(12)

        def publish(thread: int) -> list[str]:
            barrier.wait()
            return [str(client.publish(f"t{user}.{thread}.{each}", each).channel) for each in range(20)]

        for thread, channels in enumerate(threads.map(publish, range(12))):
            assert channels == [f"topic:t{user}.{thread}.{each}" for each in range(20)]
    # Twelve at once, of which eight are kept; without a pool it would be 240.
    assert len({seen.connection for seen in through.seen}) < 100


def test_a_connection_that_the_server_closed_is_not_used(own_server: Server) -> None:
    with Client(own_server.url, own_server.api_key, errors="raise", retries=0) as client:
        client.publish("t", 1)
        own_server.kill()
        own_server.start_again()
        # Would not be repeated if it went down the old connection.
        assert client.publish("t", 2, ephemeral=True).ok


def test_a_connection_that_was_idle_for_long_is_not_used(
    server: Server, proxy: MakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = proxy()
    with Client(through.url, server.api_key, errors="raise") as client:
        client.publish("t", 1)
        monkeypatch.setattr(connections, "IDLE_SECONDS_MAX", 0.0)
        client.publish("t", 2)
    assert len({seen.connection for seen in through.seen}) == 2


def test_an_answer_without_end_is_not_read_to_its_end(client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:

        def pour() -> None:
            peer, _address = listener.accept()
            with peer, contextlib.suppress(OSError):
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                # As good as without one: four times what is read.
                for _each in range(256):
                    peer.sendall(b" " * 65_536)

        threads.submit(pour)
        port = listener.getsockname()[1]
        with pytest.raises(fanfare.UnexpectedAnswerError, match="bytes or more"):
            client(f"http://127.0.0.1:{port}", retries=0).trail("x")


def test_the_refusal_of_a_body_that_is_still_being_sent_is_heard(server: Server) -> None:
    with Client(server.url, server.api_key, errors="raise", retries=0) as client, pytest.raises(fanfare.TooLargeError):
        client.publish("larger", "x" * 20_000_000)


def test_a_proxy_may_have_the_api_under_a_path(client: MakeClient, proxy: MakeProxy) -> None:
    through = proxy()
    with pytest.raises(fanfare.NotFoundError):
        client(f"{through.url}/push/").publish("t", 1)
    assert [seen.path for seen in through.seen] == ["/push/v1/publish"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a certificate for 127.0.0.1 that nobody has signed, and its key."""
    home = tmp_path_factory.mktemp("tls")
    certificate, key = home / "certificate.pem", home / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    named = ["-days", "2", "-subj", "/CN=fanfare", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *named, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate, key


def test_only_a_trusted_certificate_gets_the_key(
    client: MakeClient, proxy: MakeProxy, certificate: tuple[Path, Path]
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    through = proxy(tls=tls)
    with pytest.raises(fanfare.CertificateError, match=r"certificate of 127\.0\.0\.1: self.signed"):
        client(through.url).publish("t", 1)
    assert through.seen == []
    trusting = client(through.url, ssl_context=ssl.create_default_context(cafile=certificate[0]))
    for each in range(5):
        assert trusting.publish("t", each).ok
    assert len({seen.connection for seen in through.seen}) == 1


FORKING = """
import os, sys
from fanfare import Client
client = Client(sys.argv[1], sys.argv[2], errors="raise")
client.publish("forks", 0)
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        ok = all(client.publish(f"forks.{child}", each).channel == f"topic:forks.{child}" for each in range(20))
        os._exit(0 if ok else 1)
    children.append(pid)
assert all(client.publish("forks.parent", each).channel == "topic:forks.parent" for each in range(20))
sys.exit(sum(os.waitpid(pid, 0)[1] != 0 for pid in children))
"""


def test_forked_workers_do_not_read_each_others_answers(server: Server, proxy: MakeProxy) -> None:
    through = proxy()
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    forked = subprocess.run(
        [sys.executable, "-c", FORKING, through.url, server.api_key], env=environment, check=False, timeout=30
    )
    assert forked.returncode == 0
    assert len({seen.connection for seen in through.seen}) == 5
