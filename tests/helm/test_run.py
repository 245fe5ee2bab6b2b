"""Starts what is rendered: its arguments, variables, files, user and ports, on a NATS with the rendered logins."""

import base64
import hmac
import json
import re
import threading
import time

import chart
import pytest
from cluster import SEED, Cluster, nats_server
from container import Image


@pytest.fixture(scope="module", params=["values-kind", "default"])
def cluster(request, tmp_path_factory, binary):
    image = Image(("/fanfare",), (("/fanfare", binary),))
    cluster = Cluster(tmp_path_factory.mktemp(request.param), chart.rendered(request.param), image, nats_server())
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def key(cluster):
    return make_key(cluster)


def make_key(cluster):
    """An API key, made by the administrator with the password of the rendered Secret."""
    password = cluster.secret("demo-fanfare-admin", "password")
    admin = cluster.post("auth", "/v1/auth/login", {"username": "admin", "password": password})["access_token"]
    request = {"name": "test", "scopes": ["notifications:publish", "tokens:mint"]}
    return cluster.post("auth", "/v1/auth/api-keys", request, admin)["key"]


def test_processes_are_what_the_security_context_says(cluster):
    for pod in cluster.pods:
        status = pod.container.status()
        assert status["Uid"].split() == ["65532"] * 4, pod.container.pod_name
        assert status["NoNewPrivs"] == "1"
        assert int(status["CapEff"], 16) == 0


def test_nats_holds_what_it_stores_encrypted(cluster):
    said = cluster.others[0].said()
    assert "Encryption" in said and "TLS required for client connections" in said, said


def test_metrics_are_on_the_admin_port_only(cluster):
    for pod in cluster.pods:
        status, text = cluster.get(f"http://{pod.address}:9000/metrics")
        assert status == 200 and f"fanfare_{pod.service}_" in text
        assert cluster.get(f"http://{pod.address}:8000/metrics")[0] == 404


def test_what_people_write_is_not_shown_to_the_network(cluster):
    """By the log level that may do so, asked for from another pod's place."""
    for level, status in (("trace", 400), ("info", 200)):
        assert cluster.put(f"http://{cluster.pods[0].address}:9000/log", level)[0] == status


def test_helm_test_passes(cluster):
    """The very pod of `helm test`, with this system's shell and curl in place of its image's."""
    pod = chart.one(cluster.rendered, "Pod", "demo-fanfare-test")
    space, _address = cluster.network.add(100)
    container = cluster.run(space, "demo-fanfare-test", pod["spec"], Image(variables=("PATH=/usr/bin:/bin",)))
    try:
        assert container.process.wait(90) == 0, container.said()
        assert container.said().endswith("PASSED\n"), container.said()
    finally:
        container.close()


def test_a_rollout_loses_nothing(cluster, key):
    """Each gateway and each worker in turn ends as a kubelet ends it, while messages are published."""
    token = cluster.post("auth", "/v1/auth/tokens", {"user": "alice", "ttl_seconds": 600}, key)["access_token"]
    listeners = [listen(cluster, token, number) for number in range(4)]
    until_heard(cluster, key, listeners, "begun")
    sent = []
    for service in ("gateway", "notify"):
        for pod in [pod for pod in cluster.pods if pod.service == service]:
            others = [other for other in cluster.pods if other.service == service and other is not pod]
            if not others:
                continue
            ending = Ending(cluster, pod)
            while ending.is_under_way():
                sent.append(f"message {len(sent)}")
                publish(cluster, key, sent[-1])
                time.sleep(0.05)
            ending.check()
            restart(cluster, pod)
    assert len(sent) > 50
    until_heard(cluster, key, listeners, "ended")
    for listener in listeners:
        heard = re.findall(r"message \d+", listener.said())
        assert heard == sent, f"{len(heard)} of {len(sent)}: {listener.said()[-2000:]}"
        # Each gateway has ended, so everybody was sent away from one at least, with a time to come back.
        assert re.search(r"\(.*restart.*; back in \d+ ms\)", listener.said()), listener.said()[-2000:]
        listener.close()


def test_every_process_ends_within_its_grace(cluster):
    """The last of all: without another pod of the service to go to."""
    endings = [Ending(cluster, pod) for pod in cluster.pods]
    for ending in endings:
        ending.check()


@pytest.mark.skipif(not chart.has_nats_chart(), reason="the NATS chart is not there: helm dependency update")
def test_a_cluster_of_three_takes_what_is_published(tmp_path, binary):
    """Its servers trust each other by the rendered certificate, and each record has copies on all of them."""
    given = {"defaults": {"replicas": 1}, "nats": {"config": {"cluster": {"enabled": True}}}}
    cluster = Cluster(tmp_path, chart.render(given), Image(("/fanfare",), (("/fanfare", binary),)), nats_server())
    try:
        cluster.start()
        assert len(cluster.others) == 3
        api_key = make_key(cluster)
        answer = publish(cluster, api_key, "to three")
        assert answer["status"] == "replicated", answer
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def own_nats(tmp_path_factory, binary):
    """On a NATS that was there before, where each service logs in by an nkey; and with tokens of a backend."""
    given = {
        "nats": {"enabled": False},
        "externalNats": {
            "urls": [f"nats://demo-nats.{chart.NAMESPACE}.svc:4222"],
            "login": "nkey",
            "existingSecret": "seeds",
        },
        "hs256": {"existingSecret": "django"},
        "defaults": {"replicas": 1},
    }
    seeds = {f"{service}-nkey": SEED for service in chart.SERVICES}
    given_secrets = [secret("seeds", seeds), secret("django", {"secret": SHARED + "\n"})]
    rendered = [*chart.render(given), *given_secrets]
    image = Image(("/fanfare",), (("/fanfare", binary),))
    cluster = OwnNats(tmp_path_factory.mktemp("own"), rendered, image, nats_server())
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


def test_services_know_a_seed_and_a_shared_secret_by_their_files(own_nats):
    variables = [variable["name"] for pod in own_nats.pods for variable in pod.container.container["env"]]
    assert not [name for name in variables if name in ("FANFARE_NATS_NKEY", "FANFARE_HS256_SECRET")]
    publish(own_nats, make_key(own_nats), "for alice")
    claims = {"sub": "alice", "exp": int(time.time()) + 60}
    inbox = own_nats.ask("notify", "/v1/inbox", None, signed(claims))
    assert [item["title"] for item in inbox["items"]] == ["for alice"]


SHARED = "what a backend has signed its tokens with for years"
OWN = """
port: 4222
authorization { users: [ { nkey: UBN343PVVTV5FZEE7DVHUMZVHPTMYNX7OVQOHL2AS4LDSPC4RT5YQWWR } ] }
jetstream { store_dir: /data, sync_interval: always }
"""


class OwnNats(Cluster):
    def _nats(self, space, name):
        self.objects["ConfigMap", "own"] = {"data": {"nats.conf": OWN}}
        mounts = [{"name": "config", "mountPath": "/etc/nats"}, {"name": "data", "mountPath": "/data"}]
        spec = {
            "securityContext": {"runAsUser": 10001, "fsGroup": 10001},
            "containers": [{"name": "nats", "args": ["--config", "/etc/nats/nats.conf"], "volumeMounts": mounts}],
            "volumes": [{"name": "config", "configMap": {"name": "own"}}, {"name": "data", "emptyDir": {}}],
        }
        return self.run(space, name, spec, Image(("/nats-server",), (("/nats-server", self.nats_server),)))


def secret(name, data):
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return {"kind": "Secret", "metadata": {"name": name}, "data": encoded}


def signed(claims):
    """A token of the backend."""

    def part(content):
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    text = part(json.dumps({"alg": "HS256"}).encode()) + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.digest(SHARED.encode(), text, "sha256"))).decode()


class Ending:
    """A pod that is being ended."""

    def __init__(self, cluster, pod):
        self.cluster, self.pod, self.before, self.took = cluster, pod, 0, 0.0
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        # The endpoints go when the hook begins.
        self.before = self.cluster.probe(self.pod, "readinessProbe")[0]
        self.pod.is_in_service = False
        self.took = self.pod.container.terminate()

    def is_under_way(self) -> bool:
        return self.thread.is_alive()

    def check(self):
        self.thread.join()
        name, grace = self.pod.container.pod_name, self.pod.container.spec["terminationGracePeriodSeconds"]
        assert self.before == 200, f"{name} was not ready before its end"
        assert self.pod.container.process.returncode == 0, f"{name}: {self.pod.container.said()[-3000:]}"
        assert self.took < grace, f"{name} took {self.took:.1f} s of {grace}"


def restart(cluster, pod):
    old = pod.container
    old.close()
    space = next(space for space in cluster.network.spaces if cluster.network.addresses.get(space) == pod.address)
    pod.container = cluster.run(space, f"{old.pod_name}r", old.spec, cluster.image)
    cluster.await_ready(pod)


def publish(cluster, key, title):
    return cluster.post("notify", "/v1/notifications", {"to": {"users": ["alice"]}, "title": title}, key)


def listen(cluster, token, number):
    """The command line's listener, in a pod of its own."""
    gateway = cluster.objects["Service", "demo-fanfare-gateway"]["spec"]["ports"][0]["port"]
    space, _address = cluster.network.add(110 + number)
    spec = {
        "securityContext": {"runAsUser": 65532, "fsGroup": 65532},
        "containers": [
            {
                "name": "listen",
                "args": ["listen", "--url", f"http://demo-fanfare-gateway.{chart.NAMESPACE}.svc:{gateway}"],
                "env": [{"name": "FANFARE_TOKEN", "value": token}],
            }
        ],
    }
    return cluster.run(space, f"listener-{number}", spec, cluster.image)


def until_heard(cluster, key, listeners, title):
    publish(cluster, key, title)
    deadline = time.monotonic() + 60
    while not all(title in listener.said() for listener in listeners):
        assert time.monotonic() < deadline, "\n".join(listener.said()[-1000:] for listener in listeners)
        time.sleep(0.1)
        if title == "begun":
            publish(cluster, key, title)
