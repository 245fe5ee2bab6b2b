"""What we promise of the objects ourselves."""

import base64
import hashlib
import json
import re
import subprocess

import chart
import pytest
import yaml

# Of a pod that may run in a namespace with the restricted pod security standard.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def matches(selector: dict, labels: dict) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def test_pods_are_restricted(objects):
    for name, pod in chart.pods(objects):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), name
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True and context["runAsUser"] > 10000, name
        assert context["seccompProfile"]["type"] == "RuntimeDefault", name
        for volume in pod.get("volumes", []):
            assert VOLUMES & volume.keys(), (name, volume)
        for container in pod["containers"] + pod.get("initContainers", []):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name


def test_every_container_says_what_it_needs(objects):
    for name, pod in chart.pods(objects):
        for container in pod["containers"]:
            resources = container["resources"]
            assert resources["requests"].keys() >= {"cpu", "memory"}, name
            assert "memory" in resources["limits"], name


def test_images_are_pinned(objects):
    for name, pod in chart.pods(objects):
        for container in pod["containers"]:
            image = container["image"]
            assert "@sha256:" in image or re.search(r":[^/:]+$", image), (name, image)
            assert not image.endswith(":latest"), (name, image)


def test_selectors_find_pods_and_ports_have_names(objects):
    templates = [
        (document["metadata"]["name"], document["spec"]["template"])
        for document in objects
        if document["kind"] in ("Deployment", "StatefulSet")
    ]
    for document in objects:
        name = document["metadata"]["name"]
        if document["kind"] in ("Deployment", "StatefulSet"):
            labels = document["spec"]["template"]["metadata"]["labels"]
            assert matches(document["spec"]["selector"]["matchLabels"], labels), name
        elif document["kind"] == "Service":
            found = [
                template
                for _name, template in templates
                if matches(document["spec"]["selector"], template["metadata"]["labels"])
            ]
            assert len(found) == 1 or "nats" in name, f"{name} finds {len(found)}"
            ports = {
                port["name"]
                for template in found
                for container in template["spec"]["containers"]
                for port in container["ports"]
            }
            for port in document["spec"]["ports"]:
                assert not found or port["targetPort"] in ports, (name, port)
        elif document["kind"] in ("PodDisruptionBudget", "NetworkPolicy"):
            spec = document["spec"]
            selector = (spec.get("selector") or spec.get("podSelector"))["matchLabels"]
            if selector["app.kubernetes.io/component"] != "nats":
                assert [1 for _name, template in templates if matches(selector, template["metadata"]["labels"])], name


def test_what_is_referred_to_is_there(objects):
    """A Secret or ConfigMap is made by the chart, or named in the values."""
    made = {(document["kind"], document["metadata"]["name"]) for document in objects}
    for name, pod in chart.pods(objects):
        for kind, reference, keys in references(pod):
            if (kind, reference) in made:
                data = chart.one(objects, kind, reference)["data"]
                assert keys <= data.keys(), (name, reference, keys - data.keys())
            else:
                assert not reference.startswith(chart.RELEASE), (
                    f"{name} refers to {kind} {reference}, which nobody makes"
                )


def references(pod: dict):
    for volume in pod.get("volumes", []):
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"], {item["key"] for item in volume["secret"].get("items", [])}
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"], set()
    for container in pod["containers"]:
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {}).get("secretKeyRef")
            if source:
                yield "Secret", source["name"], {source["key"]}


def test_variables_are_unique(objects):
    for document in chart.of_kind(objects, "Deployment"):
        container = document["spec"]["template"]["spec"]["containers"][0]
        names = [variable["name"] for variable in container["env"]]
        assert len(names) == len(set(names)), names


def test_the_drain_fits_into_the_grace_period(objects):
    for document in chart.of_kind(objects, "Deployment"):
        pod = document["spec"]["template"]["spec"]
        container = pod["containers"][0]
        variables = {variable["name"]: variable.get("value") for variable in container["env"]}
        pre_stop = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = int(variables["FANFARE_GRACE_SECONDS"])
        within = int(variables["FANFARE_LAME_DUCK_MS"]) / 1000 + int(variables.get("FANFARE_DRAIN_WINDOW_MS", 0)) / 1000
        # Last words of clients take 5 s, handing over reports 5 s, requests under way 10 s.
        assert within + 20 <= grace, document["metadata"]["name"]
        # Services end within 10 s after that.
        assert pre_stop + grace + 10 <= pod["terminationGracePeriodSeconds"], document["metadata"]["name"]


def test_liveness_does_not_ask_what_readiness_asks(objects):
    for document in chart.of_kind(objects, "Deployment"):
        container = document["spec"]["template"]["spec"]["containers"][0]
        probes = {
            name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")
        }
        assert probes == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}


def test_an_autoscaler_owns_the_number_of_pods(objects):
    targets = {
        document["spec"]["scaleTargetRef"]["name"]
        for document in objects
        if document["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
    }
    budgets = {document["metadata"]["name"] for document in chart.of_kind(objects, "PodDisruptionBudget")}
    for document in chart.of_kind(objects, "Deployment"):
        name = document["metadata"]["name"]
        assert ("replicas" in document["spec"]) != (name in targets), name
        assert (name in budgets) == (name in targets or document["spec"]["replicas"] > 1), name


def test_large_numbers_are_written_out(objects):
    text = json.dumps([document for document in objects if document["kind"] not in ("ConfigMap", "Secret")])
    assert not re.search(r"\d(\.\d+)?e\+\d", text)


def test_pods_know_nothing_of_the_charts_version(objects):
    for document in chart.of_kind(objects, "Deployment"):
        assert "helm.sh/chart" not in document["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize("kind", ["HTTPRoute", "Ingress"])
def test_each_path_goes_to_who_serves_it(kind):
    route = chart.of_kind(chart.rendered({"HTTPRoute": "route", "Ingress": "ingress"}[kind]), kind)[0]
    found = {}
    if kind == "HTTPRoute":
        for rule in route["spec"]["rules"]:
            for match in rule["matches"]:
                found[match["path"]["value"]] = rule["backendRefs"][0]["name"]
    else:
        for path in route["spec"]["rules"][0]["http"]["paths"]:
            found[path["path"]] = path["backend"]["service"]["name"]
    console = {"/": "gateway"} if kind == "Ingress" else {}
    assert {path: name.removeprefix("demo-fanfare-") for path, name in found.items()} == console | {
        "/ws": "gateway",
        "/v1/fleet": "gateway",
        "/v1/auth": "auth",
        "/v1/users": "auth",
        "/.well-known/jwks.json": "auth",
        "/v1/rooms": "chat",
        "/v1/chat": "chat",
        "/v1": "notify",
    }


def test_logins_are_those_of_deploy():
    """The chart carries copies, because a chart takes no file from outside itself."""
    deploy, files = chart.ROOT / "deploy/nats", chart.CHART / "files/nats"
    for service in chart.SERVICES:
        assert (files / f"{service}.conf").read_text() == (deploy / f"{service}.conf").read_text(), service
    accounts = (files / "accounts.conf").read_text()
    ours = accounts[accounts.index("accounts {") :]
    assert ours in (deploy / "server.conf").read_text()


def test_nats_restarts_when_what_a_login_may_do_changes():
    """To bring it up to date, put in what this prints."""
    files = sorted((chart.CHART / "files/nats").glob("*.conf"))
    summed = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    values = yaml.safe_load((chart.CHART / "values.yaml").read_text())
    annotations = values["nats"]["podTemplate"]["merge"]["metadata"]["annotations"]
    assert annotations["checksum/fanfare-logins"] == summed


@pytest.mark.skipif(not chart.has_nats_chart(), reason="the NATS chart is not there: helm dependency update")
@pytest.mark.parametrize(
    ("values", "size"), [("default", "9216Mi"), ("values-kind", "921Mi"), ("values-prod", "92160Mi")]
)
def test_nats_leaves_room_on_its_volume(values, size):
    configuration = chart.one(chart.rendered(values), "ConfigMap", "demo-nats-config")["data"]["nats.conf"]
    assert f'"max_file_store": {size}' in configuration


def test_nats_passwords_do_not_look_like_numbers():
    secret = chart.one(chart.rendered("default"), "Secret", "demo-fanfare-nats-logins")
    for key, value in secret["data"].items():
        assert re.fullmatch(r"p[0-9A-Za-z]{40}", base64.b64decode(value).decode()), key


def test_policies_let_the_test_in_where_clients_come_from_a_namespace():
    policy = chart.one(chart.rendered("values-prod"), "NetworkPolicy", "demo-fanfare-gateway")
    test = chart.one(chart.rendered("values-prod"), "Pod", "demo-fanfare-test")["metadata"]["labels"]
    peers = [
        peer["podSelector"]["matchLabels"] for peer in policy["spec"]["ingress"][0]["from"] if "podSelector" in peer
    ]
    assert any(matches(peer, test) for peer in peers)


def test_traces_go_from_every_service_to_the_collector_and_nowhere_when_there_is_none():
    for service in chart.SERVICES:
        assert not [name for name in variables("default", service) if name.startswith("OTEL_")], service
        set_to = variables("traced", service)
        assert set_to["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://collector.monitoring:4317", service
        assert set_to["OTEL_TRACES_SAMPLER"] == "parentbased_always_on", service
        assert float(set_to["OTEL_TRACES_SAMPLER_ARG"]) == 0.0001, service
        attributes = f"k8s.namespace.name={chart.NAMESPACE},k8s.pod.name=$(POD_NAME),deployment.environment.name=lab,team=push"
        assert set_to["OTEL_RESOURCE_ATTRIBUTES"] == attributes, service
        policy = chart.one(chart.rendered("traced"), "NetworkPolicy", f"demo-fanfare-{service}")
        [peers] = [rule["to"] for rule in policy["spec"]["egress"] if {"port": 4317, "protocol": "TCP"} in rule["ports"]]
        assert peers == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}], service


def variables(values: str, service: str) -> dict:
    deployment = chart.one(chart.rendered(values), "Deployment", f"demo-fanfare-{service}")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    return {variable["name"]: variable.get("value") for variable in container["env"]}


def test_every_option_of_the_schema_is_one_of_the_binary(binary):
    schema = json.loads((chart.CHART / "values.schema.json").read_text())
    options = schema["definitions"]["gateway"]["properties"]["options"]["properties"]
    said = subprocess.run([binary, "gateway", "--help"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"--([a-z0-9-]+)", said))
    spelled = {re.sub(r"([A-Z])", lambda found: "-" + found[1].lower(), option) for option in options}
    assert spelled <= known, spelled - known


@pytest.mark.parametrize("side", ["minimum", "maximum"])
def test_options_are_bounded_as_the_binary_bounds_them(binary, side):
    """Tried out: what is complained of is the option beyond its bound, and at it the one that does not exist."""
    schema = json.loads((chart.CHART / "values.schema.json").read_text())
    options = schema["definitions"]["gateway"]["properties"]["options"]["properties"]
    for option, rules in options.items():
        if side not in rules:
            continue
        spelled = "--" + re.sub(r"([A-Z])", lambda found: "-" + found[1].lower(), option)
        beyond = rules[side] + (1 if side == "maximum" else -1)
        for value, complaint in ((rules[side], "--no-such-option"), (beyond, spelled)):
            command = [binary, "gateway", f"{spelled}={value}", "--no-such-option"]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 2 and complaint in done.stderr.splitlines()[0], (option, value, done.stderr)


def test_every_variable_is_one_of_the_binary(objects, binary):
    for document in chart.of_kind(objects, "Deployment"):
        container = document["spec"]["template"]["spec"]["containers"][0]
        said = subprocess.run([binary, *container["args"], "--help"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"\[env: (FANFARE_[A-Z0-9_]+)", said)) | set(re.findall(r"OTEL_[A-Z0-9_]+", said))
        used = {variable["name"] for variable in container["env"] if re.match("FANFARE_|OTEL_", variable["name"])}
        assert used <= known, (document["metadata"]["name"], used - known)
