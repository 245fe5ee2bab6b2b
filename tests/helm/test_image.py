"""The image's last stage, built, unpacked and run: nothing in it but the binary."""

import json
import pathlib
import shutil
import subprocess
import tarfile

import chart
import pytest
from cluster import Cluster, nats_server
from container import Image


def is_static(binary: pathlib.Path) -> bool:
    """Whether it runs where there is no loader: it names none."""
    return b"/lib64/ld-linux" not in subprocess.run(["readelf", "-l", binary], capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory, binary):
    """The image as `deploy/Dockerfile` makes it, with the binary at hand in place of one that it builds."""
    if not shutil.which("buildah"):
        pytest.skip("no buildah: apt-get install buildah")
    if not is_static(binary):
        pytest.skip(f"{binary} is not static, so it cannot run from scratch: build it as deploy/Dockerfile does")
    directory = tmp_path_factory.mktemp("image")
    context = directory / "context"
    (context / "deploy/prebuilt").mkdir(parents=True)
    shutil.copy(chart.ROOT / "deploy/Dockerfile", context / "deploy/Dockerfile")
    shutil.copy(binary, context / "deploy/prebuilt/fanfare")
    buildah = [
        "buildah",
        "--storage-driver",
        "vfs",
        "--root",
        str(directory / "root"),
        "--runroot",
        str(directory / "run"),
    ]
    arguments = ["--build-arg=RUNTIME_IMAGE=scratch", "--build-arg=BINARY=prebuilt", "--build-arg=VERSION=0.0.0-test"]
    built = subprocess.run(
        [
            *buildah,
            "bud",
            "--isolation=chroot",
            *arguments,
            "-f",
            str(context / "deploy/Dockerfile"),
            "-t",
            "fanfare",
            str(context),
        ],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    subprocess.run([*buildah, "push", "--quiet", "fanfare", f"oci-archive:{directory}/image.tar"], check=True)
    with tarfile.open(directory / "image.tar") as image:
        image.extractall(directory / "layout", filter="data")
    shutil.rmtree(context)
    return directory / "layout"


def blob(archive: pathlib.Path, digest: str) -> pathlib.Path:
    return archive / "blobs" / digest.replace(":", "/")


@pytest.fixture(scope="module")
def manifest(archive):
    index = json.loads((archive / "index.json").read_text())
    return json.loads(blob(archive, index["manifests"][0]["digest"]).read_text())


@pytest.fixture(scope="module")
def config(archive, manifest):
    return json.loads(blob(archive, manifest["config"]["digest"]).read_text())["config"]


@pytest.fixture(scope="module")
def unpacked(archive, manifest, tmp_path_factory):
    directory = tmp_path_factory.mktemp("unpacked")
    for layer in manifest["layers"]:
        with tarfile.open(blob(archive, layer["digest"])) as files:
            files.extractall(directory, filter="data")
    return directory


def test_configuration(config):
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/fanfare"]
    assert config.get("StopSignal") == "SIGTERM"
    assert config["ExposedPorts"].keys() == {"8000/tcp", "9000/tcp"}
    assert config["Labels"]["org.opencontainers.image.version"] == "0.0.0-test"
    assert "Healthcheck" not in config and "Cmd" not in config


def test_there_is_nothing_but_the_binary(archive, manifest):
    files = []
    for layer in manifest["layers"]:
        with tarfile.open(blob(archive, layer["digest"])) as members:
            files += [(member.name, oct(member.mode & 0o777), member.uid) for member in members if not member.isdir()]
    assert files == [("fanfare", "0o555", 0)]


def test_every_service_runs_from_it(unpacked, config, tmp_path):
    image = Image(tuple(config["Entrypoint"]), (("/fanfare", unpacked / "fanfare"),), has_system=False)
    cluster = Cluster(
        tmp_path, chart.render({"fullnameOverride": "demo-fanfare", "defaults": {"replicas": 1}}), image, nats_server()
    )
    try:
        cluster.start()
        for pod in cluster.pods:
            assert not (pod.container.root / "usr").exists()
            assert pod.container.status()["Uid"].split() == ["65532"] * 4
        assert {pod.service for pod in cluster.pods} == set(chart.SERVICES)
    finally:
        cluster.close()
