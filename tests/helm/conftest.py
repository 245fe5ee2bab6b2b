import functools
import os
import pathlib
import shutil
import subprocess

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


@functools.cache
def may_make_namespaces() -> bool:
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    return subprocess.run(["unshare", "--net", "--uts", "--mount", "true"], capture_output=True).returncode == 0


def leave_out(why: str):
    """Skips the test, which is a failure where everything was asked for."""
    (pytest.fail if os.environ.get("FANFARE_TEST") == "all" else pytest.skip)(why)


def pytest_runtest_setup(item):
    """Before any fixture begins to need what is missing."""
    if item.path.name in ("test_run.py", "test_start.py", "test_image.py") and not may_make_namespaces():
        leave_out("namespaces and mounts need root, and more of a container than it has by default; and iproute2")
    for marker in item.iter_markers("needs"):
        name, package = marker.args
        if not shutil.which(name):
            leave_out(f"no {name}: apt-get install {package}")


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(program, package): is left out without the program")


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ["FANFARE_BINARY"])
    assert path.is_file(), f"{path} is not there: cargo build -p fanfare, or name it with FANFARE_BINARY"
    return path
