"""Install, upgrade, roll back, uninstall: what the chart has made once is kept."""

import contextlib
import shutil

import chart
import helm_python
import pytest
import stub_api

KEPT = ("demo-fanfare-admin", "demo-fanfare-nats-logins", "demo-fanfare-nats-tls")


@pytest.fixture
def api():
    api = stub_api.Api()
    yield api
    api.close()


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """The chart as it is installed: with the NATS chart, or, where there is none, without the dependency."""
    copy = tmp_path_factory.mktemp("chart") / "fanfare"
    shutil.copytree(chart.CHART, copy)
    if not chart.has_nats_chart():
        manifest = (copy / "Chart.yaml").read_text()
        before, rest = manifest.split("dependencies:\n")
        after = rest[rest.index("annotations:") :]
        (copy / "Chart.yaml").write_text(before + after)
    return copy


@contextlib.contextmanager
def helm(api):
    with helm_python.Config(kube_apiserver=api.address, namespace=chart.NAMESPACE, storage_driver="memory") as config:
        yield config


def secrets(api):
    found = {name: api.get("Secret", chart.NAMESPACE, name) for name in KEPT}
    return {name: secret["data"] for name, secret in found.items() if secret}


def replicas(api):
    return api.get("Deployment", chart.NAMESPACE, "demo-fanfare-gateway")["spec"]["replicas"]


def test_secrets_outlive_upgrade_rollback_and_uninstall(api, directory):
    with helm(api) as config:
        config.install(str(directory), "demo", {}, wait="hookOnly")
        made = secrets(api)
        assert made.keys() == set(KEPT)
        assert replicas(api) == 2

        config.upgrade(str(directory), "demo", {"gateway": {"replicas": 5}}, wait="hookOnly")
        assert replicas(api) == 5
        assert secrets(api) == made, "an upgrade has made other secrets"

        config.rollback("demo", version=1)
        assert replicas(api) == 2
        assert secrets(api) == made, "a rollback has made other secrets"

        config.uninstall("demo")
        assert api.get("Deployment", chart.NAMESPACE, "demo-fanfare-gateway") is None
        assert secrets(api) == made, "uninstall has taken secrets along"

        config.install(str(directory), "demo", {}, wait="hookOnly")
        assert secrets(api) == made, "a second installation has made other secrets"


def test_two_installations_share_no_secret(directory):
    made = []
    for _installation in range(2):
        api = stub_api.Api()
        with helm(api) as config:
            config.install(str(directory), "demo", {}, wait="hookOnly")
            made.append(secrets(api))
        api.close()
    for name in KEPT:
        for key in made[0][name]:
            assert made[0][name][key] != made[1][name][key], (name, key)


def test_a_secret_that_lacks_a_key_gets_it_and_keeps_the_others(api, directory):
    with helm(api) as config:
        config.install(str(directory), "demo", {}, wait="hookOnly")
        logins = api.get("Secret", chart.NAMESPACE, "demo-fanfare-nats-logins")
        before = dict(logins["data"])
        del logins["data"]["chat-password"]
        config.upgrade(str(directory), "demo", {}, wait="hookOnly")
        after = secrets(api)["demo-fanfare-nats-logins"]
        assert after.keys() == before.keys()
        assert {key for key in after if after[key] != before[key]} == {"chat-password"}


def test_refused_values_change_nothing(api, directory):
    with helm(api) as config:
        config.install(str(directory), "demo", {}, wait="hookOnly")
        with pytest.raises(helm_python.HelmError, match="terminationGracePeriodSeconds"):
            config.upgrade(
                str(directory),
                "demo",
                {"gateway": {"replicas": 7, "terminationGracePeriodSeconds": 5}},
                wait="hookOnly",
            )
        assert replicas(api) == 2


def test_an_older_kubernetes_is_refused(directory):
    api = stub_api.Api("v1.29.9")
    with helm(api) as config, pytest.raises(helm_python.HelmError, match="1.30"):
        config.install(str(directory), "demo", {}, wait="hookOnly")
    api.close()
