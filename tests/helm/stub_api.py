"""A Kubernetes API in memory, enough for Helm: objects are stored and answered, nothing is validated or watched.

Helm runs against it with `storage_driver="memory"` and `wait="hookOnly"`.
"""

import http.server
import json
import threading
import urllib.parse

import yaml

RESOURCES = {
    "v1": {
        "secrets": "Secret",
        "services": "Service",
        "serviceaccounts": "ServiceAccount",
        "configmaps": "ConfigMap",
        "pods": "Pod",
        "namespaces": "Namespace",
    },
    "apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy", "ingresses": "Ingress"},
}
KINDS = {plural: (kind, group) for group, kinds in RESOURCES.items() for plural, kind in kinds.items()}
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
OPENAPI = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


class Api:
    """`objects` maps an object's path to what is stored there."""

    def __init__(self, version: str = "v1.34.0"):
        self.version = version
        self.objects: dict[str, dict] = {}
        self.revision = 0
        handler = type("Handler", (Handler,), {"api": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def get(self, kind: str, namespace: str, name: str) -> dict | None:
        plural = next(plural for plural, (found, _group) in KINDS.items() if found == kind)
        return next(
            (
                found
                for path, found in self.objects.items()
                if path.endswith(f"/namespaces/{namespace}/{plural}/{name}")
            ),
            None,
        )

    def put(self, path: str, given: dict) -> dict:
        self.revision += 1
        metadata = given.setdefault("metadata", {})
        metadata["resourceVersion"] = str(self.revision)
        metadata.setdefault("uid", str(self.revision))
        metadata.setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
        self.objects[path] = given
        return given

    def discovery(self, path: str) -> dict | None:
        if path == "/version":
            major, minor, _patch = self.version.removeprefix("v").split(".")
            return {"major": major, "minor": minor, "gitVersion": self.version}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            groups = [{"groupVersion": name, "version": name.split("/")[1]} for name in RESOURCES if "/" in name]
            return {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [
                    {"name": group["groupVersion"].split("/")[0], "versions": [group], "preferredVersion": group}
                    for group in groups
                ],
            }
        name = path.removeprefix("/api/").removeprefix("/apis/")
        if name not in RESOURCES:
            return None
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": name,
            "resources": [
                {
                    "name": plural,
                    "singularName": kind.lower(),
                    "namespaced": kind != "Namespace",
                    "kind": kind,
                    "verbs": VERBS,
                }
                for plural, kind in RESOURCES[name].items()
            ],
        }

    def listing(self, path: str, query: str) -> dict | None:
        plural = path.rsplit("/", 1)[1]
        if plural not in KINDS:
            return None
        selector = urllib.parse.parse_qs(query).get("labelSelector", [""])[0]
        wanted = [pair.split("=", 1) for pair in selector.split(",") if "=" in pair]
        kind, group = KINDS[plural]
        items = [
            found
            for place, found in self.objects.items()
            if place.startswith(path + "/")
            and all(found["metadata"].get("labels", {}).get(key) == value for key, value in wanted)
        ]
        return {
            "kind": f"{kind}List",
            "apiVersion": group,
            "metadata": {"resourceVersion": str(self.revision)},
            "items": items,
        }


class Handler(http.server.BaseHTTPRequestHandler):
    api: Api
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def answer(self, body: dict, status: int = 200):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def answer_missing(self):
        self.answer({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}, 404)

    def body(self) -> dict:
        return yaml.safe_load(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    @property
    def place(self) -> str:
        return urllib.parse.urlparse(self.path).path

    def do_GET(self):
        if self.place == "/openapi/v2":
            self.send_response(200)
            self.send_header("Content-Type", OPENAPI)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        query = urllib.parse.urlparse(self.path).query
        found = (
            self.api.discovery(self.place) or self.api.objects.get(self.place) or self.api.listing(self.place, query)
        )
        if found:
            self.answer(found)
        else:
            self.answer_missing()

    def do_POST(self):
        given = self.body()
        self.answer(self.api.put(f"{self.place}/{given['metadata']['name']}", given), 201)

    def do_PUT(self):
        self.answer(self.api.put(self.place, self.body()))

    def do_PATCH(self):
        is_new = self.place not in self.api.objects
        self.answer(self.api.put(self.place, self.body()), 201 if is_new else 200)

    def do_DELETE(self):
        self.body()
        found = self.api.objects.pop(self.place, None)
        if found:
            self.answer(found)
        else:
            self.answer_missing()
