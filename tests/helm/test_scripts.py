"""Scripts and the Dockerfile, as far as linters see; and what `just kind-up` says where it cannot be."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

import chart
import pytest

KIND = chart.ROOT / "deploy/kind"
BASH = shutil.which("bash")


def linter(name: str) -> pathlib.Path:
    """One that is installed with these tests."""
    return pathlib.Path(sys.executable).with_name(name)


def test_scripts_are_sound():
    listed = subprocess.run(["git", "ls-files", "*.sh", ".ci/run"], cwd=chart.ROOT, capture_output=True, text=True)
    scripts = listed.stdout.split()
    assert len(scripts) > 10
    checked = subprocess.run([linter("shellcheck"), *scripts], cwd=chart.ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_the_dockerfile_is_sound():
    checked = subprocess.run([linter("hadolint"), chart.ROOT / "deploy/Dockerfile"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def lacks(path: pathlib.Path, **variables: str) -> list[str]:
    """What preflight says is missing, with nothing but `path` to find programs in."""
    environment = {"PATH": str(path), **variables}
    ran = subprocess.run([BASH, KIND / "preflight.sh"], env=environment, capture_output=True, text=True)
    lines = [line for line in ran.stderr.splitlines() if "inotify" not in line]
    assert ran.returncode == (1 if lines else 0) and ran.stdout == ""
    assert all(line.startswith("kind-up needs ") for line in lines), lines
    # Ports are this machine's, and no tool.
    return [line for line in lines if not line.startswith("kind-up needs port")]


def program(directory: pathlib.Path, name: str, script: str):
    path = directory / name
    path.write_text(f"#!{BASH}\n{script}\n")
    path.chmod(0o755)


def test_every_tool_that_is_missing_is_named_with_where_to_get_it(tmp_path):
    missing = lacks(tmp_path)
    assert [line.split()[2] for line in missing] == ["docker", "kind", "kubectl", "helm"]
    assert all("https://" in line for line in missing)


@pytest.fixture
def tools(tmp_path):
    """Programs that answer as the real ones do to what preflight asks."""
    program(tmp_path, "docker", 'case $* in --version) echo "Docker version 27.3.1" ;; info*) echo 8000000000 ;; esac')
    program(tmp_path, "kind", 'case $* in version) echo "kind v0.30.0 go1.22.6 linux/amd64" ;; esac')
    program(tmp_path, "kubectl", 'echo "Client Version: v1.34.0"')
    program(tmp_path, "helm", "echo v3.16.1+g5a5449d")
    return tmp_path


def test_nothing_is_lacking_where_everything_is_there(tools):
    assert lacks(tools) == []


@pytest.mark.parametrize("name", ["docker", "kind", "kubectl", "helm"])
def test_a_tool_that_is_too_old_is_told(tools, name):
    program(tools, name, "echo version v0.2.9")
    assert any(re.search(f"needs {name} .* or later, and this is version v0.2.9", line) for line in lacks(tools))


def test_a_daemon_that_does_not_answer_is_told(tools):
    program(tools, "docker", 'case $* in --version) echo "Docker version 27.3.1" ;; info*) exit 1 ;; esac')
    assert [line for line in lacks(tools) if "a running Docker daemon" in line]


def test_little_memory_is_told(tools):
    program(tools, "docker", 'case $* in --version) echo "Docker version 27.3.1" ;; info*) echo 2000000000 ;; esac')
    assert [line for line in lacks(tools) if "it has 2000 MB" in line]


def test_a_docker_that_cannot_build_the_image_is_told_unless_there_is_one(tools):
    old = 'case $* in --version) echo "Docker version 27.3.1" ;; info*) echo 8000000000 ;; buildx*) exit 1 ;; esac'
    program(tools, "docker", old)
    assert [line for line in lacks(tools) if "BuildKit" in line]
    assert lacks(tools, FANFARE_IMAGE="fanfare:mine") == []


def test_a_port_that_is_taken_is_told_unless_the_cluster_is_ours(tools):
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # somebody else has it, which is as good
            taken.bind(("127.0.0.1", 30082))
            taken.listen()
        command = [BASH, KIND / "preflight.sh"]
        environment = {"PATH": str(tools)}
        said = subprocess.run(command, env=environment, capture_output=True, text=True).stderr
        assert "port 30082 of 127.0.0.1" in said
        program(tools, "kind", 'case $* in version) echo "kind v0.30.0" ;; *) echo fanfare ;; esac')
        said = subprocess.run(command, env=environment, capture_output=True, text=True).stderr
        assert "port 30082" not in said


class Machine:
    """Programs that note what they are asked, and a cluster that is there once it was made."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.notes = directory / "notes"
        self.path = f"{directory}:{os.environ['PATH']}"
        note = f'echo "${{0##*/}} $*" >> {self.notes}'
        made = directory / "made"
        program(directory, "docker", f"{note}; case $* in info*) echo 8000000000 ;; *inspect*) echo sha256:1 ;; esac")
        kind = (
            f'"get clusters") test ! -e {made} || echo fanfare ;; "get nodes"*) echo node ;; create*) touch {made} ;;'
        )
        program(directory, "kind", f"{note}; case $* in version) echo v0.30.0 ;; {kind} esac")
        program(
            directory, "kubectl", f"{note}; case $* in *current-context) echo mine ;; *secret*) echo cGFzcw== ;; esac"
        )
        self.release("deployed")

    def release(self, status: str):
        note = f'echo "${{0##*/}} $*" >> {self.notes}'
        program(self.directory, "helm", f'{note}; case $* in *status*) echo "STATUS: {status}" ;; esac')

    def up(self) -> tuple[subprocess.CompletedProcess, list[str]]:
        self.notes.write_text("")
        environment = {"PATH": self.path, "HOME": str(self.directory)}
        ran = subprocess.run([BASH, KIND / "up.sh"], env=environment, capture_output=True, text=True)
        return ran, self.notes.read_text().splitlines()


@pytest.fixture
def machine(tmp_path):
    ran = subprocess.run([BASH, KIND / "preflight.sh"], env={"PATH": "/"}, capture_output=True, text=True)
    if "needs port" in ran.stderr:
        pytest.skip("something listens where the cluster would")
    return Machine(tmp_path)


def test_up_makes_a_cluster_once_and_says_what_to_try(machine):
    ran, asked = machine.up()
    assert ran.returncode == 0, ran.stderr
    steps = ("kind create cluster", "docker build --", "kind load", " upgrade --install ", " test fanfare")
    places = [next(place for place, line in enumerate(asked) if step in line) for step in steps]
    assert places == sorted(places)
    assert "http://127.0.0.1:30081   (admin, pass)" in ran.stdout
    assert "curl http://127.0.0.1:30082/v1/notifications" in ran.stdout

    ran, asked = machine.up()
    assert ran.returncode == 0, ran.stderr
    assert not [line for line in asked if "create cluster" in line]
    assert [line for line in asked if line == "docker start node"]


def test_up_leaves_the_users_own_context(machine):
    for _time in ("first", "again"):
        _ran, asked = machine.up()
        last = max(place for place, line in enumerate(asked) if "create cluster" in line or "export kubeconfig" in line)
        assert "kubectl config use-context mine" in asked[last:]


@pytest.mark.parametrize(("status", "step"), [("pending-install", "uninstall"), ("pending-upgrade", "rollback")])
def test_up_goes_on_after_one_that_was_cut_short(machine, status, step):
    machine.release(status)
    ran, asked = machine.up()
    assert ran.returncode == 0, ran.stderr
    begun = next(place for place, line in enumerate(asked) if f" {step} fanfare" in line)
    assert " upgrade --install " in " ".join(asked[begun:])


def test_up_begins_nothing_where_something_is_lacking(machine):
    program(machine.directory, "docker", "exit 1")
    ran, asked = machine.up()
    assert ran.returncode == 1 and "a running Docker daemon" in ran.stderr
    assert not [line for line in asked if "create" in line or line.startswith("helm --kube")]
