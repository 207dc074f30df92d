"""Healthy orders blame nothing, and one whose consumer is stopped does."""

import json

import pytest

from tests.simulation.healthy import HealthyMall, main


def test_healthy_orders_blame_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--orders", "5"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["orders"], last["blamed"]) == (5, 0)
    assert last["kinds"] >= 5


def test_an_order_that_waits_for_a_stopped_service_blames_it() -> None:
    mall = HealthyMall(1, 1)
    mall.cloud.scheduler.call_in(68, lambda: mall.cloud.stop("customers"))
    mall.cloud.scheduler.call_in(160, lambda: mall.cloud.start("customers"))
    assert any("customers/inbox" in one for one in mall.run().blamed)
