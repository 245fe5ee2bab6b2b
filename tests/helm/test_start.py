"""Each service of each value set, started once: what is rendered is a command line, variables and files that it takes."""

import base64
import functools
import time
import urllib.request

import chart
import pytest
from cluster import SEED
from container import Container, Image
from network import Network

CREDENTIALS = f"""-----BEGIN NATS USER JWT-----
eyJ0eXAiOiJKV1QifQ.e30.e30
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
{SEED}
------END USER NKEY SEED------
"""

START_SECONDS = 30


@pytest.mark.parametrize("values", sorted(chart.VALUES))
def test_every_service_starts(values, tmp_path, binary):
    rendered = chart.rendered(values)
    objects = with_secrets_of_users(rendered)
    image = Image(("/fanfare",), (("/fanfare", binary),))
    network, containers = Network(), []
    try:
        for number, document in enumerate(chart.of_kind(rendered, "Deployment")):
            space, address = network.add(number + 1)
            name, spec = document["metadata"]["name"], document["spec"]["template"]["spec"]
            containers.append(
                (address, Container(tmp_path, space, name, spec, objects, network.hosts_file(), image))
            )
        for address, container in containers:
            await_alive(network, address, container)
    finally:
        for _address, container in containers:
            container.close()
        network.close()


def await_alive(network, address, container):
    """Alive, not ready: there is no NATS, which it says and goes on trying."""
    deadline = time.monotonic() + START_SECONDS
    probe = container.container["livenessProbe"]["httpGet"]["path"]

    def asked():
        with urllib.request.urlopen(f"http://{address}:9000{probe}", timeout=3) as answer:
            return answer.status == 200

    while True:
        assert container.process.poll() is None, f"{container.pod_name} has ended: {container.said()[-3000:]}"
        try:
            if network.at_node(asked):
                return
        except OSError:
            assert time.monotonic() < deadline, f"{container.pod_name} is not alive: {container.said()[-3000:]}"
            time.sleep(0.05)


def with_secrets_of_users(rendered):
    """What is rendered, and what it asks for that is the user's to make."""
    objects = {(document["kind"], document["metadata"]["name"]): document for document in rendered}
    for _name, pod in chart.pods(rendered):
        wanted = [
            (volume["secret"]["secretName"], [item["key"] for item in volume["secret"].get("items", [])])
            for volume in pod.get("volumes", [])
            if "secret" in volume
        ]
        for container in pod["containers"]:
            references = [variable.get("valueFrom", {}).get("secretKeyRef") for variable in container.get("env", [])]
            wanted += [(reference["name"], [reference["key"]]) for reference in references if reference]
        for name, keys in wanted:
            secret = objects.setdefault(("Secret", name), {"data": {}})
            for key in keys or ["ca.crt", "tls.crt", "tls.key"]:
                secret["data"].setdefault(key, stand_in(key))
    return objects


def stand_in(key):
    for suffix, part in ((".key", "tls.key"), ("tls.crt", "tls.crt"), (".crt", "ca.crt"), (".pem", "ca.crt")):
        if key.endswith(suffix):
            return certificates()[part]
    text = CREDENTIALS if key.endswith(".creds") else SEED if key.endswith("-nkey") else "x=a secret of more than thirty-two letters"
    return base64.b64encode(text.encode()).decode()


@functools.cache
def certificates():
    return chart.one(chart.rendered("default"), "Secret", "demo-fanfare-nats-tls")["data"]
