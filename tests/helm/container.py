"""One container, started as a kubelet would: its command, arguments, environment, files, user and read-only root."""

import base64
import os
import pathlib
import shutil
import signal
import subprocess
import time
import typing

# Mounts, then becomes the container's process: every step is an exec, so its id is the one we know.
START = """
set -eu
root=$1 name=$2 writable=$3 system=$4; shift 4
hostname "$name"
mount --make-rprivate /
mount --bind "$root" "$root"
for directory in $system; do
    mount --bind -o ro "/$directory" "$root/$directory"
done
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
for directory in $writable; do
    mount --bind "$root/$directory" "$root/$directory"
done
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs env -i "$@"
"""

SYSTEM = [directory for directory in ("usr", "lib", "lib64", "bin", "etc/ssl") if os.path.exists(f"/{directory}")]
CHROOT = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin")


class Image(typing.NamedTuple):
    """What a container runs, where its specification has no command of its own."""

    entrypoint: tuple[str, ...] = ()
    # Where a file is in the image, and where it is here.
    files: tuple[tuple[str, pathlib.Path], ...] = ()
    # Variables of the image.
    variables: tuple[str, ...] = ()
    # Whether it has this system's programs and libraries, too.
    has_system: bool = True


class Container:
    """Runs the first container of a pod. `objects` has Secrets and ConfigMaps by (kind, name)."""

    def __init__(
        self, directory: pathlib.Path, space: str, pod_name: str, spec: dict, objects: dict, hosts: str, image: Image
    ):
        self.pod_name = pod_name
        self.spec = spec
        self.objects = objects
        self.root = directory / pod_name
        self.log = directory / f"{pod_name}.log"
        self.container = spec["containers"][0]
        self.user = spec["securityContext"]["runAsUser"]
        self.group = spec["securityContext"]["fsGroup"]
        system = SYSTEM if image.has_system else []
        for name in ("dev", "proc", "etc", *system):
            (self.root / name).mkdir(parents=True)
        (self.root / "etc/hosts").write_text(hosts)
        (self.root / "etc/nsswitch.conf").write_text("hosts: files\n")
        for path, source in image.files:
            place = self.root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)
        writable = self._mount_volumes()
        command = [*self.container.get("command", image.entrypoint), *self.container.get("args", [])]
        variables = [*image.variables] + [f"{name}={value}" for name, value in self.environment().items()]
        self.output = open(self.log, "wb")
        self.process = subprocess.Popen(
            [
                *("ip", "netns", "exec", space, "unshare", "--uts", "--mount", "sh", "-c", START, "sh"),
                *(str(self.root), pod_name, " ".join(writable), " ".join(system), *variables),
                *(CHROOT, f"--userspec={self.user}:{self.group}", "--groups=", str(self.root), *command),
            ],
            stdout=self.output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )

    def environment(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for variable in self.container.get("env", []):
            if "value" in variable:
                value = variable["value"]
                for name, known in values.items():
                    value = value.replace(f"$({name})", known)
            elif "secretKeyRef" in variable["valueFrom"]:
                source = variable["valueFrom"]["secretKeyRef"]
                value = self.file("Secret", source["name"])[source["key"]].decode()
            else:
                assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
                value = self.pod_name
            values[variable["name"]] = value
        return values

    def file(self, kind: str, name: str) -> dict[str, bytes]:
        data = self.objects[kind, name]["data"]
        return {key: base64.b64decode(text) if kind == "Secret" else text.encode() for key, text in data.items()}

    def _mount_volumes(self) -> list[str]:
        """Lays the files; answers which directories are to stay writable."""
        writable = []
        volumes = {volume["name"]: volume for volume in self.spec.get("volumes", [])}
        for mount in self.container.get("volumeMounts", []):
            place = self.root / mount["mountPath"].lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            volume = volumes.get(mount["name"], {"persistentVolumeClaim": {}})
            for kind, key in (("Secret", "secret"), ("ConfigMap", "configMap")):
                if key in volume:
                    source = volume[key]
                    self._lay(place, self.file(kind, source.get("secretName") or source.get("name")), source)
            if volume.keys() & {"emptyDir", "persistentVolumeClaim"}:
                os.chown(place, 0, self.group)
                os.chmod(place, 0o2775)
                writable.append(str(place.relative_to(self.root)))
        return writable

    def _lay(self, place: pathlib.Path, files: dict[str, bytes], source: dict):
        items = source.get("items") or [{"key": key, "path": key} for key in files]
        for item in items:
            path = place / item["path"]
            path.write_bytes(files[item["key"]])
            os.chown(path, 0, self.group)
            os.chmod(path, source.get("defaultMode", 0o644))

    def status(self) -> dict[str, str]:
        """What the kernel says of the process."""
        lines = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}

    def has_read_only_root(self) -> bool:
        """What the kernel says of the mount that the process sees as /."""
        lines = pathlib.Path(f"/proc/{self.process.pid}/mountinfo").read_text().splitlines()
        mounts = {fields[4]: fields[5] for fields in map(str.split, lines)}
        return "ro" in mounts["/"].split(",")

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def terminate(self) -> float:
        """Ends it as a kubelet: the hook, SIGTERM, and the kill when the grace is over. Seconds that it took in all."""
        began = time.monotonic()
        time.sleep(self.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))
        self.process.send_signal(signal.SIGTERM)
        grace = self.spec["terminationGracePeriodSeconds"]
        try:
            self.process.wait(grace - (time.monotonic() - began))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - began

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.output.close()
