"""What is exported: that it is called by the rules, used, described, and moved by what it counts."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from processes import ALERTS, ROOT, Prometheus, until
from test_dashboards import DASHBOARDS

if TYPE_CHECKING:
    from conftest import Fleet

# In no dashboard and no alert, and why.
UNUSED = {
    "process_virtual_memory_bytes": "Prometheus' libraries export it everywhere; addresses taken are not memory used",
}

# Moved by the scenario: more than once would be a matter of timing.
MOVED = [
    'fanfare_auth_logins_total{outcome="ok"}',
    'fanfare_auth_logins_total{outcome="refused"}',
    'fanfare_auth_logins_total{outcome="limited"}',
    'fanfare_auth_refreshes_total{outcome="ok"}',
    'fanfare_auth_refreshes_total{outcome="refused"}',
    'fanfare_auth_tokens_total{occasion="login"}',
    'fanfare_auth_tokens_total{occasion="refresh"}',
    'fanfare_auth_tokens_total{occasion="minted"}',
    'fanfare_token_refusals_total{reason="malformed", job="auth"}',
    'fanfare_token_refusals_total{reason="malformed", job="gateway"}',
    'fanfare_http_requests_total{route="/v1/notifications", method="POST", status="2xx"}',
    'fanfare_http_requests_total{route="/v1/rooms/{id}/messages", method="POST", status="2xx"}',
    'fanfare_http_requests_total{route="/ws/notifications/", method="GET", status="1xx"}',
    'fanfare_http_requests_total{route="/v1/fleet/sessions", method="GET", status="2xx"}',
    'fanfare_http_requests_total{route="/v1/fleet/sessions", method="GET", status="5xx", pod="gateway-1"}',
    'fanfare_http_requests_total{status="4xx"}',
    'fanfare_http_request_seconds_count{route="/v1/notifications"}',
    'fanfare_notify_notifications_total{outcome="stored"}',
    'fanfare_notify_notifications_total{outcome="scheduled"}',
    'fanfare_notify_notifications_total{outcome="refused"}',
    "fanfare_notify_publications_total",
    "fanfare_notify_idempotent_replays_total",
    "fanfare_notify_append_seconds_count",
    "fanfare_notify_receipts_total",
    "fanfare_notify_session_reports_total",
    "fanfare_notify_acks_total",
    "fanfare_notify_rate_limited_total",
    'fanfare_chat_entries_total{kind="message"}',
    'fanfare_chat_entries_total{kind="edit"}',
    'fanfare_chat_entries_total{kind="deletion"}',
    'fanfare_chat_entries_total{kind="reaction"}',
    "fanfare_chat_mentions_total",
    "fanfare_chat_refusals_total",
    "fanfare_chat_append_seconds_count",
    "fanfare_chat_rate_limited_total",
    'fanfare_gateway_connections_opened_total{endpoint="/ws/notifications/"}',
    'fanfare_gateway_connections_opened_total{endpoint="/ws/chat/"}',
    'fanfare_gateway_connections_opened_total{endpoint="/ws/test/"}',
    'fanfare_gateway_connections_opened_total{endpoint="/ws/"}',
    'fanfare_gateway_connections_closed_total{code="4001"}',
    'fanfare_gateway_connections_closed_total{code="4010"}',
    'fanfare_gateway_connections_closed_total{code="4040", pod="gateway-2"}',
    'fanfare_gateway_connections_closed_total{code="1012"}',
    'fanfare_gateway_connections_closed_total{code="peer"}',
    'fanfare_gateway_connections_refused_total{code="4001"}',
    'fanfare_gateway_connections_refused_total{code="1013"}',
    'fanfare_gateway_connections{pod="gateway-2"}',
    "fanfare_gateway_connections_limit",
    "fanfare_gateway_handshake_seconds_count",
    "fanfare_gateway_channels",
    "fanfare_gateway_present",
    "fanfare_gateway_messages_total",
    "fanfare_gateway_deflates_total",
    "fanfare_gateway_writes_total",
    "fanfare_gateway_sent_bytes_total",
    "fanfare_gateway_queue_bytes",
    'fanfare_gateway_frames_sent_total{outcome="written"}',
    'fanfare_gateway_frames_sent_total{outcome="queued"}',
    'fanfare_gateway_frames_sent_total{outcome="too_slow"}',
    "fanfare_gateway_delivery_seconds_count",
    "fanfare_gateway_bus_seconds_count",
    'fanfare_gateway_resumes_total{outcome="recovered"}',
    'fanfare_gateway_resumes_total{outcome="reset"}',
    'fanfare_gateway_resets_total{reason="cursor_unknown"}',
    'fanfare_gateway_replayed_total{source="ring"}',
    'fanfare_gateway_replayed_total{source="log"}',
    "fanfare_gateway_replay_reads_total",
    'fanfare_gateway_repairs_total{cause="audit"}',
    "fanfare_gateway_tail_lagged_total",
    "fanfare_gateway_rate_limited_total",
    'fanfare_gateway_draining{pod="gateway-2"}',
    'fanfare_gateway_drain_sessions{pod="gateway-2"}',
    'fanfare_nats_connected{connection="live", pod="gateway-1"}',
    'fanfare_nats_reconnects_total{connection="live", pod="gateway-1"}',
    'fanfare_nats_reconnects_total{connection="ctl", pod="gateway-1"}',
    "fanfare_nats_round_trip_seconds_count",
    "fanfare_nats_append_seconds_count",
    "process_cpu_seconds_total",
]

# Not moved by the scenario, and why. That they are there, with their labels, is what is tested of them here.
UNMOVED = {
    "fanfare_chat_orphans_total": "of a worker that dies between two writes: the fault suite's to do",
    "fanfare_chat_unfinished_total": "the same",
    "fanfare_gateway_presence_gaps_total": "of a gateway that is cut off while others tell who is there: a matter of timing",
    "fanfare_nats_dropped_total": "of a connection whose queue runs over: minutes of load",
    "fanfare_notify_counts_dropped_total": "of more inboxes changing at once than are kept in mind: minutes of load",
    "fanfare_notify_trail_losses_total": "of a store that takes no reports for longer than they are tried: the fault suite's to do",
}


def described(fleet: Fleet) -> dict[str, tuple[str, list[str], str]]:
    """Give the type, the labels and the help of each metric, by its name."""
    found: dict[str, tuple[str, list[str], str]] = {}
    for service in (fleet.auth, fleet.notify, fleet.chat, fleet.gateway):
        text = service.metrics()
        for name, help_ in re.findall(r"^# HELP (\w+) (.*)$", text, re.MULTILINE):
            kind = re.search(rf"^# TYPE {name} (\w+)$", text, re.MULTILINE)
            series = re.search(rf"^{name}(?:_bucket)?(?:{{(.*?)}})? ", text, re.MULTILINE)
            assert kind and series, name
            labels = [label for label in re.findall(r'(\w+)="', series[1] or "") if label != "le"]
            found[name] = (kind[1], labels, help_)
    return found


def test_names_are_what_prometheus_wants(fleet: Fleet) -> None:
    for service in (fleet.auth, fleet.notify, fleet.chat, fleet.gateway):
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=service.metrics(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_is_used_or_there_is_a_reason(fleet: Fleet) -> None:
    text = "".join(path.read_text() for path in [*DASHBOARDS, ALERTS])
    words = re.findall(r"\b(?:fanfare|process)_\w+", text)
    used = {word.removesuffix("_bucket").removesuffix("_count") for word in words}
    exported = set(described(fleet))
    assert used <= exported, f"not exported: {sorted(used - exported)}"
    assert exported - used == set(UNUSED)


@pytest.mark.parametrize("series", MOVED)
def test_what_happens_is_counted(prometheus: Prometheus, series: str) -> None:
    until(series, lambda: prometheus.query(f"max_over_time({series}[10m]) > 0"), seconds=10)


def test_what_is_not_moved_has_a_reason(fleet: Fleet) -> None:
    moved = {re.sub(r"(_count)?(\{.*)?$", "", series) for series in MOVED}
    # What the system says of itself moves by itself.
    counted = {name for name in described(fleet) if not re.match("process_|fanfare_(process|host|build)_", name)}
    assert counted - moved == set(UNMOVED)


def test_what_has_gone_is_not_counted_any_more(prometheus: Prometheus) -> None:
    # One has stayed, and reads nothing.
    for gauge, count in (("connections", 1), ("channels", 0), ("queue_bytes", 0)):
        for pod, left in (("gateway-0", count), ("gateway-1", 0)):
            series = f'fanfare_gateway_{gauge}{{pod="{pod}"}} == {left}'
            until(series, lambda series=series: prometheus.query(series), seconds=15)


def test_the_guide_lists_them_all(fleet: Fleet) -> None:
    """To bring it up to date, put in what this prints."""
    rows = [
        f"| `{name}` | {kind} | {', '.join(labels)} | {help_.removesuffix('.')} |"
        for name, (kind, labels, help_) in sorted(described(fleet).items())
    ]
    guide = (ROOT / "docs/operate.md").read_text().splitlines()
    listed = [line for line in guide if re.match(r"\| `(fanfare|process)_", line)]
    assert listed == rows, "\n".join(rows)
