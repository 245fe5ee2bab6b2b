"""The image's last stage, built, unpacked and run: nothing in it but the binary, and what that is linked with."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import chart
import pytest
from cluster import Cluster, nats_server
from container import Image


pytestmark = pytest.mark.needs("buildah", "buildah")


def libraries(binary: pathlib.Path) -> list[pathlib.Path]:
    """What the binary is linked with, and its loader; nothing, where it is static."""
    said = subprocess.run(["ldd", binary], capture_output=True, text=True).stdout
    return [pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", said)]


class Builder:
    """buildah, with a store of its own."""

    def __init__(self, directory: pathlib.Path):
        store = ["--root", str(directory / "root"), "--runroot", str(directory / "run")]
        self._program = ["buildah", "--storage-driver", "vfs", *store]

    def build(self, context: pathlib.Path, name: str, *arguments: str):
        build = ["bud", "--isolation=chroot", "--pull-never", *arguments, "-t", name, str(context)]
        built = subprocess.run([*self._program, *build], capture_output=True, text=True)
        assert built.returncode == 0, built.stdout + built.stderr

    def unpack(self, name: str, directory: pathlib.Path):
        """As an OCI layout."""
        archive = directory.with_suffix(".tar")
        subprocess.run([*self._program, "push", "--quiet", name, f"oci-archive:{archive}"], check=True)
        with tarfile.open(archive) as image:
            image.extractall(directory, filter="data")
        archive.unlink()


@pytest.fixture(scope="module")
def archive(tmp_path_factory, binary):
    """The image as `deploy/Dockerfile` makes it, with the binary at hand in place of one that it builds.

    One that is static is put on `scratch`, as the one that is built would be; under any other are its libraries.
    """
    directory = tmp_path_factory.mktemp("image")
    builder = Builder(directory)
    context = directory / "context"
    runtime = "scratch"
    if needed := libraries(binary):
        assert os.environ.get("FANFARE_TEST") != "all", "the image's last stage is to be tried on scratch: link statically"
        runtime = "localhost/libraries"
        for path in needed:
            (context / path.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, context / path.relative_to("/"))
        (directory / "Libraries").write_text("FROM scratch\nCOPY . /\n")
        builder.build(context, runtime, "-f", str(directory / "Libraries"))
        shutil.rmtree(context)
    (context / "deploy/prebuilt").mkdir(parents=True)
    shutil.copy(chart.ROOT / "deploy/Dockerfile", context / "deploy/Dockerfile")
    shutil.copy(binary, context / "deploy/prebuilt/fanfare")
    values = {"RUNTIME_IMAGE": runtime, "BINARY": "prebuilt", "VERSION": "0.0.0-test"}
    arguments = [f"--build-arg={name}={value}" for name, value in values.items()]
    builder.build(context, "fanfare", *arguments, "-f", str(context / "deploy/Dockerfile"))
    builder.unpack("fanfare", directory / "layout")
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


def test_there_is_nothing_but_the_binary(archive, manifest, binary):
    files = []
    for layer in manifest["layers"]:
        with tarfile.open(blob(archive, layer["digest"])) as members:
            files += [(member.name, oct(member.mode & 0o777), member.uid) for member in members if not member.isdir()]
    below = {str(path.relative_to("/")) for path in libraries(binary)}
    assert {name for name, _mode, _user in files} - {"fanfare"} == below
    assert ("fanfare", "0o555", 0) in files


def test_every_service_runs_from_it(unpacked, config, tmp_path):
    files = [path for path in unpacked.rglob("*") if path.is_file()]
    places = tuple((f"/{path.relative_to(unpacked)}", path) for path in files)
    image = Image(tuple(config["Entrypoint"]), places, has_system=False)
    cluster = Cluster(
        tmp_path, chart.render({"fullnameOverride": "demo-fanfare", "defaults": {"replicas": 1}}), image, nats_server()
    )
    try:
        cluster.start()
        for pod in cluster.pods:
            assert not (pod.container.root / "usr").exists()
            assert pod.container.has_read_only_root()
            assert pod.container.status()["Uid"].split() == ["65532"] * 4
        assert {pod.service for pod in cluster.pods} == set(chart.SERVICES)
    finally:
        cluster.close()
