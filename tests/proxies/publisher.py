"""Somebody who counts on a topic, with the shipped Python client, whatever happens to the proxy meanwhile."""

import threading

from fanfare import Client

# Some forty a second: what is published while something restarts is a few dozen.
PAUSE_SECONDS = 0.025


class Publisher:
    def __init__(self, url: str, key: str, topic: str):
        self._client = Client(url, key, errors="raise", retries=100, deadline_seconds=60)
        self._topic = topic
        self._ends = threading.Event()
        self._failure: Exception | None = None
        self.last = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            while not self._ends.wait(PAUSE_SECONDS):
                self._client.publish(self._topic, self.last + 1)
                self.last += 1
        except Exception as error:  # raised by end
            self._failure = error

    def end(self) -> int:
        """The last number, once it is published."""
        self._ends.set()
        self._thread.join()
        self._client.close()
        if self._failure:
            raise self._failure
        return self.last
