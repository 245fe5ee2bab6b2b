"""Network namespaces for pods, on a bridge that is in a namespace too: nothing of it is seen outside."""

import ctypes
import itertools
import os
import subprocess
import threading

CLONE_NEWNET = 0x40000000

# Of the networks of this process, which may be there at the same time.
NUMBERS = itertools.count()


def ip(*arguments: str):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Network:
    """Gives each pod a namespace and an address in 10.77.0.0/16, and all of them the same names."""

    def __init__(self):
        self.prefix = f"ff{os.getpid()}-{next(NUMBERS)}"
        self.node = f"{self.prefix}-node"
        self.spaces: list[str] = []
        self.hosts = {"localhost": "127.0.0.1"}
        self.addresses: dict[str, str] = {}
        self._add(self.node)
        ip("-n", self.node, "link", "add", "br0", "type", "bridge")
        ip("-n", self.node, "addr", "add", "10.77.0.1/16", "dev", "br0")
        ip("-n", self.node, "link", "set", "br0", "up")

    def _add(self, space: str):
        ip("netns", "add", space)
        self.spaces.append(space)
        ip("-n", space, "link", "set", "lo", "up")

    def add(self, number: int) -> tuple[str, str]:
        """The namespace and the address of pod `number`, 2 to 65,000."""
        space, address = f"{self.prefix}-{number}", f"10.77.{number // 250}.{number % 250 + 2}"
        self._add(space)
        link = f"v{number}"
        ip("-n", self.node, "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("-n", self.node, "link", "set", link, "master", "br0", "up")
        ip("-n", space, "addr", "add", f"{address}/16", "dev", "eth0")
        ip("-n", space, "link", "set", "eth0", "up")
        self.addresses[space] = address
        return space, address

    def service_address(self, number: int) -> str:
        """One more address of the node's."""
        address = f"10.77.200.{number}"
        ip("-n", self.node, "addr", "add", f"{address}/16", "dev", "br0")
        return address

    def hosts_file(self) -> str:
        return "".join(f"{address} {name}\n" for name, address in self.hosts.items())

    def enter_node(self):
        """Moves this thread into the node's namespace, for good."""
        with open(f"/var/run/netns/{self.node}") as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def at_node(self, work):
        """Runs `work` in the node's namespace and answers what it answers."""
        result = []

        def run():
            try:
                self.enter_node()
                result.append((work(), None))
            except Exception as error:  # handed to the caller
                result.append((None, error))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        value, error = result[0]
        if error:
            raise error
        return value

    def close(self):
        for space in reversed(self.spaces):
            subprocess.run(["ip", "netns", "delete", space], check=False, capture_output=True)
