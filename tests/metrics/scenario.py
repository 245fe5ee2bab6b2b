"""Everything that is measured, done once or more often."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from client import Client, Stalled, ask, call
from processes import ADMIN_PASSWORD, until

if TYPE_CHECKING:
    from conftest import Fleet

SCOPES = ["notifications:publish", "channels:publish", "rooms:manage", "tokens:mint", "admin"]
BIG = "x" * 16_000


def flood(url: str, token: str) -> None:
    """Ask until that is too often."""
    assert any(call("GET", url, token)[0] == 429 for _again in range(1_000))


class Scenario:
    """What happens to a fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        login = ask("POST", f"{fleet.auth.url}/v1/auth/login", body={"username": "admin", "password": ADMIN_PASSWORD})
        self.admin, self.refresh_token = login["access_token"], login["refresh_token"]
        body = {"name": "tests", "scopes": SCOPES}
        self.key = ask("POST", f"{fleet.auth.url}/v1/auth/api-keys", self.admin, body)["key"]

    def run(self) -> None:
        self.one_that_stays()
        self.logins()
        self.notifications()
        self.connections()
        self.administrators()
        self.a_reader_that_stops()
        self.resumes()
        self.a_gateway_that_hears_nothing()
        self.chat()
        self.a_drain()
        self.fleet.prometheus.has_read_twice()

    def token(self, user: str, **more: object) -> str:
        body = {"user": user, "channels": {"topic:*": "rw"}, **more}
        return ask("POST", f"{self.fleet.auth.url}/v1/auth/tokens", self.key, body)["access_token"]

    def notify(self, **notification: object) -> None:
        url = f"{self.fleet.notify.url}/v1/notifications"
        ask("POST", url, self.key, {"to": {"users": ["7"]}, **notification})

    def publish(self, channel: str, data: object) -> None:
        ask("POST", f"{self.fleet.notify.url}/v1/publish", self.key, {"channel": channel, "data": data})

    def one_that_stays(self) -> None:
        """Someone is always there."""
        self.stays = Client(self.fleet.gateway.url, self.token("6"), "/ws/test/")
        self.stays.until("welcome")

    def logins(self) -> None:
        url = self.fleet.auth.url
        for _again in range(30):
            status, _answer = call("POST", f"{url}/v1/auth/login", body={"username": "nobody", "password": "wrong"})
            if status == 429:
                break
        assert status == 429
        used = {"refresh_token": self.refresh_token}
        ask("POST", f"{url}/v1/auth/refresh", body=used)
        call("POST", f"{url}/v1/auth/refresh", body=used)
        call("POST", f"{url}/v1/auth/refresh", body={"refresh_token": "made up"})
        assert call("GET", f"{url}/v1/users", "made up")[0] == 401

    def notifications(self) -> None:
        client = Client(self.fleet.gateway.url, self.token("7"), "/ws/notifications/")
        client.until("subscribed", channel="user:7")
        for number in range(3):
            self.notify(title=str(number), content="again " * 100)
            frame = client.until("notification")
            client.send(type="ack", id=frame["data"]["id"])
            # So that a series which begins with its first event grows as well.
            self.fleet.prometheus.has_read_twice()
        url = f"{self.fleet.notify.url}/v1/notifications"
        for _again in range(2):
            ask("POST", url, self.key, {"to": {"users": ["7"]}, "title": "once"}, Idempotency_Key="one")
        in_an_hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        self.notify(title="later", deliver_at=in_an_hour)
        assert call("POST", url, self.key, {"to": {"users": ["7"]}, "title": BIG})[0] == 400
        self.publish("topic:news", {"a": 1})
        inbox = f"{self.fleet.notify.url}/v1/inbox"
        token = self.token("8")
        flood(inbox, token)
        client.close()

    def connections(self) -> None:
        gateway = self.fleet.gateway.url
        assert Client(gateway, "made-up").closed() == 4001
        quick = Client(gateway, self.token("9"), "/ws/test/")
        for _frame in range(60):
            quick.send(type="ping")
        quick.until("error", code="rate_limited")
        kicked = Client(gateway, self.token("10"))
        kicked.until("welcome")
        ask("POST", f"{self.fleet.auth.url}/v1/auth/revoke", self.admin, {"user": "10"})
        assert kicked.closed() == 4001
        # One more than this gateway takes.
        full = self.fleet.small.url
        first = Client(full, self.token("11"))
        first.until("welcome")
        assert Client(full, self.token("11")).closed() == 1013
        first.close()
        quick.close()

    def administrators(self) -> None:
        sessions = f"{self.fleet.gateway.url}/v1/fleet/sessions"
        client = Client(self.fleet.leaving.url, self.token("17"))
        session = client.until("welcome")["data"]["session"]
        listed = ask("GET", f"{sessions}?user=17", self.admin)
        assert [own["session"] for own in listed["items"]] == [session], listed
        ask("DELETE", f"{sessions}/{session}", self.admin)
        assert client.closed() == 4040

    def a_reader_that_stops(self) -> None:
        gateway = self.fleet.gateway
        stalled = Stalled(gateway.url, self.token("12"), "topic:busy")
        slow = 'fanfare_gateway_frames_sent_total{outcome="too_slow"} 0'

        def is_closed() -> bool:
            self.publish("topic:busy", BIG)
            return slow not in gateway.metrics()

        until("a reader that stops is closed", is_closed)
        stalled.close()

    def resumes(self) -> None:
        token = self.token("13")
        # Somebody else reads the channel, so this gateway has in memory what is missed.
        gateway = self.fleet.gateway.url
        stays = Client(gateway, self.token("14"))
        stays.subscribe("topic:resumed")
        client = Client(gateway, token)
        cursor = client.subscribe("topic:resumed")["cursor"]
        client.close()
        self.publish("topic:resumed", 1)
        stays.until("publication")
        client = Client(gateway, token)
        assert client.subscribe("topic:resumed", since=cursor)["data"]["recovered"]
        client.send(type="subscribe", channel="topic:other", since="made-up")
        client.until("reset")
        client.close()
        stays.close()
        # This one keeps nothing in memory.
        client = Client(self.fleet.small.url, token)
        assert client.subscribe("topic:resumed", since=cursor)["data"]["recovered"]
        client.until("publication")
        client.close()

    def a_gateway_that_hears_nothing(self) -> None:
        client = Client(self.fleet.small.url, self.token("15"))
        client.subscribe("topic:lost")
        self.fleet.proxy.cut()
        for number in range(3):
            self.publish("topic:lost", number)
        sessions = f"{self.fleet.small.url}/v1/fleet/sessions"
        until("it cannot ask the others", lambda: call("GET", sessions, self.admin)[0] == 503)
        self.fleet.proxy.mend()
        for number in range(3):
            assert client.until("publication")["data"] == number
        client.close()

    def chat(self) -> None:
        chat = f"{self.fleet.chat.url}/v1/rooms"
        alice, bob = self.token("alice"), self.token("bob")
        room = ask("POST", chat, alice, {"kind": "private", "name": "Lab"})["id"]
        ask("PUT", f"{chat}/{room}/members/bob", alice, {})
        ask("POST", f"{chat}/{room}/join", bob)
        client = Client(self.fleet.gateway.url, bob, "/ws/chat/")
        client.until("subscribed", channel=f"room:{room}")
        for _again in range(2):
            sent = ask("POST", f"{chat}/{room}/messages", alice, {"content": "hello @bob"})
            client.until("message")
            self.fleet.prometheus.has_read_twice()
        message = f"{chat}/{room}/messages/{sent['n']}"
        ask("PATCH", message, alice, {"content": "hello, @bob"})
        ask("PUT", f"{message}/reactions/ok", bob)
        assert call("PATCH", f"{chat}/{room}", bob, {"name": "His"})[0] == 403
        ask("DELETE", message, alice)
        client.subscribe(f"room:{room}", presence=True)
        flood(chat, bob)
        client.close()

    def a_drain(self) -> None:
        fleet = self.fleet
        clients = [Client(fleet.leaving.url, self.token("16")) for _client in range(3)]
        for client in clients:
            client.until("welcome")
        # It does not answer its close, so the gateway stays for some seconds after the others.
        stalled = Stalled(fleet.leaving.url, self.token("16"), "topic:drained")
        fleet.leaving.send(signal.SIGTERM)
        assert [client.closed() for client in clients] == [1012] * 3
        closed = 'fanfare_gateway_connections_closed_total{code="1012", pod="gateway-2"} >= 3'
        until("their ends are read", lambda: fleet.prometheus.query(closed), seconds=5)
        stalled.close()
        assert fleet.leaving.wait() == 0
