"""What the chart renders, running: pods in namespaces of their own, Services between them, and NATS."""

import asyncio
import base64
import json
import os
import pathlib
import threading
import time
import urllib.error
import urllib.request

import chart
from container import Container, Image
from network import Network

# Of a user whom a NATS of one's own knows by an nkey.
SEED = "SUAGCIDTMVSWIIDUNBQXIIDJOMQGM33SEB2GK43UOMQG63TMPEXC4LUYIY"

HERE = pathlib.Path(__file__).parent

# Until everything is ready: a fresh installation makes some twenty streams, each with a sync to the disk.
START_SECONDS = 60


class Pod:
    def __init__(self, service: str, address: str, container: Container):
        self.service = service
        self.address = address
        self.container = container
        self.is_in_service = False


class Cluster:
    def __init__(self, directory: pathlib.Path, rendered: list[dict], image: Image, nats_server: pathlib.Path):
        self.directory = directory
        self.rendered = rendered
        self.objects = {(document["kind"], document["metadata"]["name"]): document for document in rendered}
        self.image = image
        self.nats_server = nats_server
        self.network = Network()
        self.pods: list[Pod] = []
        self.others: list[Container] = []
        self.loop = asyncio.new_event_loop()

    def start(self):
        """Returns once every pod is ready."""
        deployments = chart.of_kind(self.rendered, "Deployment")
        places = []
        servers = [self.network.add(200 + number) for number in range(self.nats_replicas())]
        for number, (_space, address) in enumerate(servers):
            for name in (f"demo-nats-{number}.demo-nats-headless", f"demo-nats-{number}.demo-nats-headless.push.svc"):
                self.network.hosts[name] = address
        self.network.hosts[f"demo-nats.{chart.NAMESPACE}.svc"] = servers[0][1]
        for document in deployments:
            service = document["spec"]["template"]["spec"]["containers"][0]["name"]
            for number in range(document["spec"]["replicas"]):
                places.append(
                    (document, service, f"{document['metadata']['name']}-{number}", *self.network.add(len(places) + 1))
                )
        self._serve(deployments)
        for number, (space, _address) in enumerate(servers):
            self.others.append(self._nats(space, f"demo-nats-{number}"))
        for document, service, name, space, address in places:
            self.pods.append(
                Pod(service, address, self.run(space, name, document["spec"]["template"]["spec"], self.image))
            )
        for pod in self.pods:
            self.await_ready(pod)

    def nats_replicas(self) -> int:
        return sum(document["spec"]["replicas"] for document in chart.of_kind(self.rendered, "StatefulSet")) or 1

    def run(self, space: str, name: str, spec: dict, image: Image) -> Container:
        return Container(self.directory, space, name, spec, self.objects, self.network.hosts_file(), image)

    def _nats(self, space: str, name: str) -> Container:
        """By the NATS chart's StatefulSet; where that chart is not there, by one of ours with the same files."""
        sets = chart.of_kind(self.rendered, "StatefulSet")
        image = Image(("/nats-server",), (("/nats-server", self.nats_server),))
        if sets:
            return self.run(space, name, sets[0]["spec"]["template"]["spec"], image)
        self.objects["ConfigMap", "nats-config"] = {"data": {"nats.conf": (HERE / "nats.conf").read_text()}}
        values = chart.chart().values["nats"]
        logins, certificate = "demo-fanfare-nats-logins", "demo-fanfare-nats-tls"
        variables = [
            {
                "name": name,
                "valueFrom": {"secretKeyRef": {"name": logins, "key": source["valueFrom"]["secretKeyRef"]["key"]}},
            }
            for name, source in values["container"]["env"].items()
        ]
        spec = {
            "securityContext": values["podTemplate"]["merge"]["spec"]["securityContext"],
            "terminationGracePeriodSeconds": values["podTemplate"]["merge"]["spec"]["terminationGracePeriodSeconds"],
            "containers": [
                {
                    "name": "nats",
                    "args": ["--config", "/etc/nats-config/nats.conf"],
                    "env": [{"name": "SERVER_NAME", "value": "demo-nats-0"}, *variables],
                    "volumeMounts": [
                        {"name": "config", "mountPath": "/etc/nats-config"},
                        {"name": "fanfare", "mountPath": "/etc/fanfare"},
                        {"name": "certificate", "mountPath": "/etc/nats-certs/nats"},
                        {"name": "data", "mountPath": "/data"},
                    ],
                }
            ],
            "volumes": [
                {"name": "config", "configMap": {"name": "nats-config"}},
                {"name": "fanfare", "configMap": {"name": "demo-fanfare-nats"}},
                {"name": "certificate", "secret": {"secretName": certificate}},
                {"name": "data", "emptyDir": {}},
            ],
        }
        return self.run(space, name, spec, image)

    def _serve(self, deployments: list[dict]):
        """Each Service gets an address, where its port is forwarded to the pods that are in it."""
        listeners = []
        for number, document in enumerate(deployments, start=1):
            name = document["metadata"]["name"]
            service = self.objects["Service", name]["spec"]["ports"][0]
            ports = document["spec"]["template"]["spec"]["containers"][0]["ports"]
            target = next(port["containerPort"] for port in ports if port["name"] == service["targetPort"])
            address = self.network.service_address(number)
            self.network.hosts[f"{name}.{chart.NAMESPACE}.svc"] = address
            component = document["spec"]["template"]["spec"]["containers"][0]["name"]
            listeners.append((address, service["port"], component, target))
        started = threading.Event()

        async def serve():
            for address, port, component, target in listeners:
                await asyncio.start_server(
                    lambda reader, writer, of=(component, target): self._forward(reader, writer, *of), address, port
                )
            started.set()

        def run():
            self.network.enter_node()
            asyncio.set_event_loop(self.loop)
            self.loop.create_task(serve())
            self.loop.run_forever()

        threading.Thread(target=run, daemon=True).start()
        assert started.wait(10), "Services are served"

    async def _forward(self, reader, writer, service: str, port: int):
        pods = [pod for pod in self.pods if pod.service == service and pod.is_in_service]
        if not pods:
            writer.close()
            return
        # In turns, as a balancer that knows nothing of connections.
        pods.append(pods.pop(0))
        self.pods.sort(key=lambda pod: pod is pods[-1])
        there_reader, there_writer = await asyncio.open_connection(pods[-1].address, port)

        async def copy(source, sink):
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except ConnectionError:
                pass
            finally:
                sink.close()

        await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))

    def put(self, url: str, text: str) -> tuple[int, str]:
        return self.get(urllib.request.Request(url, text.encode(), method="PUT"))

    def get(self, request: str | urllib.request.Request, timeout: float = 3) -> tuple[int, str]:
        """Status and body; 0 when nobody answers."""

        def ask():
            try:
                with urllib.request.urlopen(request, timeout=timeout) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
            except OSError as error:
                return 0, str(error)

        return self.network.at_node(ask)

    def post(self, service: str, path: str, body: dict, bearer: str = "") -> dict:
        return self.ask(service, path, body, bearer)

    def ask(self, service: str, path: str, body: dict | None, bearer: str = "") -> dict:
        """A POST with `body`, or without one a GET."""
        host = self.network.hosts[f"demo-fanfare-{service}.{chart.NAMESPACE}.svc"]
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        port = self.objects["Service", f"demo-fanfare-{service}"]["spec"]["ports"][0]["port"]
        request = urllib.request.Request(f"http://{host}:{port}{path}", json.dumps(body).encode() if body else None, headers)

        def answer():
            with urllib.request.urlopen(request, timeout=20) as given:
                return json.loads(given.read())

        return self.network.at_node(answer)

    def probe(self, pod: Pod, name: str) -> tuple[int, str]:
        """As its specification says."""
        probe = pod.container.container[name]
        ports = {port["name"]: port["containerPort"] for port in pod.container.container["ports"]}
        port = ports[probe["httpGet"]["port"]]
        return self.get(f"http://{pod.address}:{port}{probe['httpGet']['path']}", probe["timeoutSeconds"])

    def await_ready(self, pod: Pod):
        deadline = time.monotonic() + START_SECONDS
        said = (0, "")
        while time.monotonic() < deadline and pod.container.process.poll() is None:
            said = self.probe(pod, "readinessProbe")
            if said[0] == 200:
                assert self.probe(pod, "startupProbe")[0] == self.probe(pod, "livenessProbe")[0] == 200
                pod.is_in_service = True
                return
            time.sleep(0.1)
        logs = "\n".join(container.said()[-3000:] for container in [pod.container, *self.others])
        raise AssertionError(f"{pod.container.pod_name} is not ready: {said}\n{logs}")

    def secret(self, name: str, key: str) -> str:
        return base64.b64decode(self.objects["Secret", name]["data"][key]).decode()

    def close(self):
        for container in [pod.container for pod in self.pods] + self.others:
            container.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.network.close()


def nats_server() -> pathlib.Path:
    return pathlib.Path(os.environ["FANFARE_NATS_SERVER"])
