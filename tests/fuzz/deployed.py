"""Fuzz a deployed mall, by its address."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx

from clients.mall import Mall, MallError, wait_for
from clients.scenarios.robots import Fleet
from tests.fuzz.fuzzer import Bounds, Report, fuzz
from tests.fuzz.scene import Scene

SHORT = Bounds(seed=1, examples=5, chains=25)


def fuzz_deployed(address: str, bounds: Bounds) -> Report:
    """Prepare data, then fuzz all operations of the mall's own document; working robots stay online meanwhile."""
    with Mall(address) as mall, Fleet(mall, []) as fleet:

        def ask(method: str, path: str, body: Mapping[str, Any]) -> Any:
            return mall.call(method, path, dict(body) if method != "GET" else None)

        def wait(condition: Callable[[], bool], what: str) -> None:
            wait_for(lambda: condition() or None, what)

        _take_all_robots_offline(mall)
        scene = Scene(ask, wait, fleet.bring_online).furnish()
        document = httpx.get(f"{address}/api/openapi.json").raise_for_status().json()
        report = fuzz(document, scene.things, bounds, address=address)
        _cancel_open_lists(mall)
        return report


def _take_all_robots_offline(mall: Mall) -> None:
    """Take robots of earlier tests offline: without heartbeats their leases would end while they have our lists."""
    for robot in mall.pages("/api/depot/bots", "bots"):
        if robot["status"] != "offline":
            mall.put(f"/api/depot/bots/{robot['id']}/offline")


def _cancel_open_lists(mall: Mall) -> None:
    """Cancel the lists that no robot will collect: the depot's timers for them would stay in its queue."""
    for status in ("available", "assigned", "active"):
        for waiting in mall.pages(f"/api/depot/shopping?status={status}", "lists"):
            with suppress(MallError):  # the read model of lists may lag
                mall.post(f"/api/depot/shopping/{waiting['id']}")
