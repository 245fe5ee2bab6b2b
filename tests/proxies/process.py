"""A process of ours: started, listened to, ended by its id."""

import pathlib
import signal
import subprocess
import time
from collections.abc import Callable

# Until something that was asked for must have happened. A debug build on a busy machine is slow.
DEADLINE_SECONDS = 60


def until(happened: Callable[[], object], what: str, told: Callable[[], str] = str) -> None:
    """Returns once `happened` answers something true; `told` is for the failure."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"not in {DEADLINE_SECONDS} s: {what}\n{told()}"
        time.sleep(0.02)


class Process:
    """What it says goes to `log`."""

    def __init__(self, log: pathlib.Path, arguments: list, variables: dict[str, str] | None = None):
        self.log = log
        with open(log, "ab") as output:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=variables
            )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def is_running(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals):
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        try:
            return self._process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end: {self.said()[-3000:]}") from None

    def close(self):
        if self.is_running():
            self._process.kill()
            self._process.wait()
