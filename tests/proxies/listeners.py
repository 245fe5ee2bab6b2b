"""Clients of the shipped TypeScript client, in one Node process, and what each of them was told."""

import json
import os
import pathlib

from process import Process, until

SCRIPT = pathlib.Path(__file__).with_name("listen.mjs")


class Listeners:
    """`count` of them, who read one topic through a proxy. Made once all of them do."""

    def __init__(self, log: pathlib.Path, url: str, token: str, topic: str, count: int):
        self.count = count
        variables = {"PATH": os.environ["PATH"], "FANFARE_TOKEN": token}
        self.process = Process(log, ["node", SCRIPT, url, topic, str(count)], variables)
        try:
            until(lambda: len(self.of_all("ready")) == count, "all listen", self.process.said)
        except BaseException:
            self.close()
            raise

    def of_all(self, what: str) -> list[dict]:
        """Everything of that kind, in the order in which it was told."""
        complete = self.process.said().rpartition("\n")[0].splitlines()
        return [told for told in map(json.loads, complete) if what in told]

    def states(self, client: int) -> list[dict]:
        return [told for told in self.of_all("state") if told["client"] == client]

    def nodes(self) -> list[str]:
        """The gateway that each was welcomed by last."""
        return [
            [told["node"] for told in self.states(client) if told["state"] == "open"][-1]
            for client in range(self.count)
        ]

    def publications(self, client: int) -> list:
        return [told["publication"] for told in self.of_all("publication") if told["client"] == client]

    def until_told(self, publication: object):
        """Returns once everybody was told it."""

        def is_told():
            assert self.process.is_running(), self.process.said()[-3000:]
            told = self.of_all("publication")
            return {one["client"] for one in told if one["publication"] == publication} == {*range(self.count)}

        until(is_told, f"everybody is told {publication}", lambda: self.process.said()[-3000:])

    def check(self, last: int):
        """Every number up to `last`, once and in order."""
        self.until_told(last)
        assert self.of_all("lost") == []
        for client in range(self.count):
            assert self.publications(client) == [*range(1, last + 1)], f"client {client}"

    def close(self):
        self.process.close()
