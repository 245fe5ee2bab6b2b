import os
import pathlib

import chart
import pytest


@pytest.fixture(params=sorted(chart.VALUES))
def objects(request):
    """What each value set renders to."""
    return chart.rendered(request.param)


def pytest_report_header(config):
    if chart.has_nats_chart():
        return "the NATS chart is there, and rendered too"
    return "helm/fanfare/charts has no NATS chart: of the bundled NATS only what we bring to it is rendered"


@pytest.fixture(autouse=True)
def root(request):
    if request.path.name in ("test_run.py", "test_image.py") and os.geteuid() != 0:
        pytest.skip("namespaces and mounts need root")


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ["FANFARE_BINARY"])
    assert path.is_file(), f"{path} is not there: cargo build -p fanfare, or name it with FANFARE_BINARY"
    return path
