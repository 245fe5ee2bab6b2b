"""The chart, rendered by Helm's own engine."""

import functools
import pathlib

import helm_python
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "fanfare"
NAMESPACE = "push"
RELEASE = "demo"
SERVICES = ("auth", "notify", "chat", "gateway")

# Value sets: ours, and those that the chart comes with.
VALUES = {path.stem: path for path in sorted((ROOT / "tests/helm/values").glob("*.yaml"))}
VALUES |= {name: CHART / f"{name}.yaml" for name in ("values-kind", "values-prod")}


def values(name: str) -> dict:
    return yaml.safe_load(VALUES[name].read_text()) or {}


def chart() -> helm_python.Chart:
    """With the NATS chart too, where `helm dependency update` has put it.

    Loaded for each use: the NATS chart changes the values that it is rendered with, and a second rendering would see it.
    """
    return helm_python.Chart.load(CHART)


def has_nats_chart() -> bool:
    return any((CHART / "charts").glob("nats*"))


def render(given: dict) -> list[dict]:
    """Every object, hooks too, in no particular order. The notes are text and left out."""
    rendered = chart().render(given, name=RELEASE, namespace=NAMESPACE, revision=1, is_install=True)
    objects = []
    for path, text in rendered.items():
        if not path.endswith("NOTES.txt"):
            objects += [document for document in yaml.safe_load_all(text) if document]
    return objects


@functools.cache
def rendered(name: str) -> list[dict]:
    return render(values(name))


def of_kind(objects: list[dict], kind: str) -> list[dict]:
    return [document for document in objects if document["kind"] == kind]


def one(objects: list[dict], kind: str, name: str) -> dict:
    found = [document for document in of_kind(objects, kind) if document["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def pods(objects: list[dict]) -> list[tuple[str, dict]]:
    """Names and specifications of all pods, in templates too."""
    found = []
    for document in objects:
        if document["kind"] in ("Deployment", "StatefulSet"):
            found.append((document["metadata"]["name"], document["spec"]["template"]["spec"]))
        elif document["kind"] == "Pod":
            found.append((document["metadata"]["name"], document["spec"]))
    return found
