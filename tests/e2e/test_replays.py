"""History of the deployed mall, brought to one service's read models by its own functions under their own roles."""

from typing import Any

from clients.mall import wait_for
from clients.scenarios.journey import shop
from infra.local.cloud import STAGE
from infra.operate.operator import operator
from tests.e2e.conftest import Deployed


def test_a_replay_brings_all_history_to_the_read_models_of_one_service(deployed: Deployed) -> None:
    shop(deployed.people, deployed.products[:1])
    with operator(deployed.cloud, STAGE) as mall:
        run = mall.post("/api/operations/replays", {"to": "search", "rate": 200})["id"]

        def done() -> dict[str, Any] | None:
            shown: dict[str, Any] = mall.get(f"/api/operations/replays/{run}")["replay"]
            assert shown["state"] in ("running", "done"), shown
            return shown if shown["state"] == "done" else None

        shown = wait_for(done, "the end of the replay", seconds=240)
    assert shown["failed"] == 0
    assert shown["messages"] > 4
    assert {one["service"] for one in shown["sources"]} == {"ordering", "stores"}


def test_a_rebuild_begins_in_the_service_and_can_be_given_up(deployed: Deployed) -> None:
    with operator(deployed.cloud, STAGE) as mall:
        run = mall.post("/api/operations/rebuilds", {"service": "search", "view": "orders"})["id"]

        def at(step: str) -> dict[str, Any] | None:
            shown: dict[str, Any] = mall.get(f"/api/operations/rebuilds/{run}")["rebuild"]
            return shown if shown["step"] == step else None

        begun = wait_for(lambda: at("fill"), "a further generation", seconds=150)
        assert begun["generation"] >= 1  # others may have been given up before
        assert begun["waitUntil"] > begun["created"]
        mall.put(f"/api/operations/runs/{run}/abort", {})
        wait_for(lambda: at("drop"), "the generation given up", seconds=150)
    assert deployed.mall.post("/api/search/orders", {})["orders"]
