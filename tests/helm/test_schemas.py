"""What the API server would say: Helm's lint, and the schemas of Kubernetes and of the custom resources."""

import json
import os
import pathlib
import subprocess

import chart
import helm_python
import kubernetes_validate
import pytest

# The oldest that Chart.yaml takes, and the newest there are schemas of.
VERSIONS = ("1.30.0", "1.37.0")

CUSTOM = ("HTTPRoute", "PodMonitor", "PrometheusRule", "ScaledObject", "ServiceMonitor")


def custom_resources(documents: list[dict]) -> subprocess.CompletedProcess:
    modules = pathlib.Path(os.environ["FANFARE_HELM_NODE"])
    script = modules / "custom_resources.mjs"
    return subprocess.run(["node", script], input=json.dumps(documents), text=True, capture_output=True, cwd=modules)


@pytest.mark.parametrize("name", sorted(chart.VALUES))
@pytest.mark.parametrize("version", VERSIONS)
def test_lint_says_nothing(name, version):
    report = helm_python.lint(
        chart.CHART, chart.values(name), namespace=chart.NAMESPACE, kube_version=f"v{version}", strict=True
    )
    # That Chart.yaml has no icon, and that a clone has no NATS chart until `helm dependency update`.
    accepted = ("icon is recommended", "chart directory is missing these dependencies: nats")
    said = [message for message in report["messages"] if not any(text in message["error"] for text in accepted)]
    assert not [message for message in said if message["severity"] >= 1]


@pytest.mark.parametrize("version", VERSIONS)
def test_objects_are_valid(objects, version):
    for document in objects:
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, version, strict=True)


def test_custom_resources_are_valid(objects):
    documents = [document for document in objects if document["kind"] in CUSTOM]
    if documents:
        checked = custom_resources(documents)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_custom_resource_is_among_the_value_sets():
    kinds = {document["kind"] for name in chart.VALUES for document in chart.rendered(name)}
    expected = set(CUSTOM) if chart.has_nats_chart() else set(CUSTOM) - {"PodMonitor"}
    assert expected <= kinds


def test_the_check_of_custom_resources_can_fail():
    route = chart.of_kind(chart.rendered("route"), "HTTPRoute")[0]
    broken = json.loads(json.dumps(route))
    broken["spec"]["rules"][0]["backendRefs"][0].pop("name")
    assert custom_resources([broken]).returncode == 1


def test_the_check_of_objects_can_fail():
    broken = json.loads(json.dumps(chart.of_kind(chart.rendered("default"), "Deployment")[0]))
    broken["spec"]["template"]["spec"]["containers"][0]["imagePullPolcy"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)
