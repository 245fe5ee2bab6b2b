"""The last test: without NATS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processes import until

if TYPE_CHECKING:
    from conftest import Fleet


def test_an_alert_fires_for_every_process_that_has_lost_nats(fleet: Fleet) -> None:
    assert not fleet.prometheus.query('ALERTS{alertname="FanfareNatsDisconnected"}')
    fleet.nats.kill()
    firing = 'ALERTS{alertname="FanfareNatsDisconnected", alertstate="firing"}'
    running = {service.name for service in fleet.services if service is not fleet.leaving}

    def fires() -> bool:
        return {series["metric"]["pod"] for series in fleet.prometheus.query(firing)} == running

    until("the alert", fires, seconds=90)
