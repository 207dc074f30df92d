"""History of the deployed mall, brought to one service's read models by its own functions under their own roles."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from clients.mall import Mall, wait_for
from clients.scenarios.journey import shop
from functions.kernel.projections.generation import Pointer, pointers, split
from functions.kernel.projections.generations import PLACE
from functions.kernel.projections.view_store import DynamoViews, read_item
from functions.kernel.runtime.views import Row
from functions.operations.history_rows import HISTORY
from infra.local.synthesis import STAGE
from infra.operate.operator import operator
from tests.e2e.begun_anew import begin_anew
from tests.e2e.conftest import Deployed
from tests.e2e.shell import Shell
from tests.support.aws import items


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


def test_a_view_is_rebuilt_to_its_end_with_the_rows_of_before_and_read_from_then_on(
    deployed: Deployed, tmp_path: Path
) -> None:
    """Stores goes on in new containers, so that the six minutes in which an old one may not know are not waited for."""
    shell = Shell(deployed.cloud, tmp_path)
    store = deployed.mall.post("/api/stores", {"name": "Before", "location": "Level 1"})["id"]
    deployed.mall.put(f"/api/stores/{store}/rebrand", {"name": "Built anew"})
    wait_for(
        lambda: _rows(deployed, _live(deployed)).get(("stores", store), {}).get("name") == "Built anew" or None, "it"
    )
    before, was_live = _rows(deployed, _live(deployed)), _live(deployed)
    run = shell("rebuild stores catalogue --rate 500 --no-wait --yes")["id"]
    with operator(deployed.cloud, STAGE) as mall:
        begun = _at(mall, run, "fill")
        mall.put(f"/api/operations/runs/{run}/pause", {})
        begin_anew(deployed, "stores")
        _wait_no_more(deployed, run)
        mall.put(f"/api/operations/runs/{run}/resume", {})
        built = _at(mall, run, "built")
        shell(f"run switch {run} --yes")
        _at(mall, run, "drop")
    live = _live(deployed)
    assert was_live != live == begun["generation"]
    assert built["compared"]["different"] == 0
    after = _rows(deployed, live)
    assert {key: after.get(key) for key in before} == before
    begin_anew(deployed, "stores")  # ten seconds after the switch all containers read it
    assert deployed.mall.get(f"/api/stores/{store}")["store"]["name"] == "Built anew"
    assert store in {one["id"] for one in deployed.mall.pages("/api/stores", "stores")}


def _at(mall: Mall, run: str, step: str) -> dict[str, Any]:
    """A rebuild once it is at a step."""

    def shown() -> dict[str, Any] | None:
        found: dict[str, Any] = mall.get(f"/api/operations/rebuilds/{run}")["rebuild"]
        return found if found["step"] == step else None

    return wait_for(shown, f"the step {step}", seconds=200)


def _wait_no_more(deployed: Deployed, run: str) -> None:
    """Have a run, which is paused, go on at once when it is resumed."""
    rows = DynamoViews(deployed.client("dynamodb"), deployed.output("operations", "ViewsTable"))
    key = f"run {run}"
    progress = rows.get(key, HISTORY)
    assert progress
    version = progress["version_of_row"] + 1
    expires = int(time.time() + timedelta(days=1).total_seconds())
    changed = {**progress, "wait_until": "", "version_of_row": version}
    assert rows.put(Row(key, HISTORY, changed, expires=expires), version)


def _live(deployed: Deployed) -> int:
    """The generation of the catalogue that is read."""
    rows = DynamoViews(deployed.client("dynamodb"), deployed.output("stores", "ViewsTable"))
    return pointers(rows.get(*PLACE)).get("catalogue", Pointer()).live


def _rows(deployed: Deployed, generation: int) -> dict[tuple[str, str], Any]:
    """What the rows of a generation of the catalogue show, by their keys."""
    found = items(deployed.client("dynamodb"), deployed.output("stores", "ViewsTable"))
    keys = ((split(one["partition"]["S"]), one["sort"]["S"], one) for one in found)
    return {
        (name, sort): read_item(one)
        for (number, name), sort, one in keys
        if number == generation and name in ("stores", "products")
    }
