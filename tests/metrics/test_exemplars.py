"""Exemplars: a real Prometheus takes them from what our encoder writes."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from processes import Prometheus, until

if TYPE_CHECKING:
    from conftest import Fleet

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
SERIES = "fanfare_example_delivery_seconds_bucket"


@pytest.fixture
def scraped(tmp_path: Path) -> Iterator[Prometheus]:
    """Give a Prometheus that reads histograms with exemplars which were made up."""
    text = subprocess.run([os.environ["FANFARE_EXEMPLARS"]], capture_output=True, check=True, timeout=30).stdout

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", OPEN_METRICS)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    prometheus = Prometheus(tmp_path, {"example": {"example-0": f"127.0.0.1:{server.server_port}"}})
    yield prometheus
    prometheus.kill()
    server.shutdown()


def test_prometheus_has_the_trace_of_each_bucket(scraped: Prometheus) -> None:
    until("a scrape", lambda: scraped.query(SERIES))
    window = {"start": "0", "end": "9999999999"}
    found = scraped.get("query_exemplars", query=SERIES, **window)
    traces = {
        series["seriesLabels"]["le"]: [(own["labels"]["trace_id"], float(own["value"])) for own in series["exemplars"]]
        for series in found
    }
    assert traces == {"0.005": [("11" * 16, 0.003)], "0.5": [("22" * 16, 0.3)], "+Inf": [("33" * 16, 30.0)]}


def test_prometheus_asks_services_for_open_metrics(fleet: Fleet) -> None:
    text = fleet.gateway.metrics(OPEN_METRICS)
    assert text.endswith("# EOF\n")
    # Only there a bound is written like this, and Prometheus has stored it so.
    series = 'fanfare_gateway_delivery_seconds_bucket{le="1.0"}'
    assert series in text
    assert fleet.prometheus.query(series)
