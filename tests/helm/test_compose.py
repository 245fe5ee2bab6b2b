"""`deploy/compose.yaml`, as far as it can be held without Docker."""

import json
import re
import subprocess

import chart
import compose_spec
import pytest
import yaml

DEPLOY = chart.ROOT / "deploy"


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_variables_are_those_that_the_script_writes(tmp_path):
    subprocess.run(["bash", DEPLOY / "nats/secrets.sh", tmp_path, "nats"], check=True, capture_output=True)
    written = set(re.findall(r"^(\w+)=", (tmp_path / "nats.env").read_text(), re.MULTILINE))
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    assert used <= written, used - written
    assert (tmp_path / "ca.pem").stat().st_mode & 0o004, "read by the services' user"
    assert not (tmp_path / "ca-key.pem").stat().st_mode & 0o077


def test_nats_gets_every_variable_of_its_configuration(compose):
    needed = set()
    for name in ("nats.conf", "server.conf"):
        needed |= set(re.findall(r"\$(NATS_\w+)", (DEPLOY / "nats" / name).read_text()))
    assert needed == compose["services"]["nats"]["environment"].keys()


def test_services_are_told_what_they_know(compose, binary):
    for service in chart.SERVICES:
        said = subprocess.run([binary, service, "--help"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"\[env: (FANFARE_[A-Z0-9_]+)", said))
        assert compose["services"][service]["command"] == [service]
        assert compose["services"][service]["environment"].keys() <= known


def test_what_is_mounted_is_there(compose):
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and "secrets" not in source:
                assert (DEPLOY / source).exists(), (name, source)


def test_it_is_what_the_specification_of_compose_says(compose):
    """By a strict reading of it: a key that it does not know is an error."""
    compose_spec.PyCompose.from_json(json.dumps(compose)).validate()


def test_the_reading_of_compose_can_fail(compose):
    wrong = compose | {"services": {"nats": {"image": "nats", "read_onyl": True}}}
    with pytest.raises(ValueError, match="read_onyl"):
        compose_spec.PyCompose.from_json(json.dumps(wrong))


def test_services_and_volumes_that_are_named_are_there(compose):
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", [])) <= compose["services"].keys(), name
        named = {volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith(".")}
        assert named <= compose["volumes"].keys(), name


def test_everything_listens_on_loopback(compose):
    for name, service in compose["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


@pytest.mark.needs("nginx", "nginx-light")
def test_the_proxy_takes_its_configuration(tmp_path):
    arguments = ["nginx", "-t", "-c", DEPLOY / "compose/nginx.conf", "-g", f"pid {tmp_path}/pid;"]
    checked = subprocess.run(arguments, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.needs("promtool", "prometheus")
def test_prometheus_takes_its_configuration_and_the_alerts(tmp_path):
    configuration = (DEPLOY / "compose/prometheus.yml").read_text()
    alerts = chart.CHART / "alerts"
    (tmp_path / "prometheus.yml").write_text(configuration.replace("/etc/prometheus/alerts", str(alerts)))
    checked = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True
    )
    assert checked.returncode == 0 and "rules found" in checked.stdout, checked.stdout + checked.stderr
